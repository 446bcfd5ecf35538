"""Words that are an entity in some messages only: the intent tells CRFEntityExtractor which."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rasa.engine.storage.resource import Resource
from rasa.nlu.tokenizers.whitespace_tokenizer import WhitespaceTokenizer
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from ratchet_bot.components.words import WordsByIntent, intent_of, sometimes_marked

SAID = [
    ("I don't want to subscribe", "updates", "don't"),
    ("I do not subscribe", "updates", "do not"),
    ("I don't want my shoes", "return", ""),
    ("don't like that", "deny", ""),
    ("how do I return these", "return", ""),
    ("black shoes", "stock", "black"),
]


def message(text: str, intent: Any = None, entity: str = "") -> Message:
    """A message with its tokens, and its entity marked."""
    at = text.find(entity)
    marked = [{"start": at, "end": at + len(entity), "entity": "e", "value": entity}] if entity else []
    found = Message({"text": text, "intent": intent, "entities": marked})
    WhitespaceTokenizer(WhitespaceTokenizer.get_default_config()).process([found])
    return found


def noted(found: Message) -> dict[str, list[str]]:
    """What is noted on each word."""
    return {token.text: sorted(one) for token in found.get("text_tokens") if (one := token.get("pattern"))}


def component(folder: Path) -> WordsByIntent:
    """A component whose model is kept in a folder."""
    from contextlib import nullcontext

    storage: Any = SimpleNamespace(
        write_to=lambda resource: nullcontext(folder), read_from=lambda resource: nullcontext(folder)
    )
    return WordsByIntent.create({}, storage, Resource("x"), storage)


def test_only_words_that_are_marked_in_some_messages_are_told_apart() -> None:
    """Those that are always marked, or never, need no intent; Rasa's tokenizer makes two words of "don't"."""
    assert sometimes_marked(message(*one) for one in SAID) == {"do", "don", "t"}


def test_the_intent_is_noted_beside_patterns_and_kept_with_the_model(tmp_path: Path) -> None:
    """By label at training, and as understood afterwards; another word stays as it is."""
    made = component(tmp_path)
    data = TrainingData([message(*one) for one in SAID])
    made.train(data)
    made.process_training_data(data)
    assert noted(data.training_examples[0]) == {"don": ["updates don"], "t": ["updates t"]}
    assert noted(data.training_examples[5]) == {}
    loaded = WordsByIntent.load({}, made._model_storage, Resource("x"), made)  # type: ignore[arg-type]
    heard = message("No, DON'T!", {"name": "deny", "confidence": 0.9})
    heard.get("text_tokens")[1].set("pattern", {"shout": True})
    loaded.process([heard, message("don't")])
    assert noted(heard) == {"DON": ["deny don", "shout"], "T": ["deny t"]}


def test_the_intent_is_the_group_and_never_the_fallback() -> None:
    """As the dialogue sees it, or what it would be if it were believed."""
    ranking = [{"name": "nlu_fallback"}, {"name": "faq/hours"}]
    doubted = Message({"text": "x", "intent": {"name": "nlu_fallback"}, "intent_ranking": ranking})
    assert intent_of(doubted) == "faq"
    assert intent_of(Message({"text": "x", "intent": "greet"})) == "greet"
    assert intent_of(Message({"text": "x"})) == ""


def test_a_crf_then_finds_the_word_where_its_neighbours_are_the_same(tmp_path: Path) -> None:
    """Without the intent it takes "don't want" for what most messages have there."""
    from rasa.nlu.extractors.crf_entity_extractor import CRFEntityExtractor
    from rasa.nlu.featurizers.sparse_featurizer.lexical_syntactic_featurizer import LexicalSyntacticFeaturizer

    def found(with_intent: bool) -> list[str]:
        words = component(tmp_path)
        data = TrainingData([message(*one) for one in SAID])
        heard = message("uh I don't want to subscribe anymore", {"name": "updates", "confidence": 0.9})
        context: Any = SimpleNamespace(node_name="features")
        options, storage, here = (
            LexicalSyntacticFeaturizer.get_default_config(),
            words._model_storage,
            Resource("x"),
        )
        features = LexicalSyntacticFeaturizer(options, storage, here, context)
        features.train(data)
        features.process_training_data(data)
        if with_intent:
            words.train(data)
            words.process_training_data(data)
        crf = CRFEntityExtractor(CRFEntityExtractor.get_default_config(), storage, here)
        crf.train(data)
        crf.process(features.process(words.process([heard]) if with_intent else [heard]))
        return [str(one["value"]) for one in heard.get("entities")]

    assert found(with_intent=True) == ["don't"]
    assert found(with_intent=False) == []
