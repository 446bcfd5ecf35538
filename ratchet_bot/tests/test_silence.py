"""Who answers a turn: the bot, a person, or the pause."""

from __future__ import annotations

import asyncio

import pytest
from rasa.shared.core.events import ConversationPaused, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from ratchet_bot.channel import handed, hours, silence
from ratchet_bot.channel.access import Access, Client
from ratchet_bot.channel.desk import MemoryDesk
from ratchet_bot.channel.silence import Silence
from ratchet_bot.tools._errors import ToolError

ANSWERING = Access([Client("people", "p" * 16, frozenset({"handoff"}))])
NOBODY = Access([Client("web", "w" * 16)])


def test_it_is_silent_where_somebody_may_answer() -> None:
    """Or as RATCHET_HANDOFF says; a silence that nobody could end is refused."""
    assert silence.chosen(ANSWERING, {})
    assert silence.chosen(ANSWERING, {"RATCHET_HANDOFF": "silent"})
    assert not silence.chosen(ANSWERING, {"RATCHET_HANDOFF": "continue"})
    assert silence.chosen(ANSWERING, {"RATCHET_HANDOFF": "auto"})
    assert not silence.chosen(NOBODY, {"RATCHET_HANDOFF": "auto"})
    assert not silence.chosen(NOBODY, {"RATCHET_HANDOFF": ""})
    assert not silence.chosen(NOBODY, {})
    assert not silence.chosen(NOBODY, {"RATCHET_HANDOFF": "continue"})
    with pytest.raises(ToolError, match="no one could end the silence"):
        silence.chosen(NOBODY, {"RATCHET_HANDOFF": "silent"})
    with pytest.raises(ToolError, match="'quiet'"):
        silence.chosen(ANSWERING, {"RATCHET_HANDOFF": "quiet"})


def test_only_conversations_that_a_reply_can_reach_are_silent() -> None:
    """No check, no platform's, and none while the setting is `continue`."""
    for name, silent, covered in (
        ("web/anna", True, True),
        ("web/webhooks/anna", True, True),
        ("staging/check", True, False),
        ("webhooks/slack/U1", True, True),
        ("webhooks/rest/anna", True, False),
        ("webhooks/slack/U1", False, False),
        ("web/anna", False, False),
    ):
        assert Silence(MemoryDesk(), silent, reached={"slack"}).covers(name) is covered


def test_a_setting_of_continue_ends_silences() -> None:
    """The bot answers again also where a conversation was handed off before."""

    async def scenario() -> None:
        desk = MemoryDesk()
        await Silence(desk, True).hand_over("web/anna")
        assert (await Silence(desk, True).instead("web/anna", "/restart", None)).kept == 1
        assert await Silence(desk, False).instead("web/anna", "hello", None) is None

    asyncio.run(scenario())


def test_the_tracker_says_it_too_and_a_pause_of_the_projects_own_stays() -> None:
    """So a release of before is silent; only the pause with our mark is ended."""

    async def scenario() -> None:
        tracker = DialogueStateTracker("web/anna", [])
        tracker.update(UserUttered("help"))
        assert silence.resumed(tracker) == []
        for event in (await Silence(MemoryDesk(), True).hand_over("web/anna"))[0]:
            tracker.update(event)
        stored = DialogueStateTracker.from_events("web/anna", list(tracker.events))
        assert stored.is_paused()
        [event] = silence.resumed(stored)
        stored.update(event)
        assert not stored.is_paused()
        assert silence.resumed(stored) == []
        stored.update(ConversationPaused())
        assert silence.resumed(stored) == []

    asyncio.run(scenario())


def test_who_waits_is_told_each_sentence_once() -> None:
    """Outside the hours with the hand-off, or with the next message; nothing once somebody has it."""
    closed = hours.Hours({0: ()}, say_closed="We are away.", say_waiting="Somebody comes.")
    always = hours.Hours({}, say_closed="We are away.", say_waiting="Somebody comes.")

    async def scenario() -> None:
        desk = MemoryDesk()
        away, there = Silence(desk, True, closed), Silence(desk, True, always)
        assert (await away.hand_over("web/anna"))[1] == "We are away."
        assert (await away.instead("web/anna", "hello?", "m1")).said == ""
        assert (await there.hand_over("web/bea"))[1] == ""
        assert (await there.instead("web/bea", "hello?", "m1")).said == "Somebody comes."
        assert (await there.instead("web/bea", "hello?", "m2")).said == ""
        assert (await there.instead("web/bea", "hello?", "m1")).said == "Somebody comes."  # sent again
        assert (await away.instead("web/bea", "hello?", "m3")).said == "We are away."
        await desk.change("web/anna", lambda state: handed.taken(state, "mia", 1e12, 0.0))
        assert (await there.instead("web/anna", "hello?", "m2")).said == ""

    asyncio.run(scenario())
