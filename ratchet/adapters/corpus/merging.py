"""A merge of two data revisions, from their files to a new revision in cache and remote."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from ratchet.adapters.corpus import data_folder, data_revisions, dvc, forgotten
from ratchet.adapters.readers import nlu_extras
from ratchet.adapters.readers.reading import EXTRAS
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import replacing, write_text
from ratchet.adapters.system.threads import in_threads
from ratchet.domain.corpus import extras
from ratchet.domain.corpus.merge import MergedCorpora, Version, merge
from ratchet.domain.corpus.neighbours import Work
from ratchet.domain.corpus.questions import NONE, Answers, Choice, Question
from ratchet.domain.errors import RatchetError
from ratchet.domain.wording import count

KINDS = {f"{kind}.yml": kind for kind in EXTRAS}
ASKED = ("id", "question", "text", "context", "base", "ours", "theirs", "answer")
AGAIN = "ratchet forget --again"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Revisions:
    """The data revisions of a merge: what both continue, what is here, what comes; "" for none."""

    base: str
    ours: str
    theirs: str


def read(settings: Settings, revision: str) -> tuple[Version, Path]:
    """Return a data revision's corpus, whatever context fields it has, and its folder; nothing of it may be missing."""
    folder = data_revisions.stored(settings, revision)
    return Version(messages(folder), data_folder.read_ledger(folder, settings.params.split)), folder


def messages(folder: Path) -> pd.DataFrame:
    """Read the messages of a data folder with the columns that it has; `params.yaml` may be of another commit."""
    frame = data_folder.read_csv(folder / data_folder.UTTERANCES)
    return frame if "source" in frame else frame.assign(source="")


def combine(
    settings: Settings, found: Revisions, answers: Answers, say: Say
) -> tuple[MergedCorpora, list[str]]:
    """Merge and write the result to the staging folder where no question is left.

    Returns the merge and notes on what could not be done. Raises `dvc.NotInRemote` where one of the two sides is lost;
    without the ancestor both sides' messages come in, and that is noted.
    """
    notes: list[str] = []
    (ours, here), (theirs, there) = read(settings, found.ours), read(settings, found.theirs)
    ours, theirs = without_forgotten(settings, (ours, theirs), notes)
    base, before = None, None
    if found.base:
        try:
            base, before = read(settings, found.base)
        except dvc.NotInRemote:
            notes.append(
                f"The data revision that both continue, {found.base[:12]}, is lost: messages that one side removed"
                " come back."
            )
    say(f"merging {len(ours.frame):,} messages with {len(theirs.frame):,}")
    done = merge(base, ours, theirs, settings.params.split, answers, Work(spread=in_threads))
    if not done.questions:
        write(settings, done, (before, here, there), answers.rest, notes)
    return done, notes


def lay_on_top(
    settings: Settings, before: str, wanted: str, answers: Answers, say: Say
) -> tuple[MergedCorpora, list[str]]:
    """Merge the rows that were edited in `data/`, made from one revision, with another; writes to a folder beside."""
    notes: list[str] = []
    data = settings.workspace / dvc.FOLDER
    (base, old), (theirs, there) = read(settings, before), read(settings, wanted)
    ours = Version(messages(data), data_folder.read_ledger(data, settings.params.split))
    ours, theirs = without_forgotten(settings, (ours, theirs), notes)
    say(f"merging the edited rows of data/ with {len(theirs.frame):,} messages")
    done = merge(base, ours, theirs, settings.params.split, answers, Work(spread=in_threads))
    if not done.questions:
        write(settings, done, (old, data, there), answers.rest, notes)
    return done, notes


def without_forgotten(
    settings: Settings, sides: tuple[Version, Version], notes: list[str]
) -> tuple[Version, Version]:
    """Return both sides without what a person asked to be forgotten; what one of them still had is noted.

    One side may have continued from a revision that had the words, and would bring them back.
    """
    words, salt = forgotten.words(settings.workspace), settings.params.split.salt
    gone = [words.among(one.frame, salt) for one in sides]
    if number := sum(int(rows.sum()) for rows in gone):
        notes.append(
            f"{count(number, 'message')} left out whose words were forgotten; older revisions still have them until"
            f" `{AGAIN}`."
        )
    ours, theirs = (replace(one, frame=one.frame[~rows]) for one, rows in zip(sides, gone, strict=True))
    return ours, theirs


def write(
    settings: Settings,
    done: MergedCorpora,
    folders: tuple[Path | None, Path, Path],
    rest: Choice | None,
    notes: list[str],
) -> None:
    """Write a merged corpus to the staging folder, with the files beside the messages."""
    staged = data_folder.staging(settings.workspace)
    shutil.rmtree(staged.parent, ignore_errors=True)
    data_folder.write(staged, done.frame, done.ledger, settings.params.split)
    merge_extras(staged / data_folder.EXTRAS, folders, rest, notes)


def merge_extras(
    target: Path, folders: tuple[Path | None, Path, Path], rest: Choice | None, notes: list[str]
) -> None:
    """Merge synonyms, lookup tables and patterns by name and example, other files as a whole; conflicts are noted."""
    beside = [folder / data_folder.EXTRAS if folder else None for folder in folders]
    names = sorted(
        {
            path.relative_to(folder).as_posix()
            for folder in beside
            if folder and folder.is_dir()
            for path in folder.rglob("*")
            if path.is_file()
        }
    )
    for name in names:
        files = [folder / name if folder and (folder / name).is_file() else None for folder in beside]
        content, clear = extras.merge_file(*(file.read_bytes() if file else None for file in files))
        kind = KINDS.get(name)
        if not clear and kind:
            known = [nlu_extras.read_extras(file).get(kind, {}) if file else {} for file in files]
            target.mkdir(parents=True, exist_ok=True)
            nlu_extras.write_extras(target / name, kind, extras.merge_names(*known))
            continue
        if not clear:
            file = files[2] if rest is Choice.THEIRS else files[1]
            content = file.read_bytes() if file else None
            whose = "theirs" if rest is Choice.THEIRS else "ours"
            notes.append(
                f"data/extras/{name} was changed by both sides: {whose} was kept, see `ratchet data diff`."
            )
        if content is not None:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(content)


def store(settings: Settings) -> dvc.Pointer:
    """Put the staged corpus into cache and remote; returns the pointer to it."""
    pointer = dvc.add(settings.workspace, data_folder.staging(settings.workspace))
    dvc.push(settings.workspace, pointer.revision)
    return pointer


def questions_file(settings: Settings) -> Path:
    """The file in which questions are asked and answered."""
    return settings.state / "merge" / "questions.csv"


def ask(settings: Settings, asked: tuple[Question, ...]) -> Path:
    """Write the questions to a file, with an empty column for the answers; returns it."""
    path = questions_file(settings)
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(ASKED)
        for one in asked:
            context = ", ".join(value for value in one.context if value)
            table.writerow((one.id, one.kind, one.text, context, one.base, one.ours, one.theirs, ""))
    return path


def read_answers(path: Path, rest: Choice | None) -> Answers:
    """Read the answers of a file; raises `RatchetError` when it is not such a file."""
    try:
        found = pd.read_csv(path, dtype="str", keep_default_na=False, na_filter=False)
        each = {row["id"]: row["answer"].strip() for row in found.to_dict("records") if row["answer"].strip()}
    except (OSError, KeyError, ValueError) as error:
        raise RatchetError(
            f"{path} cannot be read as answers: {error}.",
            "Run `ratchet data merge` without --answers: it writes the questions again.",
        ) from error
    return Answers(each, rest)


def keep_skipped(settings: Settings, skipped: pd.DataFrame, name: str) -> Path | None:
    """Write the rows that an answer left out to a file, so that they can be taken in later; None without any."""
    if skipped.empty:
        return None
    path = settings.state / "merge" / f"left-out-{name[:12]}.csv"
    with replacing(path) as temporary:
        skipped.to_csv(temporary, index=False, lineterminator="\n")
    return path


def drive(settings: Settings, ancestor: Path, ours: Path, theirs: Path) -> list[str]:
    """Merge the revisions that three pointer files name, and write the pointer to the result over `ours`.

    `data/` follows at the next command. Raises `RatchetError` where there is a question, or a side cannot be fetched:
    Git then reports a conflict.
    """
    found = Revisions(revision_in(ancestor), revision_in(ours), revision_in(theirs))
    if not found.ours or not found.theirs:
        raise RatchetError("One side has no data.", "Run `ratchet data merge`.")
    done, notes = combine(settings, found, NONE, lambda text: None)
    if done.questions:
        raise RatchetError(
            f"{len(done.questions)} messages were changed differently by both sides.",
            "Run `ratchet data merge`: it lists them.",
        )
    pointer = store(settings)
    write_text(ours, dvc.pointer_text(pointer))
    return [done.account.headline(), *done.account.lines(), *notes]


def revision_in(path: Path) -> str:
    """Return the data revision that a pointer file names, "" for an empty file or one with Git's conflict marks."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    try:
        return dvc.parse_pointer(text).revision if text.strip() else ""
    except RatchetError:
        return ""
