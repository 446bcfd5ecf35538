"""Training data from JSON Lines, and the domain that covers it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ratchet_bot.components.importer import BadTrainingData, JsonLinesImporter, read_messages

DOMAIN = """
version: "3.1"
intents: [greet, bye]
responses:
  utter_bye: [{text: Bye.}]
  utter_hello: [{text: Hello.}]
"""
RULES = """
version: "3.1"
rules:
  - rule: greeting
    steps: [{intent: greet}, {action: utter_hello}]
"""


def importer(folder: Path, rows: list[dict[str, Any]], *others: str) -> JsonLinesImporter:
    (folder / "domain.yml").write_text(DOMAIN, encoding="utf-8")
    (folder / "rules.yml").write_text(RULES, encoding="utf-8")
    data = folder / "data.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return JsonLinesImporter(
        None, str(folder / "domain.yml"), [str(data), str(folder / "rules.yml"), *others]
    )


def row(text: str, intent: str, **context: str) -> dict[str, Any]:
    return {"text": text, "intent": intent, "context": context}


def test_an_intent_that_the_domain_lacks_gets_intent_rule_and_stand_in_answer(tmp_path: Path) -> None:
    """A bare list of messages and intents is enough to train a bot that answers."""
    found = importer(tmp_path, [row("hello", "greet"), row("pay slip", "pay_slip")])
    domain = found.get_domain()
    assert {"greet", "bye", "pay_slip", "nlu_fallback", "nlu_handoff"} <= set(domain.intents)
    assert "pay slip" in domain.responses["utter_pay_slip"][0]["text"]
    assert found.stand_in_answers == ["utter_pay_slip"]
    assert "answer pay_slip" in [step.block_name for step in found.get_stories().story_steps]


def test_written_rules_and_responses_are_left_alone(tmp_path: Path) -> None:
    """`greet` has a rule with another response, so it needs neither utter_greet nor a second rule."""
    found = importer(tmp_path, [row("hello", "greet"), row("bye", "bye")])
    assert "utter_greet" not in found.get_domain().responses
    assert found.get_domain().responses["utter_bye"][0]["text"] == "Bye."
    assert found.stand_in_answers == []
    rules = [step.block_name for step in found.get_stories().story_steps]
    assert rules.count("greeting") == 1
    assert "answer greet" not in rules


def test_each_context_field_gets_a_slot(tmp_path: Path) -> None:
    """Responses can be conditioned on every field that the corpus has."""
    found = importer(tmp_path, [row("hello", "greet", role="boss"), row("bye", "bye", location="rome")])
    assert {"role", "location"} <= {slot.name for slot in found.get_domain().slots}


def test_entity_markup_is_read(tmp_path: Path) -> None:
    """Rasa's markup becomes plain text with an entity, and the domain knows the entity."""
    found = importer(tmp_path, [row("a flight to [Rome](city)", "greet"), row("bye", "bye")])
    example = found.get_nlu_data().intent_examples[0]
    assert example.get("text") == "a flight to Rome"
    assert example.get("entities")[0]["entity"] == "city"
    assert "city" in found.get_domain().entities


def test_words_that_are_several_entities_are_read(tmp_path: Path) -> None:
    """Rasa's `[words][{…}, {…}]` gives one text and each of its entities."""
    text = 'to [Rome][{"entity": "city"}, {"entity": "capital"}]'
    example = importer(tmp_path, [row(text, "greet"), row("bye", "bye")]).get_nlu_data().intent_examples[0]
    assert example.get("text") == "to Rome"
    assert [one["entity"] for one in example.get("entities")] == ["city", "capital"]


def test_text_with_brackets_stays_as_it_is(tmp_path: Path) -> None:
    """Brackets that are no markup are text."""
    for text in ("error [42] in (a) list", "see [1][2]"):
        found = importer(tmp_path, [row(text, "greet"), row("bye", "bye")])
        assert found.get_nlu_data().intent_examples[0].get("text") == text


def test_extras_in_rasa_yaml_are_merged(tmp_path: Path) -> None:
    """Synonyms and lookups come from Rasa's own format beside the messages."""
    extras = tmp_path / "extras.yml"
    extras.write_text(
        'version: "3.1"\nnlu:\n- synonym: laptop\n  examples: |\n    - notebook\n', encoding="utf-8"
    )
    found = importer(tmp_path, [row("hello", "greet"), row("bye", "bye")], str(extras))
    assert found.get_nlu_data().entity_synonyms == {"notebook": "laptop"}


def test_context_reaches_the_messages(tmp_path: Path) -> None:
    """Values become text; empty ones are left out."""
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "a", "intent": "x", "context": {"role": "boss", "floor": 3, "location": ""}}\n')
    (message,) = read_messages(path)
    assert message.get("metadata") == {"context": {"role": "boss", "floor": "3"}}


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"text": "a"}', '{"intent": "x"}', '{"text": 3, "intent": "x"}']
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    """The error says which file and line it is."""
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "a", "intent": "x"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(BadTrainingData, match=r"data\.jsonl, line 2"):
        list(read_messages(path))
