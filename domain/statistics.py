"""The few statistics that the gate rests on, as thin names over scipy."""

from __future__ import annotations

from scipy.stats import binomtest


def wilson(correct: int, rows: int, confidence: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval of a share, in [0, 1]; without rows nothing is known: (0, 1).

    Source: E. B. Wilson, 'Probable inference …', JASA 22 (1927). Unlike the textbook interval it keeps
    its coverage for shares near 1 and for small samples, where classifiers and intents live.
    """
    if rows == 0:
        return 0.0, 1.0
    interval = binomtest(correct, rows).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def chance_of_loss(lost: int, gained: int) -> float:
    """The one-sided exact McNemar p-value that the candidate is worse than the champion.

    Of the rows on which exactly one of the two is right, the candidate `lost` some and `gained` some. If
    both were equally good, each such row would be a fair coin: the result is the chance of at least
    `lost` heads. Source: Q. McNemar, Psychometrika 12 (1947), in its exact binomial form.
    """
    if lost + gained == 0:
        return 1.0
    return float(binomtest(lost, lost + gained, 0.5, alternative="greater").pvalue)
