"""The few statistics that the gate rests on.

SciPy is imported where something is calculated: most commands calculate nothing, and the import takes 0.2 s.
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def wilson(correct: int, rows: int, confidence: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval of a share, in [0, 1]; without rows nothing is known: (0, 1).

    Source: E. B. Wilson, 'Probable inference …', JASA 22 (1927). Unlike the textbook interval it keeps
    its coverage for shares near 1 and for small samples, where classifiers and intents live.
    """
    if rows == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = correct / rows, z * z / rows
    centre = (share + weight / 2) / (1 + weight)
    half = z * sqrt(share * (1 - share) / rows + weight / (4 * rows)) / (1 + weight)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def chance_of_loss(lost: int, gained: int) -> float:
    """The one-sided exact McNemar p-value that the candidate is worse than the champion.

    Of the rows on which exactly one of the two is right, the candidate `lost` some and `gained` some. If
    both were equally good, each such row would be a fair coin: the result is the chance of at least
    `lost` heads. Source: Q. McNemar, Psychometrika 12 (1947), in its exact binomial form.
    """
    if lost + gained == 0:
        return 1.0
    from scipy.special import bdtrc

    return float(bdtrc(lost - 1, lost + gained, 0.5))
