"""What people are told, played without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ratchet_bot.tools import play
from ratchet_bot.tools._conversations import says
from ratchet_bot.tools._dialogue import dialogue_files
from tests.conftest import Trained

TALKS = """
- name: an employee forgot it
  steps:
  - {user: how do i reset my password, intent: reset_password, bot: self-service desk}
- name: a contractor forgot it
  context: {role: contractor}
  steps:
  - {user: forgot my password, bot: your agency}
- name: nobody says so
  steps:
  - {user: forgot my password, bot: a bicycle}
"""
STORY = """
version: "3.1"
stories:
- story: one password
  steps:
  - user: how do i reset my password
    intent: reset_password
  - action: utter_reset_password
- story: another answer
  steps:
  - user: how do i reset my password
    intent: reset_password
  - action: utter_handoff
"""


@pytest.fixture(scope="module")
def played(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The small model, played with tests of which one is of before."""
    folder = tmp_path_factory.mktemp("played")
    for name, text in (
        ("tests/talks.yml", TALKS),
        ("tests/test_stories.yml", STORY),
        ("then/talks.yml", TALKS),
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text.replace("a bicycle", "a boat") if name.startswith("then") else text)
    (folder / "bot").mkdir()
    (folder / "bot" / "rules.yml").write_text(
        'version: "3.1"\nrules:\n- rule: reset\n  steps:\n  - intent: reset_password\n'
        "  - action: utter_reset_password\n"
    )
    words = ["--model", f"candidate={trained.archive}", "--domain", str(trained.domain), "--out", str(folder)]
    words += [
        "--tests",
        str(folder / "tests"),
        "--earlier",
        str(folder / "then"),
        "--dialogue",
        str(folder / "bot"),
    ]
    assert play.main(words) == 0
    found: dict[str, Any] = json.loads((folder / "candidate.played.json").read_text())
    return found


def test_conversations_are_played_in_full_and_with_intents_given(played: dict[str, Any]) -> None:
    """With the context that they state; what is not as written is said."""
    talks = {(one["name"], one["edition"]): one for one in played["trials"] if one["kind"] == "conversation"}
    for name in ("an employee forgot it", "a contractor forgot it"):
        assert talks[name, "both"]["given"]["mismatches"] == talks[name, "both"]["full"]["mismatches"] == []
    assert "without 'a bicycle'" in talks["nobody says so", "today"]["given"]["mismatches"][0]
    assert "without 'a boat'" in talks["nobody says so", "earlier"]["given"]["mismatches"][0]


def test_stories_are_followed_as_rasa_follows_them(played: dict[str, Any]) -> None:
    """Action by action, those of tests and those that the bot is made of."""
    stories = {
        one["name"]: one["given"]["mismatches"] for one in played["trials"] if one["kind"] == "test story"
    }
    assert stories["one password"] == []
    assert "it does utter_reset_password, not utter_handoff" in stories["another answer"][0]
    [rule] = played["followed"]
    assert (rule["kind"], rule["given"]["mismatches"], rule["actions"]) == ("rule", [], 2)


def test_first_answers_are_heard_with_each_context_that_changes_them(played: dict[str, Any]) -> None:
    """And which of them nobody wrote."""
    answers = {one["intent"]: one["answers"] for one in played["answers"]}
    everybody, contractor = answers["reset_password"]
    assert everybody["said"] == [["Reset it at the self-service desk."]]
    assert (contractor["context"], contractor["said"]) == (
        {"role": "contractor"},
        [["Ask your agency to reset it."]],
    )
    assert answers["cafeteria"][0]["stand_in"]
    assert not everybody["stand_in"]
    assert answers["nlu_handoff"][0]["said"] == [["A colleague takes over."]]


def test_a_part_has_to_be_in_every_variation() -> None:
    """Rasa says one of them by lot."""
    assert says([["Good day", "good DAY to you"]], "Good day", "good day")
    assert not says([["Good day", "Hello"]], "Good day", "good day")
    assert says([["Hello"], ["Good day", "A good day"]], "Hello Good day", "good day")
    assert says([["Good"], ["day"]], "Good day", "good day")


def test_rules_and_stories_lie_in_two_places(tmp_path: Path) -> None:
    """rules.yml, and all below data/."""
    for name in ("rules.yml", "data/a/x.yml", "data/y.yaml", "data/z.json", "other.yml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in dialogue_files(tmp_path)]
    assert found == ["rules.yml", "data/a/x.yml", "data/y.yaml"]
