"""What a person's context changes in a conversation, in service and where it is played before a promotion."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from ratchet_bot.channel.context_slots import changed_by_context, context_slots
from ratchet_bot.tools._heard import looked_up
from ratchet_bot.tools._player import Player

DOMAIN = Domain.from_yaml(
    """
version: "3.1"
intents: [greet]
slots:
  role: {type: text, influence_conversation: false, mappings: [{type: custom}]}
  asked: {type: bool, initial_value: false, influence_conversation: false, mappings: [{type: custom}]}
"""
)


def tracker(*events: Any) -> DialogueStateTracker:
    """A conversation so far."""
    return DialogueStateTracker.from_events("anna", list(events), DOMAIN.slots)


def said(**context: str) -> UserUttered:
    """A message that came with a context."""
    return UserUttered("hello", {"name": "greet"}, metadata={"context": context})


def test_a_context_changes_its_own_slots_alone() -> None:
    """What an action has put into another stays; a field that was there before and is gone is unknown again."""
    begun = tracker(said(role="manager"), SlotSet("role", "manager"), SlotSet("asked", True))
    assert changed_by_context(begun, DOMAIN, {"role": "manager"}) == []
    assert changed_by_context(begun, DOMAIN, {"role": "employee"}) == [SlotSet("role", "employee")]
    assert changed_by_context(begun, DOMAIN, {}) == [SlotSet("role", None)]
    assert changed_by_context(tracker(said(), SlotSet("asked", True)), DOMAIN, {}) == []


def test_an_answer_is_looked_up_with_the_slots_that_a_new_conversation_has() -> None:
    """Those that no context fills have their first value, as people's have."""
    seen: list[dict[str, Any]] = []

    def variations(name: str, slots: dict[str, Any], channel: str) -> list[dict[str, Any]]:
        seen.append(slots)
        return [{"text": "Hello."}]

    answers = SimpleNamespace(variations=variations, responses={})
    player = SimpleNamespace(
        agent=SimpleNamespace(domain=DOMAIN), context_slots=context_slots(DOMAIN), answers=answers
    )
    looked_up(cast("Player", player), ["utter_greet"], {"role": "manager"})
    assert seen[0]["role"] == "manager"
    assert seen[0]["asked"] is False
