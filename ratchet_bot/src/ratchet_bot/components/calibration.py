"""Confidence and scope of a linear model, fitted on margins of messages that its weights have not seen. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, logsumexp

Fit = Callable[[sparse.csr_matrix, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Weights and bias from rows and the numbers of their intents."""


@dataclass(frozen=True)
class Sample:
    """Training rows: `targets` numbers their intents, rows with the same `groups` number say the same, and only
    those of `asked` are asked when held back (the others are copies without context, and names of intents).

    `vectors` are the rows' sentence vectors, None without an encoder; a regression on them learns from those of
    `alone`: a copy without context is the same vector once more.
    """

    rows: sparse.csr_matrix
    targets: np.ndarray
    groups: np.ndarray
    asked: np.ndarray
    vectors: np.ndarray | None = None
    alone: np.ndarray | None = None


def held_back(sample: Sample, folds: int, wanted: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Masks of the rows to learn from and of those held back, for as many folds as give about `wanted` of them.

    Rows that say the same are held back together, as the holdout has no near-duplicate in the training data. A row
    whose intent has no other row is left out, and so is a fold that leaves fewer than two intents.
    """
    fold_of = assign_folds(sample, folds, seed)
    count = min(folds, max(1, round(folds * wanted / max(1, sample.asked.sum()))))
    for fold in range(count):
        learnt = fold_of != fold
        held = ~learnt & sample.asked & np.isin(sample.targets, sample.targets[learnt])
        if held.any() and len(np.unique(sample.targets[learnt])) >= 2:
            yield learnt, held


def margins_out_of_fold(
    sample: Sample, fit: Fit, folds: int, wanted: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Margins and targets of rows that are `held_back`; both arrays are empty where no fold can be."""
    margins, truth = [], [np.empty(0, dtype=int)]
    for learnt, held in held_back(sample, folds, wanted, seed):
        weights, bias = fit(sample.rows[learnt], sample.targets[learnt])
        margins.append((sample.rows[held] @ weights + bias).astype(np.float64))
        truth.append(sample.targets[held])
    return np.vstack(margins) if margins else np.empty((0, 0)), np.concatenate(truth)


def assign_folds(sample: Sample, folds: int, seed: int) -> np.ndarray:
    """A fold number for each row: the same for a whole group, and an intent's groups are dealt out evenly."""
    _, first, group_of = np.unique(sample.groups, return_index=True, return_inverse=True)
    targets = sample.targets[first]
    order = np.random.default_rng(seed).permutation(len(first))
    fold_of_group = np.empty(len(first), dtype=int)
    for target in np.unique(targets):
        mine = order[targets[order] == target]
        fold_of_group[mine] = (np.arange(len(mine)) + target) % folds
    return fold_of_group[group_of]


def evidence(margins: np.ndarray, temperature: float, outside: Sequence[int]) -> np.ndarray:
    """How much speaks for any of the in-scope intents, of shape (messages,).

    temperature · log Σ exp(margin / temperature) over the in-scope intents, which is the largest margin and a
    little more when others come near it (energy score: Liu et al. 2020), less half the largest margin of the
    out-of-scope intents where there are some. Unlike the confidence it stays low when all intents are unlikely.
    """
    for_intents = temperature * logsumexp(np.delete(margins, outside, axis=1) / temperature, axis=1)
    return for_intents - 0.5 * margins[:, outside].max(axis=1) if outside else for_intents


def fit_temperature(margins: np.ndarray, truth: np.ndarray) -> float:
    """The temperature that makes the true intents most likely (Guo et al. 2017, On Calibration)."""

    def loss(log_temperature: float) -> float:
        return -float(
            log_softmax(margins / np.exp(log_temperature), axis=1)[np.arange(len(truth)), truth].mean()
        )

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.02), np.log(5.0)), method="bounded").x))


def fit_threshold(found: np.ndarray, right: np.ndarray, loss: float) -> float | None:
    """The highest threshold on the evidence that turns at most `loss` of all messages from right to unanswered."""
    best = np.sort(found[right])
    given_up = int(loss * len(found))
    return float(best[given_up]) if given_up < len(best) else None
