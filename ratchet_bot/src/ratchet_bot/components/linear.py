"""A linear intent model: fit, calibrate, predict, and its form on disk. Pure apart from `save` and `load`; no Rasa."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.special import softmax
from sklearn.svm import LinearSVC

from ratchet_bot.components.calibration import (
    Sample,
    evidence,
    fit_temperature,
    fit_threshold,
    margins_out_of_fold,
)
from ratchet_bot.components.features import WORD, Block, Context, Features, known_fields, normalise

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
    in_scope_loss: float | None = 0.0125
    calibration_folds: int = 5
    calibration_rows: int = 2000
    random_seed: int = 0


@dataclass(frozen=True)
class LinearModel:
    """A trained model.

    `weights` is float32 of shape (features, intents), `bias` float32 of shape (intents,). Confidence is
    softmax(margin / temperature); a message with less `evidence` than `threshold` is out of scope;
    where it is None, no message is.
    """

    intents: tuple[str, ...]
    features: Features
    weights: np.ndarray
    bias: np.ndarray
    temperature: float
    threshold: float | None
    outside: tuple[int, ...] = ()

    def predict(self, texts: Sequence[str], contexts: Sequence[Context]) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities of shape (messages, intents), and whether the likeliest intent is to be believed.

        It is when the evidence suffices, and when it is an out-of-scope intent. A row is the same whatever else is
        in the batch.
        """
        rows = self.features.transform(texts, contexts)
        margins = (rows @ self.weights + self.bias).astype(np.float64)
        confidences = softmax(margins / self.temperature, axis=1)
        if self.threshold is None:
            return confidences, np.ones(len(confidences), dtype=bool)
        enough = evidence(margins, self.temperature, self.outside) >= self.threshold
        return confidences, enough | np.isin(margins.argmax(axis=1), self.outside)

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
            "outside": self.outside,
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
                outside=tuple(document["outside"]),
            )


def train(
    texts: Sequence[str], labels: Sequence[str], contexts: Sequence[Context], options: Options
) -> LinearModel:
    """Fit features, weights, temperature and threshold. Raises ValueError for fewer than two intents."""
    intents = tuple(sorted(set(labels)))
    if len(intents) < 2:
        raise ValueError("A classifier needs messages of at least two intents.")
    fields = known_fields(contexts) if options.context_fields is None else options.context_fields
    again = _asked_without_context_too(contexts, fields, options)
    origin = [*range(len(texts)), *again]
    texts = [texts[i] for i in origin]
    contexts = [*contexts, *({} for _ in again)]
    features = Features.fit(texts, contexts, fields, options.context_weight)
    column = {intent: i for i, intent in enumerate(intents)}
    sample = Sample(
        rows=features.transform(texts, contexts),
        targets=np.array([column[labels[i]] for i in origin]),
        groups=_groups(texts),
        asked=np.arange(len(origin)) < len(labels),
    )
    outside = tuple(column[intent] for intent in options.out_of_scope_intents if intent in column)
    temperature, threshold = _calibrate(sample, len(intents), outside, options)
    weights, bias = _fit(sample.rows, sample.targets, len(intents), options)
    return LinearModel(intents, features, weights, bias, temperature, threshold, outside)


def _asked_without_context_too(
    contexts: Sequence[Context], fields: Sequence[str], options: Options
) -> list[int]:
    """Numbers of a share of the messages that are learnt once more without their context."""
    drawn = np.random.default_rng(options.random_seed).random(len(contexts)) < options.context_dropout
    return [i for i in np.flatnonzero(drawn) if any(contexts[i].get(field) for field in fields)]


def _groups(texts: Sequence[str]) -> np.ndarray:
    """The same number for texts of the same words, whatever their order, case and punctuation."""
    number: dict[tuple[str, ...], int] = {}
    words = (tuple(sorted(WORD.findall(normalise(text)))) for text in texts)
    return np.array([number.setdefault(key, len(number)) for key in words])


def _calibrate(
    sample: Sample, intents: int, outside: tuple[int, ...], options: Options
) -> tuple[float, float | None]:
    """Temperature and threshold from margins of messages that the fitted weights have not seen."""
    margins, truth = margins_out_of_fold(
        sample,
        lambda rows, targets: _fit(rows, targets, intents, options),
        options.calibration_folds,
        options.calibration_rows,
        options.random_seed,
    )
    if len(truth) == 0:
        return 1.0, None
    temperature = fit_temperature(margins, truth)
    if options.in_scope_loss is None:
        return temperature, None
    inside = ~np.isin(truth, outside)
    found = evidence(margins[inside], temperature, outside)
    right = margins[inside].argmax(axis=1) == truth[inside]
    return temperature, fit_threshold(found, right, options.in_scope_loss)


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
