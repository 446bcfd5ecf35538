"""try_encoder: what a sentence encoder would bring this bot, on its own holdout. It changes nothing."""

from __future__ import annotations

from flows.process import process
from ratchet.adapters.run import begin
from ratchet.domain.gate.comparison import Trial
from tasks.corpus.fetch import fetch
from tasks.corpus.split import split
from tasks.training.contend import contend
from tasks.training.contrast import contrast


@process()
def try_encoder(encoder: str = "english", workspace: str | None = None) -> Trial:
    """Train with the encoder and without on the corpus of the working tree, and compare both on the holdout."""
    with begin(workspace, f"A trial of the encoder {encoder}", "by hand", fleet=False) as run:
        corpus = fetch(run, None)
        sides = split(run, corpus)
        scores = contend(run, corpus, sides, encoder)
        contest = contrast(run, sides, scores, f"with {encoder}", "without")
        return Trial.of(contest, scores)
