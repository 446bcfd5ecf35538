"""A linear intent model: fit, calibrate, predict, and its form on disk. Pure apart from `save` and `load`; no Rasa."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.svm import LinearSVC

from components.features import Block, Context, Features, known_fields

MODEL_FILE = "model.json"
ARRAYS_FILE = "arrays.npz"
FORMAT = 1
BLOCKS = ("words", "characters", "pairs", "context")
TOLERANCE = 0.01  # of the solver; ten times finer takes twice the time for the same accuracy


@dataclass(frozen=True)
class Options:
    """What shapes a model; the classifier's docstring explains each key to users."""

    c: float = 0.5
    context_fields: tuple[str, ...] | None = None
    context_weight: float = 1.0
    context_dropout: float = 0.5
    out_of_scope_intents: tuple[str, ...] = ("out_of_scope", "oos")
    in_scope_loss: float = 0.015
    calibration_folds: int = 5
    calibration_rows: int = 2000
    random_seed: int = 0


@dataclass(frozen=True)
class LinearModel:
    """A trained model.

    `weights` is float32 of shape (features, intents), `bias` float32 of shape (intents,). Confidence is
    softmax(margin / temperature); a message whose best confidence is below `threshold` is out of scope.
    """

    intents: tuple[str, ...]
    features: Features
    weights: np.ndarray
    bias: np.ndarray
    temperature: float
    threshold: float

    def confidences(self, texts: Sequence[str], contexts: Sequence[Context]) -> np.ndarray:
        """Probabilities of shape (messages, intents); each row is the same whatever else is in the batch."""
        rows = self.features.transform(texts, contexts)
        margins = rows @ self.weights + self.bias
        return softmax(margins.astype(np.float64) / self.temperature, axis=1)

    def save(self, folder: Path) -> None:
        """Write arrays as npz and everything else as JSON."""
        blocks = {name: getattr(self.features, name) for name in BLOCKS}
        np.savez(
            folder / ARRAYS_FILE,
            weights=self.weights,
            bias=self.bias,
            **{f"idf_{name}": block.idf for name, block in blocks.items()},
        )
        document = {
            "format": FORMAT,
            "intents": self.intents,
            "temperature": self.temperature,
            "threshold": self.threshold,
            "fields": self.features.fields,
            "block_weights": {name: block.weight for name, block in blocks.items()},
            "terms": {name: list(block.terms) for name, block in blocks.items()},
        }
        text = json.dumps(document, ensure_ascii=False)
        (folder / MODEL_FILE).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> LinearModel:
        """Read what `save` wrote. Raises ValueError for a format that this code does not know."""
        document = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise ValueError(f"Model format {document['format']} is unknown; this code reads {FORMAT}.")
        with np.load(folder / ARRAYS_FILE, allow_pickle=False) as arrays:
            blocks = {
                name: Block(
                    {term: i for i, term in enumerate(terms)},
                    arrays[f"idf_{name}"],
                    document["block_weights"][name],
                )
                for name, terms in document["terms"].items()
            }
            return cls(
                intents=tuple(document["intents"]),
                features=Features(tuple(document["fields"]), **blocks),
                weights=arrays["weights"],
                bias=arrays["bias"],
                temperature=document["temperature"],
                threshold=document["threshold"],
            )


def train(
    texts: Sequence[str], labels: Sequence[str], contexts: Sequence[Context], options: Options
) -> LinearModel:
    """Fit features, weights, temperature and threshold. Raises ValueError for fewer than two intents."""
    intents = tuple(sorted(set(labels)))
    if len(intents) < 2:
        raise ValueError("A classifier needs messages of at least two intents.")
    fields = known_fields(contexts) if options.context_fields is None else options.context_fields
    texts, labels, contexts = _with_context_dropped(texts, labels, contexts, fields, options)
    features = Features.fit(texts, contexts, fields, options.context_weight)
    rows = features.transform(texts, contexts)
    column = {intent: i for i, intent in enumerate(intents)}
    targets = np.array([column[label] for label in labels])
    temperature, threshold = _calibrate(rows, targets, intents, options)
    weights, bias = _fit(rows, targets, len(intents), options)
    return LinearModel(intents, features, weights, bias, temperature, threshold)


def _with_context_dropped(
    texts: Sequence[str],
    labels: Sequence[str],
    contexts: Sequence[Context],
    fields: Sequence[str],
    options: Options,
) -> tuple[list[str], list[str], list[Context]]:
    """Add a share of the messages once more without their context, so that text alone stays well classified."""
    generator = np.random.default_rng(options.random_seed)
    drawn = generator.random(len(texts)) < options.context_dropout
    extra = [i for i in np.flatnonzero(drawn) if any(contexts[i].get(field) for field in fields)]
    return (
        [*texts, *(texts[i] for i in extra)],
        [*labels, *(labels[i] for i in extra)],
        [*contexts, *({} for _ in extra)],
    )


def _fit(
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


def _calibrate(
    rows: sparse.csr_matrix, targets: np.ndarray, intents: tuple[str, ...], options: Options
) -> tuple[float, float]:
    """Temperature and threshold from margins of messages that the fitted weights have not seen."""
    margins, truth = _out_of_fold(rows, targets, len(intents), options)
    if len(truth) == 0:
        return 1.0, 0.0
    temperature = fit_temperature(margins, truth)
    outside = [i for i, intent in enumerate(intents) if intent in options.out_of_scope_intents]
    inside = ~np.isin(truth, outside)
    confidence = softmax(margins / temperature, axis=1)
    return temperature, fit_threshold(confidence[inside], truth[inside], options.in_scope_loss)


def _out_of_fold(
    rows: sparse.csr_matrix, targets: np.ndarray, intents: int, options: Options
) -> tuple[np.ndarray, np.ndarray]:
    """Margins and targets of held-back rows, from as many folds as give `calibration_rows` of them."""
    folds = _assign_folds(targets, options)
    share = options.calibration_rows / len(targets)
    wanted = min(options.calibration_folds, max(1, round(share * options.calibration_folds)))
    margins, truth = [np.empty((0, intents))], [np.empty(0, dtype=int)]
    for fold in range(wanted):
        held = (folds == fold) & np.isin(targets, targets[folds != fold])
        if not held.any() or len(np.unique(targets[folds != fold])) < 2:
            continue
        weights, bias = _fit(rows[folds != fold], targets[folds != fold], intents, options)
        margins.append((rows[held] @ weights + bias).astype(np.float64))
        truth.append(targets[held])
    return np.vstack(margins), np.concatenate(truth)


def _assign_folds(targets: np.ndarray, options: Options) -> np.ndarray:
    """A fold number for each row; the rows of one intent are dealt out evenly."""
    order = np.random.default_rng(options.random_seed).permutation(len(targets))
    folds = np.empty(len(targets), dtype=int)
    for target in np.unique(targets):
        mine = order[targets[order] == target]
        folds[mine] = (np.arange(len(mine)) + target) % options.calibration_folds
    return folds


def fit_temperature(margins: np.ndarray, truth: np.ndarray) -> float:
    """The temperature that makes the true intents most likely (Guo et al. 2017, On Calibration)."""

    def loss(log_temperature: float) -> float:
        return -float(
            log_softmax(margins / np.exp(log_temperature), axis=1)[np.arange(len(truth)), truth].mean()
        )

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.02), np.log(5.0)), method="bounded").x))


def fit_threshold(confidence: np.ndarray, truth: np.ndarray, loss: float) -> float:
    """The highest confidence threshold that turns at most `loss` of all messages from right to unanswered."""
    right = confidence.argmax(axis=1) == truth
    best = np.sort(confidence.max(axis=1)[right])
    given_up = int(loss * len(truth))
    return float(best[given_up]) if given_up < len(best) else 0.0
