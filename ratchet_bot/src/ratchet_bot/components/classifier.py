"""The default intent classifier of Ratchet as a Rasa graph component."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from ratchet_bot.components import encoders, linear
from ratchet_bot.components.context import context_of
from ratchet_bot.components.encoder import EncoderError, Encodes

logger = logging.getLogger(__name__)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LinearIntentClassifier(GraphComponent, IntentClassifier):
    """Linear SVM on TF-IDF of words, characters, word pairs and the person's context, with calibrated confidence.

    With a sentence encoder its margins are pooled with a logistic regression on frozen sentence vectors. Needs no other
    component before it. Configuration keys with their defaults:

    - `encoder: null`: name (`english`, or of your own) or SHA-256 of a sentence encoder; null means none.
      Where it is not there at training, the linear classifier is trained, and a line says so; a model that was trained
      with one is not loaded without it.
    - `c: 0.5`: the SVM's cost of an error; lower is smoother.
    - `context_fields: null`: names of the context fields to use; null means those that the training data has.
    - `context_weight: 1.0`: length of the context features against those of words, of characters and of word pairs,
      which are 1 each.
    - `context_dropout: 0.5`: share of the messages with context that are learnt once more without it.
    - `out_of_scope_intents: [out_of_scope, oos]`: intents that stand for 'none of ours' and so do not count when
      the threshold is chosen.
    - `in_scope_loss: 0.0125`: share of all in-scope messages that the threshold may turn from right to `nlu_fallback`,
      by a threshold on the evidence for any of them; null means that none is.
      It is measured out of fold; new messages lose a little more (1.8 points on CLINC150).
    - `calibration_folds: 5`, `calibration_rows: 2000`: temperature and threshold are fitted on out-of-fold
      margins of about this many rows.
    - `ranking_length: 10`: intents in the ranking; 0 means all.
    - `random_seed: 0`: order of the folds, of the dropout and of the solver.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        """None: the features are the classifier's own."""
        return []

    @staticmethod
    def required_packages() -> list[str]:
        """Python packages that must be installed."""
        return ["sklearn"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The keys of the class docstring."""
        options = linear.Options()
        return {
            "encoder": None,
            "c": options.c,
            "context_fields": None,
            "context_weight": options.context_weight,
            "context_dropout": options.context_dropout,
            "out_of_scope_intents": list(options.out_of_scope_intents),
            "in_scope_loss": options.in_scope_loss,
            "calibration_folds": options.calibration_folds,
            "calibration_rows": options.calibration_rows,
            "ranking_length": 10,
            "random_seed": options.random_seed,
        }

    def __init__(
        self,
        config: Mapping[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        model: linear.LinearModel | None = None,
    ) -> None:
        self.config = config
        self.model = model
        self._model_storage = model_storage
        self._resource = resource

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LinearIntentClassifier:
        """A classifier that is not trained yet."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> LinearIntentClassifier:
        """The trained classifier from a model archive."""
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, linear.LinearModel.load(folder, encoders.find))

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the model on every example that has a text and an intent, and store it."""
        examples = [e for e in training_data.intent_examples if e.get(TEXT)]
        try:
            self.model = linear.train(
                [example.get(TEXT) for example in examples],
                [example.get_full_intent() for example in examples],
                [context_of(example) for example in examples],
                self._options(),
                self._encoder(),
            )
        except ValueError as error:
            raise InvalidConfigException(str(error)) from error
        with self._model_storage.write_to(self._resource) as folder:
            self.model.save(folder)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Set intent and ranking on each message; an intent below the threshold becomes `nlu_fallback`."""
        if self.model is None or not messages:
            return messages
        texts = [message.get(TEXT) or "" for message in messages]
        confidences, believed = self.model.predict(texts, [context_of(message) for message in messages])
        for message, row, sure in zip(messages, confidences, believed, strict=True):
            self._set_intent(message, row, bool(sure))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Components after this one in a pipeline see its predictions on the training data."""
        self.process(training_data.training_examples)
        return training_data

    def _set_intent(self, message: Message, confidences: np.ndarray, believed: bool) -> None:
        assert self.model is not None
        order = np.argsort(-confidences, kind="stable")[: self.config["ranking_length"] or None]
        ranking = [{"name": self.model.intents[i], "confidence": float(confidences[i])} for i in order]
        intent = ranking[0]
        if not believed or not (message.get(TEXT) or "").strip():
            # Rasa's own convention: the fallback leads the ranking and the classifier's choice follows.
            intent = {"name": DEFAULT_NLU_FALLBACK_INTENT_NAME, "confidence": intent["confidence"]}
            ranking.insert(0, intent)
        message.set(INTENT, intent, add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)

    def _encoder(self) -> Encodes | None:
        """The encoder to train with; None where the configuration names none, or it is not there."""
        try:
            return encoders.find(self.config["encoder"]) if self.config["encoder"] else None
        except EncoderError as error:
            logger.warning("%s The linear classifier is trained alone.", error)
            return None

    def _options(self) -> linear.Options:
        fields = self.config["context_fields"]
        return linear.Options(
            c=self.config["c"],
            context_fields=None if fields is None else tuple(fields),
            context_weight=self.config["context_weight"],
            context_dropout=self.config["context_dropout"],
            out_of_scope_intents=tuple(self.config["out_of_scope_intents"]),
            in_scope_loss=self.config["in_scope_loss"],
            calibration_folds=self.config["calibration_folds"],
            calibration_rows=self.config["calibration_rows"],
            random_seed=self.config["random_seed"],
        )
