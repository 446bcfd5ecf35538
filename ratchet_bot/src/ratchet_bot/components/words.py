"""Tells Rasa's CRFEntityExtractor the intent of a message, for words that are an entity in some messages only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import TOKENS_NAMES
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    INTENT,
    INTENT_RANKING_KEY,
    RESPONSE_IDENTIFIER_DELIMITER,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from ratchet_bot.components.kept import KeptAsJson

PATTERN = "pattern"
"""Where RegexFeaturizer notes the patterns that a token meets, and CRFEntityExtractor looks for them."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class WordsByIntent(KeptAsJson):
    """Notes the intent on each word that the training data marks in some messages and leaves unmarked in others.

    CRFEntityExtractor sees a word and its two neighbours. Whether "don't" is a negation may depend on more: in "I don't
    want to subscribe" it is one, in "I don't want my shoes" it is not. With the intent noted as a pattern beside the
    word it can distinguish the two; words that are always marked, or never, are left as they are, and so is what it
    learns about them. Comes after the intent classifier, a tokenizer and RegexFeaturizer, and before
    CRFEntityExtractor, whose `features` have `pattern` for the word, as they have by default. No configuration.
    """

    FILE = "words.json"
    NOTHING: ClassVar[Any] = ()

    def __init__(self, model_storage: ModelStorage, resource: Resource, known: Iterable[str]) -> None:
        super().__init__(model_storage, resource, known)
        self.words = frozenset(known)

    def train(self, training_data: TrainingData) -> Resource:
        """Find the words."""
        self.words = sometimes_marked(training_data.nlu_examples)
        return self.keep(sorted(self.words))

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Note the intents that the messages are labelled with."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Note the intent on the words of each message that has one."""
        for message in messages:
            intent = intent_of(message)
            for token in (message.get(TOKENS_NAMES[TEXT]) or ()) if intent else ():
                word = token.text.lower()
                if word in self.words:
                    token.set(PATTERN, {**token.get(PATTERN, {}), f"{intent} {word}": True})
        return messages


def sometimes_marked(messages: Iterable[Message]) -> frozenset[str]:
    """The words that are a part of an entity in some messages and of none in others."""
    marked, bare = set[str](), set[str]()
    for message in messages:
        spans = [
            (one[ENTITY_ATTRIBUTE_START], one[ENTITY_ATTRIBUTE_END]) for one in message.get(ENTITIES) or ()
        ]
        for token in message.get(TOKENS_NAMES[TEXT]) or ():
            inside = any(start < token.end and token.start < end for start, end in spans)
            (marked if inside else bare).add(token.text.lower())
    return frozenset(marked & bare)


def intent_of(message: Message) -> str:
    """The intent that a message is labelled with or taken for, the likeliest behind a fallback; "" without one.

    Of a retrieval intent it is the group.
    """
    found = message.get(INTENT)
    name = found.get("name") if isinstance(found, dict) else found
    if name == DEFAULT_NLU_FALLBACK_INTENT_NAME:
        ranking = (one["name"] for one in message.get(INTENT_RANKING_KEY) or ())
        name = next((one for one in ranking if one != DEFAULT_NLU_FALLBACK_INTENT_NAME), None)
    return str(name or "").split(RESPONSE_IDENTIFIER_DELIMITER)[0]
