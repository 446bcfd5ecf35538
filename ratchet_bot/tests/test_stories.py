"""Rasa's own test stories: what cannot be read is named, and entities have to be found as they are annotated."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered

from ratchet_bot.tools._errors import ToolError
from ratchet_bot.tools._player import Player
from ratchet_bot.tools._stories import misunderstood, trackers

STORY = "- story: {0}\n  steps:\n  - user: {1}\n    intent: book\n  - action: utter_book\n"


def player(*entities: dict[str, Any], intent: str = "book") -> Player:
    """A bot that understands the same in every message."""
    parsed = {"intent": {"name": intent}, "entities": list(entities)}
    domain = Domain.from_dict(
        {"intents": ["book"], "entities": ["city"], "responses": {"utter_book": [{"text": "Booked."}]}}
    )
    agent = SimpleNamespace(domain=domain)
    return cast(Player, SimpleNamespace(agent=agent, understood=lambda *_: parsed))


def message(folder: Path, text: str) -> UserUttered:
    """The message of a story, as Rasa reads it."""
    path = folder / "test_all.yml"
    path.write_text(f"stories:\n{STORY.format('one', text)}")
    [tracker] = trackers(player(), path)
    [said] = [event for event in tracker.events if isinstance(event, UserUttered)]
    return said


@pytest.mark.parametrize("text", ["- story: x\n  steps:\n  - nothing: here\n", "- 7\n", "7\n"])
def test_a_test_story_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    """One error with the file; no traceback."""
    path = tmp_path / "test_bad.yml"
    path.write_text(f"stories:\n{text}")
    with pytest.raises(ToolError, match=r"The stories of .*test_bad\.yml cannot be read: .* Correct them\."):
        list(trackers(player(), path))


@pytest.mark.parametrize(
    ("text", "found", "wrong"),
    [
        ("to [rome](city)", [("city", 3, 7, "rome")], ""),
        ("to [rome](city)", [("city", 3, 7, "rome"), ("day", 0, 2, "to")], ""),
        ("to [muc](city)", [("city", 3, 6, "munich")], ""),
        ("to [muc](city:munich)", [("city", 3, 6, "munich")], ""),
        ("to [muc](city:munich)", [("city", 3, 6, "muc")], "'munich' is not found as city"),
        ("to [rome](city)", [], "'rome' is not found as city"),
        ("to [rome](city)", [("city", 2, 7, "rome")], "'rome' is not found as city"),
        ("to rome", [("city", 3, 7, "rome")], ""),
    ],
)
def test_annotated_entities_have_to_be_found(
    tmp_path: Path, text: str, found: list[tuple[str, int, int, str]], wrong: str
) -> None:
    """Where and as they are annotated; one that the story does not mention is none of its business."""
    entities = [dict(zip(("entity", "start", "end", "value"), one, strict=True)) for one in found]
    said = misunderstood(player(*entities), message(tmp_path, text))
    assert [wrong in line for line in said] == [True] * bool(wrong)


def test_a_role_and_an_intent_that_differ_are_told(tmp_path: Path) -> None:
    """Both by name."""
    event = message(tmp_path, '\'to [rome]{"entity": "city", "role": "to"}\'')
    city = {"entity": "city", "start": 3, "end": 7, "value": "rome", "role": "from"}
    assert misunderstood(player(city, intent="greet"), event) == [
        "'to rome' is greet, not book",
        "in 'to rome' 'rome' is not found as city (to)",
    ]
