"""A dense featurizer, which Rasa has none of without a language model: it counts letters."""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.graph import GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class LetterFeaturizer(DenseFeaturizer, GraphComponent):
    """Each token's letters, and their mean over the message."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"alias": "letters"}

    @classmethod
    def create(cls, config: dict[str, Any], *_: Any) -> LetterFeaturizer:
        return cls(config["alias"], config)

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        pass

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            tokens = message.get(TOKENS_NAMES[TEXT])
            if not tokens:
                continue
            counts = np.array([[token.text.lower().count(one) for one in LETTERS] for token in tokens], float)
            self.add_features_to_message(counts, counts.mean(axis=0, keepdims=True), TEXT, message)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self.process(training_data.training_examples)
        return training_data
