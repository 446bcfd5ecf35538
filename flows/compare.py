"""compare: two registered models on today's holdout."""

from __future__ import annotations

from flows.process import process
from ratchet.adapters.run import begin
from ratchet.domain.gate.comparison import Contest
from tasks.corpus.fetch import fetch
from tasks.corpus.split import split
from tasks.training.contrast import contrast
from tasks.training.evaluate import evaluate
from tasks.training.find import find


@process()
def compare(first: str, second: str, workspace: str | None = None) -> Contest:
    """Score both on the holdout of the working tree's corpus, and list where exactly one is right."""
    with begin(workspace, f"A comparison of {first} and {second}", "by hand") as run:
        models = find(run, first), find(run, second)
        sides = split(run, fetch(run, None))
        scores = evaluate(run, sides, first=models[0], second=models[1])
        return contrast(run, sides, scores, first, second)
