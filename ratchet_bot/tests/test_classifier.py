"""Checks that every classifier of the bot must pass, on Rasa's own storage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from ratchet_bot.components.classifier import LinearIntentClassifier
from tests import corpus

AWKWARD = {
    "empty": "",
    "blank": "   ",
    "long": "please reset my password " * 400,
    "one long word": "a" * 10_000,
    "emoji": "🎉🎉 👩‍💻",
    "right to left": "كيف أعيد تعيين كلمة المرور",
    "control characters": "\x00\x07 tab\t",
    "unseen words": "zyzzyva qwerty",
}


def message(text: str, intent: str | None = None, context: Any = None) -> Message:
    data = {"text": text, "metadata": {"context": context or {}}}
    return Message({**data, "intent": intent} if intent else data)


class Bench:
    """A classifier on a storage of its own."""

    def __init__(self, folder: Path, **config: Any) -> None:
        self.config = {**LinearIntentClassifier.get_default_config(), **config}
        self.storage = LocalModelStorage(folder)
        self.resource = Resource("classifier")
        self.execution = ExecutionContext(GraphSchema({}), node_name="classifier")

    def trained(self, rows: list[dict[str, Any]] | None = None) -> LinearIntentClassifier:
        examples = [message(r["text"], r["intent"], r["context"]) for r in rows or corpus.rows()]
        classifier = LinearIntentClassifier.create(self.config, self.storage, self.resource, self.execution)
        classifier.train(TrainingData(examples))
        return classifier

    def loaded(self) -> LinearIntentClassifier:
        return LinearIntentClassifier.load(self.config, self.storage, self.resource, self.execution)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("storage"))
    bench.trained()
    return bench


def output(classifier: LinearIntentClassifier, *messages: Message) -> list[dict[str, Any]]:
    return [m.as_dict(only_output_properties=True) for m in classifier.process(list(messages))]


def test_it_is_the_same_after_persistence(bench: Bench) -> None:
    """A classifier that was stored and loaded predicts what the one just trained does."""
    texts = [message(text, context={"role": "contractor"}) for text in AWKWARD.values()]
    again = [message(text, context={"role": "contractor"}) for text in AWKWARD.values()]
    assert output(bench.trained(), *texts) == output(bench.loaded(), *again)


def test_it_needs_no_component_before_it() -> None:
    """Its features are its own."""
    assert LinearIntentClassifier.required_components() == []


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD)
def test_awkward_text_gets_an_intent_and_a_whole_ranking(bench: Bench, text: str) -> None:
    """Any text is normal input: probabilities between 0 and 1, best first."""
    (found,) = output(bench.loaded(), message(text))
    confidences = [e["confidence"] for e in found["intent_ranking"] if e["name"] != "nlu_fallback"]
    assert found["intent"]["name"]
    assert confidences == sorted(confidences, reverse=True)
    assert sum(confidences) == pytest.approx(1.0)


@pytest.mark.parametrize("text", ["", "   ", "zyzzyva qwerty"])
def test_text_that_says_nothing_is_a_fallback(bench: Bench, text: str) -> None:
    """`nlu_fallback` leads Rasa's ranking, and the classifier's own choice follows."""
    (found,) = output(bench.loaded(), message(text))
    assert found["intent"]["name"] == found["intent_ranking"][0]["name"] == "nlu_fallback"
    assert found["intent_ranking"][1]["name"] in bench.loaded().model.intents


@pytest.mark.parametrize(
    "context", [None, {}, {"role": None}, {"role": "emperor"}, {"shoe": 44}, {"role": ["a"]}, "berlin", 3]
)
def test_any_context_is_normal_input(bench: Bench, context: Any) -> None:
    """Missing, unknown, extra and malformed context leave a clear message with its intent."""
    (found,) = output(bench.loaded(), message("please reset my password", context=context))
    assert found["intent"]["name"] == "reset_password"


def test_a_message_without_metadata_is_classified(bench: Bench) -> None:
    """Rasa's own channels send none."""
    (found,) = output(bench.loaded(), Message({"text": "please reset my password"}))
    assert found["intent"]["name"] == "reset_password"


def test_the_fallback_can_be_given_up(tmp_path: Path) -> None:
    """`in_scope_loss: null` answers everything but empty messages."""
    bold = Bench(tmp_path, in_scope_loss=None)
    bold.trained()
    assert output(bold.loaded(), message("zyzzyva qwerty"))[0]["intent"]["name"] != "nlu_fallback"
    assert output(bold.loaded(), message(" "))[0]["intent"]["name"] == "nlu_fallback"


def test_context_fields_can_be_named(tmp_path: Path) -> None:
    """A field that the configuration leaves out has no say."""
    blind = Bench(tmp_path, context_fields=[])
    classifier = blind.trained()
    one, other = output(
        classifier,
        message("days off", context={"role": "employee", "location": "berlin"}),
        message("days off", context={"role": "contractor", "location": "lisbon"}),
    )
    assert one["intent"] == other["intent"]


def test_one_intent_is_refused(tmp_path: Path) -> None:
    """Rasa's own exception for what the user can mend."""
    rows = [{"text": "a", "intent": "x", "context": {}}, {"text": "b", "intent": "x", "context": {}}]
    with pytest.raises(InvalidConfigException, match="two intents"):
        Bench(tmp_path).trained(rows)


def test_no_messages_give_no_predictions(bench: Bench) -> None:
    """An empty batch is fine."""
    assert bench.loaded().process([]) == []
