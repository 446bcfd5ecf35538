"""contrast: set two models' answers on one holdout side by side."""

from __future__ import annotations

from ratchet.adapters.run import Run
from ratchet.domain.corpus.ledger import Split
from ratchet.domain.gate.comparison import Contest, compare
from ratchet.domain.gate.scores import Scores
from ratchet.domain.wording import percent
from tasks.step import step


@step(lambda contest: f"{percent(contest.first_accuracy)} and {percent(contest.second_accuracy)}")
def contrast(run: Run, split: Split, scores: Scores, first: str, second: str) -> Contest:
    """Return both accuracies and the rows on which exactly one of the two is right."""
    corpus = run.settings.params.corpus
    rows = compare(
        split.holdout,
        scores.predictions["first"],
        scores.predictions["second"],
        context=list(corpus.context),
        out_of_scope=corpus.out_of_scope,
    )
    left, right = scores.evaluations["first"], scores.evaluations["second"]
    return Contest(first, second, left.rows, left.accuracy, right.accuracy, rows)
