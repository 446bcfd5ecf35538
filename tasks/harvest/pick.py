"""pick: draw the messages that people will label, and ask the candidate about them."""

from __future__ import annotations

import json

import pandas as pd

from ratchet.adapters.bot import archives, near, rasa
from ratchet.adapters.corpus import data_revisions
from ratchet.adapters.monitoring import harvest
from ratchet.adapters.registry import encoders
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings
from ratchet.domain.corpus import ledger
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.evaluation import FALLBACK
from ratchet.domain.gate.nearest import joined
from ratchet.domain.operations import sampling
from tasks.harvest.gather import Gathered
from tasks.step import note, say, step

CANDIDATE = "candidate"


@step(lambda sample: f"{len(sample):,} messages, {int((sample['known'] == '').sum()):,} of them to label")
def pick(settings: Settings, gathered: Gathered) -> pd.DataFrame:
    """Return the sample as it is written to a file."""
    count = settings.params.harvest.messages
    drawn = sampling.draw(gathered.messages, count, gathered.strata.name)
    drawn = sampling.with_bad(drawn, gathered.messages, count)
    return harvest.table(settings, drawn, other_guesses(settings, drawn), nearest(settings, drawn))


def nearest(settings: Settings, drawn: pd.DataFrame) -> list[str]:
    """Return the training messages nearest to each message; none without a sentence encoder, or where it cannot run."""
    champion = Registry(settings).champion()
    if champion is None or not champion.lineage.encoder:
        return []
    try:
        encoders.ready(settings, Registry(settings), champion.lineage.encoder, say)
        corpus = data_revisions.read_revision(settings, None)
        train = ledger.split(corpus.frame, corpus.ledger, settings.params.split).train
        found = near.find(settings, champion.lineage.encoder, train, list(drawn["text"]), say)
    except RatchetError as error:
        note(f"The list does not show the nearest training messages: {error.fact}")
        return []
    return [joined(found.get(text, ())) for text in drawn["text"]]


def other_guesses(settings: Settings, drawn: pd.DataFrame) -> list[str]:
    """Return what the newest model says where it contradicts what was answered; none when it is the champion."""
    registry = Registry(settings)
    champion, models = registry.champion(), registry.models()
    if champion is None or models[-1].version == champion.version:
        return []
    newest = models[-1]
    say(f"asking version {newest.version}, which is not live")
    rows = harvest.rows_for({"text": list(drawn["text"])}, [json.loads(text) for text in drawn["context"]])
    folder = harvest.folder(settings) / CANDIDATE
    encoders.ready(settings, registry, newest.lineage.encoder, say)
    archive = archives.Archive(registry.archive(newest), newest.sha256)
    predictions, _ = rasa.evaluate(settings, {CANDIDATE: archive}, rows, folder, say)
    answers = predictions[CANDIDATE]["intent"].replace(FALLBACK, settings.params.corpus.out_of_scope)
    return [answer if answer != guess else "" for answer, guess in zip(answers, drawn["guess"], strict=True)]
