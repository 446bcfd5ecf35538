"""Retrieval intents without a second model: groups for the dialogue, members for corpus and gate."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasa.shared.nlu.training_data.message import Message

from ratchet_bot import retrieval
from ratchet_bot.components.importer import JsonLinesImporter
from ratchet_bot.components.reading import make_importer, refuse_others
from ratchet_bot.components.retrieval import RetrievalGroups
from ratchet_bot.tools import play, train
from ratchet_bot.tools._model import load, prediction_of

NAMES = ["greet", "faq/a", "faq/b", "faq/c", "chat/x", "chat/y"]
RANKINGS = st.lists(st.sampled_from(NAMES), unique=True, min_size=1).flatmap(
    lambda names: st.lists(st.floats(0.001, 1), min_size=len(names), max_size=len(names)).map(
        lambda parts: [(name, part / sum(parts)) for name, part in zip(names, parts, strict=True)]
    )
)
CONFIG = """
recipe: default.v1
assistant_id: test
language: en
importers: [{name: ratchet_bot.components.importer.JsonLinesImporter, only_new_intents: true}]
pipeline:
- name: ratchet_bot.components.classifier.LinearIntentClassifier
  ranking_length: 0
- name: ratchet_bot.components.retrieval.RetrievalGroups
policies: [{name: MemoizationPolicy}, {name: RulePolicy}]
"""
DOMAIN = """
version: "3.1"
intents: [greet, faq, inform]
responses:
  utter_greet: [{text: Hello.}]
  utter_faq/hours: [{text: At nine.}]
  utter_faq/price: [{text: Ten.}]
"""
RULES = """
version: "3.1"
rules:
- rule: answer
  steps: [{intent: faq}, {action: utter_faq}]
- rule: greet
  steps: [{intent: greet}, {action: utter_greet}]
"""
TEXTS = {
    "greet": ["hello", "hi there", "good morning", "hey you", "greetings"],
    "faq/hours": [
        "when are you open",
        "opening hours please",
        "at what time do you open",
        "open on sunday",
        "hours",
    ],
    "faq/price": [
        "what does it cost",
        "how much is it",
        "tell me the price",
        "is it expensive",
        "cost of a ticket",
    ],
    "inform": ["my name is anna", "it is blue", "the red one", "size nine", "two of them"],
}


def grouped(ranking: list[tuple[str, float]], intent: str | None = None) -> dict[str, Any]:
    """The parse data of a message with a ranking."""
    message = Message({"text": "x"})
    listed = [{"name": name, "confidence": part} for name, part in sorted(ranking, key=lambda one: -one[1])]
    head = {"name": intent, "confidence": listed[0]["confidence"]} if intent else listed[0]
    message.set("intent", head, add_to_output=True)
    message.set("intent_ranking", [*([head] if intent else []), *listed], add_to_output=True)
    RetrievalGroups(None, None, {}).process([message])  # type: ignore[arg-type]
    return {"entities": [], **message.as_dict(only_output_properties=True)}


@given(RANKINGS)
def test_a_group_has_the_sum_of_its_members_and_each_member_its_own_confidence_again(
    ranking: list[tuple[str, float]],
) -> None:
    """There and back nothing is lost: what the gate sees is the classifier's own ranking."""
    parsed = grouped(ranking)
    for one in parsed["intent_ranking"]:
        members = [part for name, part in ranking if retrieval.group_of(name) == one["name"]]
        assert one["confidence"] == pytest.approx(sum(members))
    back = retrieval.ungrouped(parsed, [(e["name"], e["confidence"]) for e in parsed["intent_ranking"]])
    assert dict(back) == pytest.approx(dict(ranking))
    assert back[0][0] == retrieval.full(parsed, parsed["intent"]["name"])


@given(RANKINGS)
def test_the_response_is_that_of_the_likeliest_member_of_the_group(ranking: list[tuple[str, float]]) -> None:
    """`utter_faq` finds it under its own name, as with Rasa's ResponseSelector."""
    parsed = grouped(ranking)
    for group, chosen in parsed.get("response_selector", {}).items():
        if group == retrieval.MEMBERS:
            continue
        best = max((one for one in ranking if retrieval.group_of(one[0]) == group), key=lambda one: one[1])
        assert chosen["response"]["utter_action"].startswith(f"utter_{group}/")
        assert dict(ranking)[chosen["response"]["intent_response_key"]] == pytest.approx(best[1])


def test_two_members_that_share_a_message_are_no_doubt_about_the_group() -> None:
    """0.3 + 0.3 is more than 0.4."""
    parsed = grouped([("greet", 0.4), ("faq/a", 0.31), ("faq/b", 0.29)])
    assert parsed["intent"] == {"name": "faq", "confidence": pytest.approx(0.6)}
    prediction = prediction_of(parsed)
    assert (prediction.intent, prediction.ranking[0][0]) == ("faq/a", "faq/a")


def test_a_fallback_stays_in_front() -> None:
    """What the classifier did not believe is no group's question."""
    parsed = grouped([("faq/a", 0.6), ("greet", 0.4)], intent="nlu_fallback")
    assert parsed["intent"]["name"] == "nlu_fallback"
    assert [one["name"] for one in parsed["intent_ranking"]] == ["nlu_fallback", "faq", "greet"]
    assert prediction_of(parsed).ranking[0] == ("faq/a", pytest.approx(0.6))


def test_rasas_own_selector_is_read_in_the_same_way() -> None:
    """Group and response key are joined, also where one selector serves all groups."""
    chosen = {
        "response": {"intent_response_key": "faq/a"},
        "ranking": [
            {"intent_response_key": "faq/a", "confidence": 0.9},
            {"intent_response_key": "chat/x", "confidence": 0.1},
        ],
    }
    parsed = {
        "intent": {"name": "faq", "confidence": 0.8},
        "intent_ranking": [{"name": "faq", "confidence": 0.8}, {"name": "greet", "confidence": 0.2}],
        "response_selector": {"all_retrieval_intents": ["faq/a"], "default": chosen},
    }
    assert prediction_of(parsed).intent == "faq/a"
    assert prediction_of(parsed).ranking == (("faq/a", pytest.approx(0.72)), ("greet", 0.2))


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained bot with a group, in a folder."""
    folder = tmp_path_factory.mktemp("retrieval")
    for name, text in (("config.yml", CONFIG), ("domain.yml", DOMAIN), ("data/rules.yml", RULES)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    lines = [{"text": text, "intent": intent} for intent, texts in TEXTS.items() for text in texts]
    (folder / "train.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    names = {
        "--data": "train.jsonl",
        "--config": "config.yml",
        "--domain": "domain.yml",
        "--rules": "rules.yml",
        "--dialogue": "data",
        "--out": "model.tar.gz",
        "--report": "report.json",
    }
    assert train.main([word for option, name in names.items() for word in (option, str(folder / name))]) == 0
    return folder


def test_corpus_and_gate_see_the_member_and_the_dialogue_answers_for_the_group(bot: Path) -> None:
    """The report lists members, a prediction is a member, and the rule of the group gives the member's response."""
    report = json.loads((bot / "report.json").read_text())
    assert {"faq/hours", "faq/price"} <= set(report["intents"])
    assert "faq" not in report["intents"]
    assert report["stand_in_answers"] == []
    assert load(bot / "model.tar.gz").predict(["when are you open"], [{}])[0].intent == "faq/hours"


def test_rules_of_groups_and_the_agent_say_the_members_words(bot: Path) -> None:
    """`intent: faq`, `action: utter_faq` needs no edit."""
    from rasa.core.agent import Agent

    agent = Agent.load(str(bot / "model.tar.gz"))
    said = [
        asyncio.run(agent.handle_text(text))[0]["text"] for text in ("how much is it", "opening hours please")
    ]
    assert said == ["Ten.", "At nine."]


def test_an_intent_that_the_domain_lists_is_left_as_the_dialogue_has_it(bot: Path) -> None:
    """`inform` is in no rule and gets none; a new intent gets a rule and a stand-in."""
    files = [str(bot / "train.jsonl"), str(bot / "data")]
    names = {
        step.block_name
        for step in JsonLinesImporter(
            str(bot / "config.yml"), str(bot / "domain.yml"), files, only_new_intents=True
        )
        .get_stories()
        .story_steps
    }
    assert "answer inform" not in names
    assert "answer nlu_fallback" in names
    all_of_them = JsonLinesImporter(str(bot / "config.yml"), str(bot / "domain.yml"), files)
    assert "answer inform" in {step.block_name for step in all_of_them.get_stories().story_steps}


def test_test_stories_are_played_with_intents_given_and_in_full(bot: Path, tmp_path: Path) -> None:
    """Intents of a group and its members are one to the dialogue; an entity that is not found fails in full alone."""
    story = "- story: {0}\n  steps:\n  - user: {1}\n    intent: {2}\n  - action: {3}\n"
    told = [
        ("asked", "when are you open", "faq", "utter_faq"),
        ("member", "how much is it", "faq/price", "utter_faq"),
        ("wrong words", "size nine", "greet", "utter_greet"),
        ("wrong action", "hello", "greet", "utter_faq"),
        ("entity", "hello [berlin](city)", "greet", "utter_greet"),
    ]
    (tmp_path / "test_all.yml").write_text("stories:\n" + "".join(story.format(*one) for one in told))
    words = ["--model", f"m={bot / 'model.tar.gz'}", "--tests", str(tmp_path), "--out", str(tmp_path)]
    assert play.main([*words, "--domain", str(bot / "domain.yml")]) == 0
    found = {one["name"]: one for one in json.loads((tmp_path / "m.played.json").read_text())["trials"]}
    wrong = {name: (one["given"]["mismatches"], one["full"]["mismatches"]) for name, one in found.items()}
    assert {name: (not given, not full) for name, (given, full) in wrong.items()} == {
        "asked": (True, True),
        "member": (True, True),
        "wrong words": (True, False),
        "wrong action": (False, False),
        "entity": (True, False),
    }
    assert "'size nine' is" in wrong["wrong words"][1][0]
    assert wrong["wrong action"][0] == ["after 'hello' it does utter_greet, not utter_faq"]
    assert "'berlin' is not found as city" in wrong["entity"][1][0]


def test_messages_among_rules_are_refused(bot: Path, tmp_path: Path) -> None:
    """They would be learnt beside the ledger."""
    mixed = tmp_path / "data" / "mixed.yml"
    mixed.parent.mkdir()
    mixed.write_text(RULES + "nlu:\n- intent: greet\n  examples: |\n    - hello\n")
    with pytest.raises(
        Exception, match=r"mixed.yml has a section `nlu:` beside rules or stories\. Take the messages in"
    ):
        refuse_others([str(tmp_path / "data")])
    config = {"importers": [{"name": "x"}], "pipeline": [], "policies": []}
    importer, alone = make_importer(config, bot / "config.yml", bot / "domain.yml", [str(bot / "data")])
    assert importer is alone
