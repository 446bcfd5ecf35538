"""Samples of production messages on this machine: `.ratchet/harvest/NAME/`, one folder a harvest.

`sample.csv` is what people label; `strata.json` says how many messages each of its strata stands for, and which
models answered them; `labelled.csv` is what `ratchet ingest` takes.
"""

from __future__ import annotations

import csv
import json
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from ratchet.adapters.corpus import data_folder
from ratchet.adapters.readers import tables
from ratchet.adapters.readers.reading import Columns, Notes
from ratchet.adapters.readers.texts import read_text
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import read_record, replacing, write_json
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.sampling import SOURCE, Estimate, estimate
from ratchet.domain.record import Record

SAMPLE, STRATA, LABELLED = "sample.csv", "strata.json", "labelled.csv"
BESIDE = ("guess", "candidate", "suggestions", "confidence", "stratum", "drawn", "known")
"""Columns of a sample besides the corpus' own. `known`: the corpus had the label already."""
NEAREST = "nearest"
"""A further column, where a sentence encoder is used."""
RATED = "rated"
"""A further column: what the user thought of the answer, up or down."""
Say = Callable[[str], None]


def ignored(text: str) -> None:
    """Say nothing: what was guessed is told once, by the command that reads the file first."""


@dataclass(frozen=True)
class Strata(Record):
    """What a sample stands for; see `Estimate` for `versions` and `holdout_accuracy`."""

    name: str
    sizes: tuple[int, ...]
    versions: tuple[str, ...]
    holdout_accuracy: float | None


def folder(settings: Settings) -> Path:
    """The folder of the harvests."""
    return settings.state / "harvest"


def name_of(now: datetime) -> str:
    """Name a harvest by its week; one of the same week takes its place."""
    year, week, _ = now.isocalendar()
    return f"{year}-W{week:02}"


def began(settings: Settings, now: datetime) -> float:
    """Return the time from which on messages are harvested, in seconds since 1970."""
    return (now.astimezone(UTC) - timedelta(days=settings.params.harvest.days)).timestamp()


def table(
    settings: Settings, drawn: pd.DataFrame, candidate: Sequence[str], nearest: Sequence[str] = ()
) -> pd.DataFrame:
    """Return a sample as it is written: context in columns, the labels that the corpus has already filled in.

    `candidate` is what the newest model says where it is not the champion, "" where both agree; `nearest` the nearest
    training messages, none without a sentence encoder.
    """
    policy = settings.params.corpus
    contexts = [json.loads(text) for text in drawn["context"]]
    frame = pd.DataFrame({"text": drawn["text"]})
    for field in policy.context:
        frame[field] = [context.get(field, "") for context in contexts]
    frame.insert(1, "intent", known_labels(settings, frame.assign(form=drawn["form"])))
    return frame.assign(
        source=SOURCE,
        guess=drawn["guess"].to_list(),
        candidate=list(candidate) or "",
        suggestions=["|".join(names) for names in drawn["suggestions"]],
        confidence=[f"{value:.4f}" for value in drawn["confidence"]],
        stratum=drawn["stratum"].to_list(),
        drawn=drawn["drawn"].to_list(),
        known=["yes" if intent else "" for intent in frame["intent"]],
        **({RATED: drawn[RATED].to_list()} if RATED in drawn else {}),
        **({NEAREST: list(nearest)} if nearest else {}),
    )


def known_labels(settings: Settings, messages: pd.DataFrame) -> list[str]:
    """Return the label that the corpus has for each message with just this context, "" for a new one."""
    from ratchet.domain.corpus import ledger
    from ratchet.domain.corpus.corpus import normalised

    context = list(settings.params.corpus.context)
    corpus = data_folder.messages_in_place(settings.workspace, settings.params.corpus)
    form = ledger.form_of(data_folder.ledger_in_place(settings.workspace, settings.params.split))
    corpus = corpus.assign(form=normalised(corpus["text"], form)).drop_duplicates(["form", *context])
    merged = messages.assign(form=normalised(messages["text"], form)).merge(
        corpus[["form", *context, "intent"]], how="left", on=["form", *context]
    )
    return [str(intent) for intent in merged["intent"].fillna("")]


def write(settings: Settings, sample: pd.DataFrame, strata: Strata) -> Path:
    """Write a sample and return its file; raises `RatchetError` when this week's has labels already."""
    path = folder(settings) / strata.name / SAMPLE
    if path.exists() and (done := labelled_by_people(read(path))):
        raise RatchetError(
            f"{path} has {done} labels already.",
            f"Finish it with `ratchet label {shlex.quote(str(path))}`, or move it away.",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, sample)
    write_json(path.with_name(STRATA), strata.as_dict())
    return path


def save(path: Path, sample: pd.DataFrame) -> None:
    """Write a sample whole or not at all; it is on the disk when this returns."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        sample.to_csv(file, index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
        file.flush()
        os.fsync(file.fileno())


def read(path: Path, say: Say = ignored) -> pd.DataFrame:
    """Read a sample, also as a spreadsheet program saves it: with another delimiter, in another encoding.

    `say` is told what was guessed. Raises `RatchetError` for another file.
    """
    notes = Notes(path.name)
    try:
        grid = tables.csv_grid(path, read_text(path, notes), Columns(), notes)
        filled = [cells for _, cells in grid if any(cells)]
    except OSError as error:
        raise RatchetError(
            f"{path} cannot be read: {error.strerror}.", "Name a file that `ratchet harvest` wrote."
        ) from error
    head, *rows = filled or [[]]
    if uneven := next((cells for cells in rows if len(cells) != len(head)), None):
        raise RatchetError(
            f"{path} has {len(head)} columns, but {len(uneven)} cells in the row of {uneven[0]!r}.",
            "Put quotes around cells that hold the delimiter, and write a quote inside them twice.",
        )
    for one in notes.account:
        say(one.sentence)
    sample = pd.DataFrame(rows, columns=pd.Index(head, dtype="str"), dtype="str")
    missing = [column for column in ("text", "intent", *BESIDE) if column not in sample.columns]
    if missing:
        raise RatchetError(
            f"{path} has no column {', '.join(missing)}.", "Name a file that `ratchet harvest` wrote."
        )
    try:
        return sample.astype({"stratum": int, "drawn": int})
    except (ValueError, OverflowError) as error:
        raise RatchetError(
            f"{path} has something else than whole numbers under stratum or drawn.",
            "Restore these columns: they say how the rows were drawn.",
        ) from error


def labelled_by_people(sample: pd.DataFrame) -> int:
    """Count the rows that someone has labelled."""
    return int(((sample["intent"] != "") & (sample["known"] == "")).sum())


def write_labelled(path: Path, policy: CorpusPolicy) -> Path:
    """Write the rows of a sample that people have labelled, as the corpus takes them; returns their file."""
    sample = read(path)
    missing = [column for column in policy.columns if column not in sample.columns]
    if missing:
        raise RatchetError(f"{path} has no column {', '.join(missing)}.", "Restore it; it may be empty.")
    rows = sample[(sample["intent"] != "") & (sample["known"] == "")]
    out = path.with_name(LABELLED)
    save(out, rows[policy.columns])
    return out


def estimate_of(path: Path) -> Estimate | None:
    """Estimate the accuracy on real traffic from a sample's labels; None while there are too few."""
    known = read_record(path.with_name(STRATA), Strata.from_dict, "Draw a new sample with `ratchet harvest`.")
    if known is None:
        return None
    found = estimate(known.sizes, read(path), known.name)
    return found and replace(found, versions=known.versions, holdout_accuracy=known.holdout_accuracy)


def estimates(settings: Settings) -> list[Estimate]:
    """Return the estimates of all harvests, oldest first."""
    found = [estimate_of(path) for path in sorted(folder(settings).glob(f"*/{SAMPLE}"))]
    return [one for one in found if one is not None]


def rows_for(messages: Mapping[str, Sequence[str]], contexts: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """Return messages as the bot's tools take them: `key`, `text`, `intent` and the context in columns."""
    frame = pd.DataFrame([dict(context) for context in contexts], dtype="str").fillna("")
    frame.insert(0, "text", list(messages["text"]))
    return frame.assign(key=[str(number) for number in range(len(frame))], intent="")
