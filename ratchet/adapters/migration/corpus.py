"""The messages of a project as the first corpus of a workspace; the faulty ones in a file of their own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from ratchet.adapters.corpus import data_folder, dvc
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.threads import in_threads
from ratchet.domain.corpus import corpus, intake, ledger, validation
from ratchet.domain.corpus.intake import Taken
from ratchet.domain.corpus.neighbours import Work
from ratchet.domain.corpus.policies import ValidationPolicy
from ratchet.domain.migration.table import Kind, Row
from ratchet.domain.wording import count

FAULTY = "faulty.csv"
INGEST = f"Correct the rows in {FAULTY}, then run `ratchet ingest {FAULTY} --commit`."


@dataclass(frozen=True)
class Corpus:
    """What came in: `taken` with its report, `faulty` rows with a `reason`, and the limits that the data needs."""

    taken: Taken
    faulty: pd.DataFrame
    validation: ValidationPolicy


def frame_of(messages: Sequence[dict[str, Any]], settings: Settings) -> pd.DataFrame:
    """Return the rows with the corpus columns and `place`; metadata fills the context fields of the same name."""
    policy = settings.params.corpus
    rows = [
        {
            "text": row["text"],
            "intent": row["intent"],
            "source": Path(row["place"].rpartition(":")[0] or "import").stem,
            "place": row["place"] or "?",
            **{field: row["metadata"].get(field, "") for field in policy.context},
        }
        for row in messages
    ]
    return pd.DataFrame(rows, columns=[*policy.columns, "place"], dtype="str")


def prepare(settings: Settings, messages: Sequence[dict[str, Any]]) -> Corpus:
    """Return the clean rows, the faulty ones with their reasons, and limits that the clean ones meet."""
    params, work = settings.params, Work(spread=in_threads)
    rows = frame_of(messages, settings)
    lenient = params.validation.model_copy(update={"minimum_examples": 1})
    nothing = corpus.empty(params.corpus).assign(place=pd.Series(dtype="str"))
    policies = (params.corpus, params.split, lenient)
    whole = intake.take(nothing, rows, ledger.empty(), policies, work=work)
    taken = intake.take(nothing, rows, ledger.empty(), policies, drop_faulty=True, work=work)
    bad = whole.merged.frame.loc[list(whole.report.faulty)]
    faulty = bad.assign(reason=reasons(whole.merged.frame, list(whole.report.faulty), settings, lenient))
    sizes = taken.merged.frame["intent"].value_counts()
    least = int(min(sizes.min(), params.validation.minimum_examples)) if len(sizes) else 1
    return Corpus(taken, faulty, lenient.model_copy(update={"minimum_examples": max(1, least)}))


def reasons(
    frame: pd.DataFrame, faulty: list[int], settings: Settings, policy: ValidationPolicy
) -> list[str]:
    """Return why each faulty row is one.

    A finding names its first hundred rows, so the rest is asked again without them.
    """
    known: dict[str, str] = {}
    left = frame
    while True:
        report = validation.validate(left, policy, settings.params.corpus)
        found = {place: error.rule for error in report.errors for place in error.rows if place not in known}
        if not found:
            return [
                known.get(place, "faulty together with another row") for place in frame.loc[faulty, "place"]
            ]
        known |= found
        left = left[~left["place"].isin(list(found))]


def write(settings: Settings, found: Corpus, extras: dict[str, dict[str, list[str]]]) -> dict[str, int]:
    """Write corpus, ledger and extras into the workspace's data, and return how many texts each side has."""
    workspace, params = settings.workspace, settings.params
    frame = found.taken.merged.frame
    assigned = ledger.give_sides(
        frame, ledger.empty(), params.split, date.today().isoformat(), Work(spread=in_threads)
    )
    folder = data_folder.staging(workspace)
    data_folder.write(folder, frame[params.corpus.columns], assigned.ledger, params.split)
    data_folder.write_extras(folder, workspace / dvc.FOLDER / data_folder.EXTRAS, extras)
    pointer = dvc.add(workspace, folder)
    dvc.push(workspace, pointer.revision)
    data_folder.swap(workspace, pointer)
    if len(found.faulty):
        found.faulty.drop(columns=["place"]).assign(place=found.faulty["place"]).to_csv(
            workspace / FAULTY, index=False
        )
        with (workspace / ".gitignore").open("a", encoding="utf-8") as ignored:
            ignored.write(f"/{FAULTY}\n")
    return {str(side): int(number) for side, number in assigned.ledger["side"].value_counts().items()}


def limits(text: str, found: Corpus, before: ValidationPolicy) -> str:
    """Return `params.yaml` with limits that the data meets, and the target beginning where the first model is."""
    text = re.sub(r"^(  start_percent:) .*$", r"\1 champion", text, flags=re.MULTILINE)
    least = found.validation.minimum_examples
    if least < before.minimum_examples:
        text = re.sub(r"^(  minimum_examples:) .*$", rf"\1 {least}", text, flags=re.MULTILINE)
    return text


def rows_of(found: Corpus, before: ValidationPolicy) -> list[Row]:
    """Return the rows about messages and limits."""
    frame, least = found.taken.merged.frame, found.validation.minimum_examples
    what = f"{count(len(frame), 'message')} of {count(frame['intent'].nunique(), 'intent')}"
    rows = [Row(Kind.TAKEN, what, after="the corpus")]
    for repair, number in found.taken.repairs.items():
        if number:
            rows.append(Row(Kind.CHANGED, f"{number:,} {repair}", after="repaired or left out on reading"))
    why = "the target begins where the first model is"
    rows.append(Row(Kind.CHANGED, "ramp.start_percent", "", "80.0", "champion", why))
    if least < before.minimum_examples:
        why, todo = "the smallest intent has no more", "Raise it in params.yaml as the data grows."
        limit = str(before.minimum_examples)
        rows.append(Row(Kind.CHANGED, "validation.minimum_examples", "", limit, str(least), why, todo))
    told = Counter(found.faulty["reason"])
    for reason, number in told.most_common():
        rows.append(Row(Kind.LEFT, count(number, "faulty message"), FAULTY, why=str(reason), todo=INGEST))
    return rows
