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


FIGURES = {
    "waiting": 2,
    "taken": 1,
    "longest_seconds": 700.0,
    "open": True,
    "hours": 24.0,
    "opened": 9,
    "replied": 6,
    "first_reply_p50_seconds": 75.0,
    "first_reply_p90_seconds": 300.0,
}


def test_somebody_who_waits_too_long_is_told_within_the_hours() -> None:
    """Not below the limit, not where nobody waits or it is closed, and not without a limit."""
    found = handoff.desk_figures({**FIGURES, "of_a_later_release": 1})
    [symptom] = handoff.waiting_symptoms(found, 10)
    assert symptom.kind == "people waiting"
    assert symptom.sentence.startswith(
        "2 conversations wait for a person, one of them for 12 min; the limit is 10 min."
    )
    closed = handoff.desk_figures({**FIGURES, "longest_seconds": None, "open": False})
    for figures, minutes in ((found, 12), (found, None), (closed, 10), (None, 10)):
        assert list(handoff.waiting_symptoms(figures, minutes)) == []


def test_the_figures_are_said_in_a_clause() -> None:
    """And nothing where no conversation was handed off."""
    said = "2 conversations waiting for a person, 1 taken, first reply after 75 s (median)"
    assert handoff.desk_figures(FIGURES).said == said
    assert handoff.desk_figures({**FIGURES, "open": False}).said == f"{said}, outside the hours"
    assert handoff.desk_figures({**FIGURES, "waiting": 0, "taken": 0, "opened": 0}).said == ""
