"""Finished work comes into the corpus: the labelling list and the labels of samples, as one `ratchet ingest`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ratchet.adapters.monitoring import labels
from ratchet.adapters.page import corrections, jobs, known, new_intents
from ratchet.adapters.page.corrections import Row
from ratchet.adapters.page.jobs import Job
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import write_json
from ratchet.domain.errors import RatchetError, UsageError
from ratchet.domain.operations import worklist
from ratchet.domain.operations.sampling import SOURCE
from ratchet.domain.operations.worklist import State
from ratchet.domain.wording import count


@dataclass(frozen=True)
class Ready:
    """What can come into the corpus: its rows, which of them are of the list, and the labels by sample and message.

    `few` are intents with too few messages, with how many there would be; `gone` are labels that are no intents any
    more. Messages with these stay where they are.
    """

    rows: Sequence[Row]
    noted: Sequence[Row]
    samples: Mapping[str, Mapping[str, str]]
    few: Mapping[str, int]
    gone: Sequence[str]


def ready(settings: Settings, noted: Sequence[Row]) -> Ready:
    """Return what can come into the corpus, of the list and the newest samples; a note is newer than a label."""
    listed = {corrections.message_key(settings, row) for row in noted}
    found: list[tuple[str, str, Row]] = [("", "", row) for row in noted]
    for path in labels.newest_samples(settings):
        for one in known.sample(settings, path):
            if one.state is State.LABELLED and one.key not in listed:
                said = {"text": one.text, "intent": one.mark.intent, **one.context, "source": SOURCE}
                found.append((str(path), one.key, said))
    intents = set(new_intents.names(settings))
    gone = sorted({row["intent"] for _, _, row in found} - intents)
    held = worklist.held_back(
        (row["intent"] for _, _, row in found if row["intent"] in intents),
        known.counts(settings),
        settings.params.validation.minimum_examples,
    )
    taken = [one for one in found if one[2]["intent"] in intents and one[2]["intent"] not in held]
    samples: dict[str, dict[str, str]] = {}
    for file, key, label in taken:
        if file:
            samples.setdefault(file, {})[key] = label["intent"]
    own = [row for file, _, row in taken if not file]
    return Ready([row for _, _, row in taken], own, samples, held, gone)


def take(settings: Settings, by: str) -> Job:
    """Start `ratchet ingest` of what is ready, as one commit; raises `RatchetError` where nothing is, or one runs.

    New intents among the labels come into the bot's files before it, as a commit of their own.
    """
    with corrections.locked(settings):
        noted = corrections.settled(settings)
        if corrections.pending_file(settings).exists():
            raise RatchetError("The list is being taken into the corpus.", "Wait for the end of that.")
        found = ready(settings, noted)
        if not found.rows:
            raise UsageError(
                "No label is ready to come into the corpus.",
                "Label messages first; an intent needs "
                f"{count(settings.params.validation.minimum_examples, 'message')}.",
            )
        new_intents.bring(settings, {row["intent"] for row in found.rows})
        file = settings.state / "page" / "taken.csv"
        corrections.write(file, settings.params.corpus.columns, list(found.rows))
        words = ["ingest", str(file), "--relabel", "--commit"]
        job = jobs.start(settings, f"Taking {count(len(found.rows), 'message')} into the corpus", words, by)
        said = {"job": job.id, "rows": [dict(one) for one in found.noted], "samples": found.samples}
        write_json(corrections.pending_file(settings), said)
    return job
