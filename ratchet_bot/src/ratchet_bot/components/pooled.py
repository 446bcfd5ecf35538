"""A linear model's margins pooled with a logistic regression on sentence vectors. Pure; no Rasa, no files.

The logistic regression sees each vector less the mean of the training vectors, at length 1. Two positive weights join
the two: softmax(margins · u + vector logits · v). They are fitted, with the threshold, on rows that neither has learnt
from: where there are few rows the vectors get most of the weight, with many both count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from ratchet_bot.components.encoder import unit

COST = 20.0
"""The regression's cost of an error (C of scikit-learn)."""
STEPS, TOLERANCE = 32, 1e-7
"""The regression ends after this many steps, or where one lowers the loss by less than this share of it."""
ABSENT = -30.0
"""Logit of an intent that a fold has no row of."""
BEGIN = (3.0, 0.7)
BOUNDS = (-4.0, 4.0)
"""Of the weights' natural logarithms."""
ARRAYS = ("mean", "weights", "bias")
FIGURES = ("encoder", "digest", "margin_weight", "vector_weight")
HUMP = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Pool:
    """What is added to a linear model.

    `encoder` and `digest` name the encoder. `mean` has shape (dimension,), `weights` (dimension, intents), `bias`
    (intents,), all float32; `margin_weight` and `vector_weight` are u and v.
    """

    encoder: str
    digest: str
    mean: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    margin_weight: float
    vector_weight: float

    def arrays(self) -> dict[str, np.ndarray]:
        """What is stored as arrays."""
        return {f"pool_{name}": getattr(self, name) for name in ARRAYS}

    def document(self) -> dict[str, Any]:
        """What is stored as JSON."""
        return {name: getattr(self, name) for name in FIGURES}

    @classmethod
    def read(cls, document: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Pool:
        """Read what the two above gave."""
        stored = {name: arrays[f"pool_{name}"] for name in ARRAYS}
        return cls(**stored, **{name: document[name] for name in FIGURES})

    def join(self, margins: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Pooled logits, float64 of shape (messages, intents); each row is calculated alone."""
        logits = project(centred(vectors, self.mean), self.weights, self.bias)
        return self.margin_weight * margins + self.vector_weight * logits


def centred(vectors: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Vectors less the mean of the training vectors, at length 1."""
    return unit(vectors - mean)


def project(rows: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Logits of rows. One product for each row: in a product of all, the other rows would change its rounding."""
    across = np.ascontiguousarray(weights.T)
    found = np.array([across @ row for row in rows], dtype=np.float64)
    return found.reshape(len(rows), len(bias)) + bias


def fit(rows: np.ndarray, targets: np.ndarray, intents: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bias of the multinomial logistic regression; an intent without a row gets the logit ABSENT.

    The steps are made in coordinates in which the loss is about equally curved in each direction: sentence vectors
    vary far more in some directions than in others, which costs a solver most of its steps.
    """
    present, column = np.unique(targets, return_inverse=True)
    shape = rows.shape[1], len(present)
    spread, axes = np.linalg.eigh((rows.T @ rows).astype(np.float64) / len(rows))
    decay = 1 / (COST * len(rows))
    curve = np.maximum(spread, 0) / len(present) + decay
    even = axes / np.sqrt(curve)
    rows = (rows @ even.astype(np.float32)).astype(np.float32)
    across, penalty, step = np.ascontiguousarray(rows.T), (decay / curve)[:, None], np.sqrt(len(present))
    every = np.arange(len(rows))

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = point[: -shape[1]].reshape(shape), point[-shape[1] :] * step
        shares = rows @ weights.astype(np.float32) + bias.astype(np.float32)
        shares -= shares.max(axis=1, keepdims=True)
        true = shares[every, column]
        np.exp(shares, out=shares)
        total = shares.sum(axis=1)
        shares /= total[:, None]
        shares[every, column] -= 1
        found = (np.log(total) - true).mean(dtype=np.float64) + 0.5 * (penalty * weights * weights).sum()
        slope = across @ shares / len(rows) + penalty * weights
        return float(found), np.append(slope.ravel(), shares.mean(axis=0, dtype=np.float64) * step)

    start = np.zeros(shape[0] * shape[1] + shape[1])
    solved = minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "ftol": TOLERANCE}
    ).x
    weights = np.zeros((shape[0], intents), dtype=np.float32)
    bias = np.full(intents, ABSENT, dtype=np.float32)
    weights[:, present] = even @ solved[: -shape[1]].reshape(shape)
    bias[present] = solved[-shape[1] :] * step
    return weights, bias


def fit_weights(margins: np.ndarray, logits: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """The two positive weights that make the true intents of held-back rows most likely."""
    rows = np.arange(len(truth))

    def loss(logs: np.ndarray) -> tuple[float, np.ndarray]:
        u, v = np.exp(logs)
        likely = log_softmax(u * margins + v * logits, axis=1)
        shares = np.exp(likely)
        slope = [
            w * ((shares * one).sum(axis=1) - one[rows, truth]).mean()
            for w, one in ((u, margins), (v, logits))
        ]
        return -float(likely[rows, truth].mean()), np.array(slope)

    found = minimize(loss, np.log(BEGIN), jac=True, method="L-BFGS-B", bounds=[BOUNDS, BOUNDS])
    u, v = np.exp(found.x)
    return float(u), float(v)


def in_words(intent: str) -> str:
    """An intent's name as a message would say it: `faq card late` of `faq/card_late`; "" without letters."""
    words = " ".join(WORD.findall(HUMP.sub(" ", intent))).lower()
    return words if any(character.isalpha() for character in words) else ""
