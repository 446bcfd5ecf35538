"""What Rasa's ResponseSelector gives, from the classifier's own ranking: no second model, and no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, RESPONSE_IDENTIFIER_DELIMITER, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from ratchet_bot.components.kept import KeptAsJson
from ratchet_bot.retrieval import MEMBERS, SELECTOR, grouped


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class RetrievalGroups(KeptAsJson):
    """Makes of `faq/ask_hours` the intent `faq`, and puts the chosen response where `utter_faq` looks for it.

    Comes after `LinearIntentClassifier`. A group's confidence is the sum of its members', so that a message between two
    of them does not make the group uncertain; a `FallbackClassifier` after this component sees that sum. Messages
    without a group pass unchanged. No configuration.
    """

    FILE = "responses.json"
    NOTHING: ClassVar[Any] = {}

    def __init__(self, model_storage: ModelStorage, resource: Resource, known: Mapping[str, Any]) -> None:
        super().__init__(model_storage, resource, known)
        self.responses: dict[str, list[dict[str, Any]]] = dict(known.get("responses", {}))
        self.members: list[str] = list(known.get("members", []))

    def train(self, training_data: TrainingData) -> Resource:
        """Keep the groups' names and their responses."""
        self.members = sorted(training_data.retrieval_intents)
        self.responses = {
            name: list(found)
            for name, found in training_data.responses.items()
            if RESPONSE_IDENTIFIER_DELIMITER in name
        }
        return self.keep({"members": self.members, "responses": self.responses})

    def process(self, messages: list[Message]) -> list[Message]:
        """Put groups in the place of members on each message that was classified."""
        for message in messages:
            self._group(message)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """The same, on the training data, for components after this one."""
        self.process([one for one in training_data.training_examples if isinstance(one.get(INTENT), dict)])
        return training_data

    def _group(self, message: Message) -> None:
        ranking = [(one["name"], float(one["confidence"])) for one in message.get(INTENT_RANKING_KEY) or ()]
        groups, shares = grouped(one for one in ranking if one[0] != DEFAULT_NLU_FALLBACK_INTENT_NAME)
        if not shares:
            return
        head = {"name": groups[0][0], "confidence": groups[0][1]}
        listed = [{"name": name, "confidence": confidence} for name, confidence in groups]
        if message.get(INTENT)["name"] == DEFAULT_NLU_FALLBACK_INTENT_NAME:
            head = {"name": DEFAULT_NLU_FALLBACK_INTENT_NAME, "confidence": groups[0][1]}
            listed.insert(0, head)
        message.set(INTENT, head, add_to_output=True)
        message.set(INTENT_RANKING_KEY, listed, add_to_output=True)
        chosen = {group: self._selection(found) for group, found in shares.items()}
        message.set(SELECTOR, {MEMBERS: self.members or sorted(shares), **chosen}, add_to_output=True)

    def _selection(self, members: list[tuple[str, float]]) -> dict[str, Any]:
        best, share = members[0]
        action = f"utter_{best}"
        return {
            "response": {
                "responses": self.responses.get(action) or [{TEXT: best}],
                "confidence": share,
                "intent_response_key": best,
                "utter_action": action,
            },
            "ranking": [{"intent_response_key": name, "confidence": part} for name, part in members],
        }
