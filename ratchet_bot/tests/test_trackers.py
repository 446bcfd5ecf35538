"""Conversations of any length."""

from __future__ import annotations

import asyncio
import contextvars
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    ConversationPaused,
    Event,
    ReminderScheduled,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from ratchet_bot.channel import memory, trackers
from ratchet_bot.tools.serve import load_agent
from tests.conftest import Trained

DOMAIN = Domain.from_yaml(
    """
version: "3.1"
intents: [greet]
slots:
  role: {type: text, influence_conversation: false, mappings: [{type: custom}]}
"""
)


def turn(number: int, *more: Event) -> list[Event]:
    """What a message leaves in a conversation."""
    return [
        UserUttered(f"message {number}", {"name": "greet"}, timestamp=float(number)),
        ActionExecuted("utter_greet", timestamp=float(number)),
        BotUttered(f"answer {number}", timestamp=float(number)),
        *more,
        ActionExecuted("action_listen", timestamp=float(number)),
    ]


def conversation(events: list[Event]) -> DialogueStateTracker:
    """A conversation with these events."""
    made = DialogueStateTracker("anna", DOMAIN.slots)
    made.update_with_events(
        [ActionExecuted("action_listen", timestamp=0.0), *events], None, override_timestamp=False
    )
    return made


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return [one["text"] for one in messages]


@given(st.integers(1, 60), st.integers(3, 12))
def test_what_is_kept_and_what_was_said_before_are_the_whole(length: int, most: int) -> None:
    """In order, each once; at least `most` messages of the person are kept, and fewer than twice as many."""
    whole = conversation([event for number in range(1, length + 1) for event in turn(number)])
    kept, before = trackers.shortened(whole, most)
    assert texts([*before, *trackers.said(kept.events)]) == texts(list(trackers.said(whole.events)))
    messages = sum(isinstance(event, UserUttered) for event in kept.events)
    assert min(length, most) <= messages < 2 * most
    assert kept.sender_id == "anna"
    assert kept.latest_message.text == whole.latest_message.text


def test_slots_form_and_silence_stay() -> None:
    """What an earlier message set holds on: the slot, the form that asks, and that a person took over."""
    more = [SlotSet("role", "contractor", 2.0), ActiveLoop("number_form", 2.0), ConversationPaused(2.0)]
    events = [*turn(1), *turn(2, *more), *(event for number in range(3, 40) for event in turn(number))]
    kept, before = trackers.shortened(conversation(events), 10)
    assert before
    assert kept.get_slot("role") == "contractor"
    assert kept.active_loop_name == "number_form"
    assert kept.is_paused()


def test_a_conversation_is_read_once_in_a_turn() -> None:
    """Outside of a turn, where nobody holds its lock, it is read each time."""

    async def scenario() -> None:
        store = trackers.MemoryTrackers(DOMAIN)
        await store.save(conversation(turn(1)))
        assert await store.retrieve("anna") is not await store.retrieve("anna")
        with trackers.turn("anna"):
            assert await store.retrieve("anna") is await store.retrieve("anna")
        assert await store.retrieve("anna") is not await store.retrieve("anna")

    asyncio.run(scenario())


def test_two_messages_taken_back_change_nothing_that_holds() -> None:
    """An end that began with them would take the slots of the start back: it begins earlier."""
    back = [UserUtteranceReverted(30.0), UserUtteranceReverted(30.0)]
    events = [*turn(1, SlotSet("role", "contractor", 1.0)), *(e for n in range(2, 30) for e in turn(n))]
    events += [*turn(30, *back), *(event for number in range(31, 40) for event in turn(number))]
    kept, _ = trackers.shortened(conversation(events), 10)
    assert kept.get_slot("role") == "contractor"


def test_a_conversation_that_a_person_took_over_is_shortened_too() -> None:
    """Nothing answers there, and nothing listens, so every message is a turn."""
    quiet = [UserUttered(f"message {n}", {"name": "greet"}, timestamp=float(n)) for n in range(3, 200)]
    whole = conversation([*turn(1), *turn(2, ConversationPaused(2.0)), *quiet])
    kept, before = trackers.shortened(whole, 10)
    assert sum(isinstance(event, UserUttered) for event in kept.events) == 10
    assert len(texts([*before, *trackers.said(kept.events)])) == len(texts(list(trackers.said(whole.events))))


def test_what_was_said_in_earlier_sessions_is_kept() -> None:
    """After a pause Rasa begins a session, and reads no earlier one again."""
    session = [ActionExecuted("action_session_start", timestamp=26.0), SessionStarted(26.0)]
    session += [ActionExecuted("action_listen", timestamp=26.0)]
    events = [
        *(e for n in range(1, 6) for e in turn(n)),
        *session,
        *(e for n in range(100, 102) for e in turn(n)),
    ]
    kept, before = trackers.shortened(conversation(events), 10)
    assert texts(before) == [text for n in range(1, 6) for text in (f"message {n}", f"answer {n}")]
    assert texts(list(trackers.said(kept.events)))[:1] == ["message 100"]


def test_a_reminder_is_carried_over() -> None:
    """It is valid only while the conversation has it."""
    when = datetime(2030, 1, 1, tzinfo=UTC)
    reminder = ReminderScheduled("remind", when, name="r", kill_on_user_message=False, timestamp=1.0)
    events = [*turn(1, reminder), *(event for number in range(2, 40) for event in turn(number))]
    kept, _ = trackers.shortened(conversation(events), 10)
    assert any(isinstance(event, ReminderScheduled) for event in kept.applied_events())


def test_what_outlives_a_turn_reads_the_store() -> None:
    """A reminder is armed within a turn, whose context it has."""

    async def scenario() -> None:
        store = trackers.MemoryTrackers(DOMAIN)
        await store.save(conversation(turn(1)))
        with trackers.turn("anna"):
            await store.retrieve("anna")
            later = contextvars.copy_context()
        await store.save(conversation([*turn(1), *turn(2)]))
        found = await asyncio.get_running_loop().create_task(store.retrieve("anna"), context=later)
        assert found is not None
        assert found.latest_message.text == "message 2"

    asyncio.run(scenario())


def test_answers_are_those_of_a_conversation_that_is_kept_whole(trained: Trained) -> None:
    """Fifty messages, with and without an end: each gets the same answer, and the end stays short."""
    said = ["how do i reset my password", "what is for lunch", "zyzzyva qwerty", "book a meeting room"]

    async def answers(messages: int) -> list[list[str]]:
        agent = load_agent(trained.archive, trained.domain, memory.make(None, messages))
        given = []
        for number in range(50):
            output = CollectingOutputChannel()
            with trackers.turn("anna"):
                await agent.processor.handle_message(UserMessage(said[number % 4], output, "anna"))
            given.append([one.get("text", "") for one in output.messages])
        store = trackers.of(agent)
        kept = await store.retrieve("anna")
        assert sum(isinstance(event, UserUttered) for event in kept.events) < 2 * messages
        assert len(texts([*await store.said_before("anna"), *trackers.said(kept.events)])) >= 100
        return given

    assert asyncio.run(answers(10)) == asyncio.run(answers(1000))
