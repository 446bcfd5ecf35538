"""The data folder: reading it, writing the next one beside it, and putting that in its place.

The swap is a transaction around one atomic step, the replacement of `data.dvc`. A journal is written before
it; the next command after a crash completes the swap if `data.dvc` is the new one, and drops the new folder if
not.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ratchet.adapters.corpus import dvc, dvc_config, forgotten, made_from
from ratchet.adapters.readers import nlu_extras
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import read_json, refuse_pointers, write_json
from ratchet.domain.corpus import corpus, intake, ledger
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.corpus.ledger import SplitPolicy
from ratchet.domain.errors import RatchetError

UTTERANCES, LEDGER, SEAL, EXTRAS = "utterances.csv", "ledger.csv", "ledger.seal", "extras"
WAY_BACK = f"Go back to the last whole one: `{dvc.RESET}`. What is in data/ now is kept aside."


@dataclass(frozen=True)
class Store:
    """The corpus that new rows come into.

    `frame` holds the rows of `data/` that the last data revision has too, `edited` those that were written
    into `data/utterances.csv` by hand since; both have the corpus columns and `place`. `removed` counts the
    rows of the last revision that are gone. `revision` is that of `data.dvc`, "" before the first ingest;
    `differs` tells whether anything in `data/` is not as it says, extras included.
    """

    frame: pd.DataFrame
    edited: pd.DataFrame
    removed: int
    ledger: pd.DataFrame
    revision: str
    differs: bool = False


def open_store(workspace: Path, state: Path, policy: CorpusPolicy, split: SplitPolicy) -> Store:
    """Read the corpus of the working tree, with what was changed in it by hand.

    Raises `RatchetError` when its ledger is lost, was edited, or does not continue that of `data.dvc`.
    """
    recover(workspace)
    data, now = workspace / dvc.FOLDER, corpus.empty(policy)
    if not (workspace / dvc.POINTER).exists():
        if dvc.tracked(workspace):
            raise RatchetError("data.dvc was deleted, but Git knows it.", f"Restore it: `{dvc.RESET}`.")
        if (data / UTTERANCES).is_file():
            now = read_messages(data, policy)
        return Store(placed(corpus.empty(policy)), placed(now), 0, ledger.empty(), "")
    revision = dvc.revision(workspace)
    if not data.exists():
        dvc.pull(workspace, revision)
        dvc.materialise(workspace, revision, data)
    now, sides = placed(read_messages(data, policy)), read_ledger(data, split)
    if dvc.describe(workspace, data).revision in (revision, forgotten.now(workspace, revision)):
        return Store(now, now.head(0), 0, sides, revision)
    base = dvc.checkout(workspace, revision, state / "data")
    if not read_ledger(base, split).equals(sides):
        raise RatchetError("data/ledger.csv is not the ledger of data.dvc.", WAY_BACK)
    before = read_messages(base, policy)
    kept = intake.in_frame(now, before, policy.columns)
    gone = ~intake.in_frame(before, now, policy.columns)
    return Store(now[kept].reset_index(drop=True), now[~kept], int(gone.sum()), sides, revision, True)


def stored_messages(settings: Settings, store: Store) -> pd.DataFrame:
    """Return the messages of the data revision that `data.dvc` names; none before the first ingest."""
    if not store.revision:
        return corpus.empty(settings.params.corpus)
    folder = dvc.checkout(settings.workspace, store.revision, settings.state / "data")
    return read_messages(folder, settings.params.corpus)


def utterances(workspace: Path) -> Path:
    """The file with the messages of `data/`, which may be absent."""
    return workspace / dvc.FOLDER / UTTERANCES


def messages_in_place(workspace: Path, policy: CorpusPolicy) -> pd.DataFrame:
    """Return the messages of `data/` as they are now, with `place`; none where there is no corpus yet."""
    file = utterances(workspace)
    return placed(read_messages(file.parent, policy) if file.is_file() else corpus.empty(policy))


def ledger_in_place(workspace: Path, split: SplitPolicy) -> pd.DataFrame:
    """Return the ledger of `data/` as it is now; an empty one where there is no corpus yet."""
    data = workspace / dvc.FOLDER
    return read_ledger(data, split) if (data / LEDGER).is_file() else ledger.empty()


def placed(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the column `place`: the row's line in the file."""
    return frame.assign(place=[f"{UTTERANCES}:{line}" for line in range(2, len(frame) + 2)])


def read_messages(folder: Path, policy: CorpusPolicy) -> pd.DataFrame:
    """Read the messages of a data folder; a context column that it does not have yet is unknown
    throughout.
    """
    path = folder / UTTERANCES
    if not path.is_file():
        raise RatchetError(f"{path} is missing.", WAY_BACK)
    frame = read_csv(path)
    strange = [column for column in frame.columns if column not in policy.columns]
    if strange or not {"text", "intent"} <= set(frame.columns):
        found = ", ".join(name[:40] for name in frame.columns[:20])
        raise RatchetError(
            f"{path} has the columns {found}, not {', '.join(policy.columns)}.",
            "Name its context columns under corpus.context in params.yaml.",
        )
    return frame.reindex(columns=policy.columns, fill_value="")


def read_ledger(folder: Path, policy: SplitPolicy) -> pd.DataFrame:
    """Read the ledger of a data folder; raises `RatchetError` when it is lost or was edited by hand."""
    path, seal = folder / LEDGER, folder / SEAL
    if not path.is_file() or not seal.is_file():
        raise RatchetError(
            f"{path if seal.is_file() else seal} is missing: which messages are held out is lost.", WAY_BACK
        )
    sealed = seal.read_text(encoding="utf-8", errors="replace").strip()
    form = ledger.form_of_seal(sealed)
    if form is not None and form > corpus.NEWEST_FORM:
        raise RatchetError(
            f"{path} was made by a newer Ratchet: normal form {form}, where this one knows {corpus.NEWEST_FORM}.",
            "Update Ratchet to the version that made it.",
        )
    if form is None or sealed != ledger.seal(path.read_bytes(), policy, form):
        raise RatchetError(
            f"{path} was edited by hand, or split.salt in params.yaml was changed: its seal does not fit.",
            f"Restore split.salt with Git. {WAY_BACK}",
        )
    book = read_csv(path)
    if missing := [column for column in ledger.COLUMNS if column not in book]:
        raise RatchetError(f"{path} has no column {', '.join(missing)}.", WAY_BACK)
    return ledger.complete(book.assign(**{ledger.FORM: form}))


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV of strings."""
    refuse_pointers([path], path.parent.parent)
    try:
        return pd.read_csv(path, dtype="str", keep_default_na=False, na_filter=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise RatchetError(f"{path} cannot be read: {error}.", WAY_BACK) from error


def write(folder: Path, messages: pd.DataFrame, sides: pd.DataFrame, policy: SplitPolicy) -> None:
    """Write messages, ledger and seal; the same content gives the same bytes.

    The ledger keeps its normal form, and has the columns of the moves from the first move on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    book = ledger.complete(sides)
    moves = ledger.MOVES if (book["moved"] != "").any() else []
    for name, frame in ((UTTERANCES, messages), (LEDGER, book[[*ledger.COLUMNS, *moves]])):
        frame.to_csv(folder / name, index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    seal = ledger.seal((folder / LEDGER).read_bytes(), policy, ledger.form_of(book))
    (folder / SEAL).write_text(seal + "\n", encoding="utf-8")


def write_extras(folder: Path, old: Path, extras: Mapping[str, Mapping[str, list[str]]]) -> None:
    """Copy the old extras to a new data folder and add names and examples that they do not have yet."""
    target = folder / EXTRAS
    if old.is_dir():
        shutil.copytree(old, target)
    for kind, named in extras.items():
        path = target / f"{kind}.yml"
        known = nlu_extras.read_extras(path).get(kind, {}) if path.is_file() else {}
        merged = {
            name: list(dict.fromkeys([*known.get(name, []), *named.get(name, [])]))
            for name in {**known, **named}
        }
        nlu_extras.write_extras(path, kind, merged)


def staging(workspace: Path) -> Path:
    """The folder beside `data/` in which the next one is written."""
    return workspace / ".ratchet" / "ingest" / "data"


def journal(workspace: Path) -> Path:
    """The file that exists while a swap is under way."""
    return workspace / ".ratchet" / "ingest" / "journal.json"


def swap(workspace: Path, pointer: dvc.Pointer) -> None:
    """Put the staged folder, whose revision the remote holds, in the place of `data/`."""
    write_json(journal(workspace), {"revision": pointer.revision})
    dvc_config.ignore(workspace)
    dvc.write_pointer(workspace, pointer)
    recover(workspace)


def recover(workspace: Path) -> str | None:
    """Complete or undo a swap that was interrupted; returns what was done, None when there was nothing.

    To be called under the lock of ingest.
    """
    entry, staged, data = journal(workspace), staging(workspace), workspace / dvc.FOLDER
    done = None
    if begun := read_json(entry):
        noted = begun if isinstance(begun, dict) else {}
        revision = str(noted.get("revision") or "")
        if noted.get("carried"):
            place(workspace, revision, staged, data)
            done = "put the edited rows on top of the new messages"
        elif revision and named(workspace) == revision:
            install(workspace, revision, staged, data)
            done = "completed the interrupted swap of data/"
        else:
            done = "dropped an interrupted swap of data/"
    elif staged.exists():
        done = "dropped what an interrupted ingest had written"
    shutil.rmtree(staged.parent, ignore_errors=True)
    return done


def named(workspace: Path) -> str:
    """Return the revision that `data.dvc` names; "" where it is not there, damaged, or in conflict."""
    try:
        return dvc.revision(workspace) if (workspace / dvc.POINTER).exists() else ""
    except RatchetError:
        return ""


def install(workspace: Path, revision: str, staged: Path, data: Path) -> None:
    """Make `data/` hold a revision, from the staged folder if that is whole, else from the cache."""
    made_from.note(workspace, revision)
    if data.is_dir() and dvc.describe(workspace, data).revision == revision:
        return
    old = staged.with_name("old")
    if data.exists():
        shutil.rmtree(old, ignore_errors=True)
        move(data, old)
    if staged.is_dir() and dvc.describe(workspace, staged).revision == revision:
        move(staged, data)
    else:
        dvc.pull(workspace, revision)
        dvc.materialise(workspace, revision, data)


def carry(workspace: Path, revision: str) -> None:
    """Put the staged folder, with rows edited by hand on top of a revision, in the place of `data/`."""
    write_json(journal(workspace), {"revision": revision, "carried": True})
    recover(workspace)


def place(workspace: Path, revision: str, staged: Path, data: Path) -> None:
    """Put an edited folder in place of `data/`: the old content is removed only after that."""
    if staged.is_dir():
        old = staged.with_name("old")
        if data.exists():
            shutil.rmtree(old, ignore_errors=True)
            move(data, old)
        move(staged, data)
    made_from.note(workspace, revision)


def move(folder: Path, target: Path) -> None:
    """Move a folder: a rename, or a copy if `.ratchet/` is on another disk than the workspace."""
    shutil.move(folder, target)


def sample_texts(folder: Path, count: int) -> list[str]:
    """Return a fixed sample of a data folder's texts."""
    texts = read_csv(folder / UTTERANCES)["text"].map(corpus.plain)
    return list(texts.sample(min(count, len(texts)), random_state=1))
