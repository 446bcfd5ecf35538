"""How the parts of a model are fitted: the SVM, the threshold, and the encoder's part. Pure; no Rasa, no files."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from sklearn.svm import LinearSVC

from ratchet_bot.components import pooled
from ratchet_bot.components.calibration import Sample, evidence, fit_threshold, held_back
from ratchet_bot.components.encoder import Encodes

TOLERANCE = 0.01  # of the solver; ten times finer takes twice the time for the same accuracy


@dataclass(frozen=True)
class Options:
    """What shapes a model; the classifier's docstring explains each key to users."""

    c: float = 0.5
    context_fields: tuple[str, ...] | None = None
    context_weight: float = 1.0
    context_dropout: float = 0.5
    out_of_scope_intents: tuple[str, ...] = ("out_of_scope", "oos")
    in_scope_loss: float | None = 0.0125
    calibration_folds: int = 5
    calibration_rows: int = 2000
    random_seed: int = 0


def fit(
    rows: sparse.csr_matrix, targets: np.ndarray, intents: int, options: Options
) -> tuple[np.ndarray, np.ndarray]:
    """One-against-rest SVM; intents without a row get weight zero and a bias below every other margin."""
    machine = LinearSVC(C=options.c, tol=TOLERANCE, random_state=options.random_seed).fit(rows, targets)
    weights = np.zeros((rows.shape[1], intents), dtype=np.float32)
    bias = np.full(intents, -10.0, dtype=np.float32)
    if len(machine.classes_) == 2:  # scikit-learn keeps one direction only for two classes
        coefficients = np.vstack([-machine.coef_, machine.coef_])
        intercepts = np.concatenate([-machine.intercept_, machine.intercept_])
    else:
        coefficients, intercepts = machine.coef_, machine.intercept_
    weights[:, machine.classes_] = coefficients.T
    bias[machine.classes_] = intercepts
    return weights, bias


def threshold_of(
    margins: np.ndarray, truth: np.ndarray, temperature: float, outside: tuple[int, ...], options: Options
) -> float | None:
    """The threshold on the evidence of held-back rows."""
    if options.in_scope_loss is None:
        return None
    inside = ~np.isin(truth, outside)
    found = evidence(margins[inside], temperature, outside)
    right = margins[inside].argmax(axis=1) == truth[inside]
    return fit_threshold(found, right, options.in_scope_loss)


def pool_of(
    sample: Sample, intents: int, outside: tuple[int, ...], options: Options, encoder: Encodes
) -> tuple[pooled.Pool, float | None]:
    """The encoder's part, and the threshold on the pooled evidence, both weighed on messages that nothing learnt."""
    assert sample.vectors is not None
    assert sample.alone is not None
    mean = sample.vectors[sample.alone].mean(axis=0, dtype=np.float64).astype(np.float32)
    rows, seed = pooled.centred(sample.vectors, mean), options.random_seed
    margins, logits, truth = [], [], []
    for learnt, held in held_back(sample, options.calibration_folds, options.calibration_rows, seed):
        weights, bias = fit(sample.rows[learnt], sample.targets[learnt], intents, options)
        margins.append((sample.rows[held] @ weights + bias).astype(np.float64))
        both = learnt & sample.alone
        directions, offsets = pooled.fit(rows[both], sample.targets[both], intents)
        logits.append((rows[held] @ directions + offsets).astype(np.float64))
        truth.append(sample.targets[held])
    regression = pooled.fit(rows[sample.alone], sample.targets[sample.alone], intents)
    pool = pooled.Pool(encoder.name, encoder.digest, mean, *regression, *pooled.BEGIN)
    if not truth:
        return pool, None
    seen, heard, true = np.vstack(margins), np.vstack(logits), np.concatenate(truth)
    u, v = pooled.fit_weights(seen, heard, true)
    pool = replace(pool, margin_weight=u, vector_weight=v)
    return pool, threshold_of(u * seen + v * heard, true, 1.0, outside, options)
