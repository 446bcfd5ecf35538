"""What is said of a pause and of conversations that people have."""

from __future__ import annotations

from ratchet.domain.operations import handoff

PAUSE = {"by": "mia", "since": 1_767_225_600.0, "say": "Back at 2 pm.", "handoff": False}


def test_a_pause_says_who_since_when_what_and_what_ends_it() -> None:
    """Both kinds."""
    alone = "stopped by mia since 2026-01-01 00:00 UTC: the bot only says “Back at 2 pm.”; `ratchet resume` ends it"
    assert handoff.paused_sentence(PAUSE) == alone
    assert "hands each conversation to a person, and says" in handoff.paused_sentence(
        {**PAUSE, "handoff": True}
    )


def test_a_row_says_who_has_it_and_for_how_long() -> None:
    """One that waits, one that is taken, and one whose time ends just now."""
    waits = {"conversation": "web/a", "since": 0.0, "taken_by": None, "taken_until": None, "unanswered": 2}
    taken = {
        **waits,
        "conversation": "web/b",
        "taken_by": "people/mia",
        "taken_until": 660.0,
        "unanswered": 0,
    }
    assert handoff.rows([waits, taken, {**taken, "taken_until": 59.0}], 60.0) == [
        ("web/a", "waits", "60 s", "2"),
        ("web/b", "people/mia for 10 min", "60 s", "0"),
        ("web/b", "people/mia for 0 s", "60 s", "0"),
    ]


def test_a_transcript_is_in_order_and_says_what_has_not_arrived() -> None:
    """Bot and person before the hand-off, person, colleague and notes since; equal seconds keep their order."""
    line = {
        "number": 1,
        "said_by": "person",
        "text": "hello?",
        "at": 1_767_225_601.2,
        "name": "",
        "received": False,
    }
    read = {
        "before": [
            {"from": "person", "text": "help", "at": "2026-01-01T00:00:00+00:00"},
            {"from": "bot", "text": "A colleague takes over.", "at": "2026-01-01T00:00:01+00:00"},
            {"from": "person", "text": "thanks", "at": "2026-01-01T00:02:00+00:00"},
        ],
        "lines": [
            line,
            {**line, "said_by": "colleague", "text": "hi", "at": 1_767_225_602.0, "name": "people/mia"},
            {**line, "said_by": "note", "text": "calm", "at": 1_767_225_603.0, "name": "people/mia"},
            {
                **line,
                "said_by": "colleague",
                "text": "ok",
                "at": 1_767_225_604.0,
                "name": "x",
                "received": True,
            },
        ],
    }
    assert [one[1:] for one in handoff.transcript(read)] == [
        ("person", "help"),
        ("bot", "A colleague takes over."),
        ("person", "hello?"),
        ("people/mia (not received yet)", "hi"),
        ("note of people/mia", "calm"),
        ("x", "ok"),
        ("person", "thanks"),
    ]
