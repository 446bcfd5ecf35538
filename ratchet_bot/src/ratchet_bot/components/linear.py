"""A linear intent model: fit, calibrate, predict, and its form on disk. Pure apart from `save` and `load`; no Rasa.

With a sentence encoder its margins are pooled with a regression on vectors (`pooled`); without one it is linear alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.special import softmax

from ratchet_bot.components import pooled
from ratchet_bot.components.calibration import Sample, evidence, fit_temperature, margins_out_of_fold
from ratchet_bot.components.encoder import Encodes
from ratchet_bot.components.features import WORD, Block, Context, Features, known_fields, normalise
from ratchet_bot.components.fitting import Options, fit, pool_of, threshold_of

MODEL_FILE = "model.json"
ARRAYS_FILE = "arrays.npz"
FORMAT, POOLED = 1, 2
"""Of the file: without and with an encoder, which older code does not know and refuses."""
BLOCKS = ("words", "characters", "pairs", "context")


@dataclass(frozen=True)
class LinearModel:
    """A trained model.

    `weights` is float32 of shape (features, intents), `bias` float32 of shape (intents,). Confidence is
    softmax(margin / temperature); a message with less `evidence` than `threshold` is out of scope;
    where it is None, no message is. With a `pool` the margins are pooled with what it makes of the `encoder`'s vectors,
    and the temperature is 1.
    """

    intents: tuple[str, ...]
    features: Features
    weights: np.ndarray
    bias: np.ndarray
    temperature: float
    threshold: float | None
    outside: tuple[int, ...] = ()
    pool: pooled.Pool | None = None
    encoder: Encodes | None = None

    def predict(self, texts: Sequence[str], contexts: Sequence[Context]) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities of shape (messages, intents), and whether the likeliest intent is to be believed.

        It is when the evidence suffices, and when it is an out-of-scope intent. A row is the same whatever else is
        in the batch.
        """
        rows = self.features.transform(texts, contexts)
        margins = (rows @ self.weights + self.bias).astype(np.float64)
        if self.pool and self.encoder:
            margins = self.pool.join(margins, self.encoder.encode(texts))
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
            **(self.pool.arrays() if self.pool else {}),
        )
        document = {
            "format": POOLED if self.pool else FORMAT,
            "intents": self.intents,
            "temperature": self.temperature,
            "threshold": self.threshold,
            "outside": self.outside,
            "fields": self.features.fields,
            "block_weights": {name: block.weight for name, block in blocks.items()},
            "terms": {name: list(block.terms) for name, block in blocks.items()},
            **({"pool": self.pool.document()} if self.pool else {}),
        }
        text = json.dumps(document, ensure_ascii=False)
        (folder / MODEL_FILE).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, find: Callable[[str], Encodes]) -> LinearModel:
        """Read what `save` wrote; `find` opens the encoder of a digest, where the model needs one.

        Raises ValueError for a format that this code does not know, and what `find` raises.
        """
        document = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
        if document["format"] not in (FORMAT, POOLED):
            raise ValueError(
                f"Model format {document['format']} is unknown; this code reads {FORMAT} and {POOLED}."
            )
        with np.load(folder / ARRAYS_FILE, allow_pickle=False) as arrays:
            blocks = {
                name: Block(
                    {term: i for i, term in enumerate(terms)},
                    arrays[f"idf_{name}"],
                    document["block_weights"][name],
                )
                for name, terms in document["terms"].items()
            }
            pool = pooled.Pool.read(document["pool"], arrays) if "pool" in document else None
            return cls(
                intents=tuple(document["intents"]),
                features=Features(tuple(document["fields"]), **blocks),
                weights=arrays["weights"],
                bias=arrays["bias"],
                temperature=document["temperature"],
                threshold=document["threshold"],
                outside=tuple(document["outside"]),
                pool=pool,
                encoder=find(pool.digest) if pool else None,
            )


def train(
    texts: Sequence[str],
    labels: Sequence[str],
    contexts: Sequence[Context],
    options: Options,
    encoder: Encodes | None = None,
) -> LinearModel:
    """Fit features, weights, temperature and threshold, with an encoder its part too.

    With one, each intent's name in words is one more message of it: 1 to 3.6 points where there are 5 to 10 of them.
    Raises ValueError for fewer than two intents.
    """
    intents = tuple(sorted(set(labels)))
    if len(intents) < 2:
        raise ValueError("A classifier needs messages of at least two intents.")
    fields = known_fields(contexts) if options.context_fields is None else options.context_fields
    again = _asked_without_context_too(contexts, fields, options)
    origin = [*range(len(texts)), *again]
    names = _names(intents, options) if encoder else {}
    column = {intent: i for i, intent in enumerate(intents)}
    targets = np.array([column[labels[i]] for i in origin] + [column[intent] for intent in names])
    asked = np.arange(len(targets)) < len(labels)
    alone = asked | (np.arange(len(targets)) >= len(origin))
    texts = [*(texts[i] for i in origin), *names.values()]
    contexts = [*contexts, *({} for _ in again), *({} for _ in names)]
    features = Features.fit(texts, contexts, fields, options.context_weight)
    sample = Sample(features.transform(texts, contexts), targets, _groups(texts), asked)
    outside = tuple(column[intent] for intent in options.out_of_scope_intents if intent in column)
    pool = None
    if encoder:
        sample = replace(sample, vectors=encoder.encode(texts), alone=alone)
        pool, threshold = pool_of(sample, len(intents), outside, options, encoder)
        temperature = 1.0
    else:
        temperature, threshold = _calibrate(sample, len(intents), outside, options)
    weights, bias = fit(sample.rows, sample.targets, len(intents), options)
    return LinearModel(intents, features, weights, bias, temperature, threshold, outside, pool, encoder)


def _names(intents: Sequence[str], options: Options) -> dict[str, str]:
    """The intents that have a name in words, and that name; those out of scope are named after no subject."""
    words = {
        intent: pooled.in_words(intent) for intent in intents if intent not in options.out_of_scope_intents
    }
    return {intent: said for intent, said in words.items() if said}


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
        lambda rows, targets: fit(rows, targets, intents, options),
        options.calibration_folds,
        options.calibration_rows,
        options.random_seed,
    )
    if len(truth) == 0:
        return 1.0, None
    temperature = fit_temperature(margins, truth)
    return temperature, threshold_of(margins, truth, temperature, outside, options)
