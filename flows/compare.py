"""compare: two registered models on today's holdout."""

from __future__ import annotations

from adapters.run import begin
from domain.comparison import Contest
from flows.process import process
from tasks.contrast import contrast
from tasks.evaluate import evaluate
from tasks.fetch import fetch
from tasks.find import find
from tasks.split import split


@process()
def compare(first: str, second: str, workspace: str | None = None) -> Contest:
    """Score both on the holdout of the working tree's corpus, and list where exactly one is right."""
    with begin(workspace, f"A comparison of {first} and {second}", "by hand") as run:
        models = find(run, first), find(run, second)
        sides = split(run, fetch(run, None))
        scores = evaluate(run, sides.holdout, first=models[0], second=models[1])
        return contrast(run, sides, scores, first, second)
