"""A conversation at a person's desk, as a pure state."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet_bot.channel import handed
from ratchet_bot.channel.handed import BOT, CLOSED, COLLEAGUE, PERSON, RETURNED, Handed, NotPossible

NAMES = st.sampled_from(["mia", "ben"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("open")),
        st.tuples(st.just("write"), st.integers(0, 9)),
        st.tuples(st.just("take"), NAMES, st.integers(1, 5)),
        st.tuples(st.just("reply"), NAMES, st.integers(0, 9)),
        st.tuples(st.just("note"), NAMES, st.integers(0, 9)),
        st.tuples(st.just("end"), NAMES, st.sampled_from([RETURNED, CLOSED])),
        st.tuples(st.just("receive"), st.integers(0, 30)),
    ),
    max_size=40,
)


def step(state: Handed, what: tuple[Any, ...], now: float) -> Handed:
    """Make one step; one that is not possible changes nothing."""
    changes = {
        "open": lambda: handed.opened(state, now),
        "write": lambda number: handed.wrote(state, f"w{number}", f"w{number}", now),
        "take": lambda name, seconds: handed.taken(state, name, seconds, now),
        "reply": lambda name, number: handed.replied(state, name, f"r{number}", f"r{number}", 3, now),
        "note": lambda name, number: handed.noted(state, name, f"n{number}", f"n{number}", now),
        "end": lambda name, how: handed.ended(state, name, how, now),
        "receive": lambda number: handed.received(state, number),
    }
    try:
        return changes[what[0]](*what[1:])
    except NotPossible:
        return state


@given(STEPS)
def test_nothing_is_lost_twice_or_out_of_order(steps: list[tuple[Any, ...]]) -> None:
    """Lines have the numbers 1, 2, …; each id is there once; what was kept stays; only `end` lets the bot speak."""
    state = Handed()
    for now, what in enumerate(steps):
        before, state = state, step(state, what, float(now))
        assert [line.number for line in state.lines] == list(range(1, state.last + 1))
        assert state.lines[: len(before.lines)] == before.lines
        assert len({(line.said_by, line.id) for line in state.lines}) == len(state.lines)
        assert state.received >= before.received
        assert state.received <= state.last
        if before.silent and not state.silent:
            assert what[0] == "end"
        if what[0] == "write" and before.silent:
            assert handed.number_of(state, PERSON, f"w{what[1]}")


@given(STEPS)
def test_one_colleague_has_it(steps: list[tuple[Any, ...]]) -> None:
    """While one has it and their time runs, no step of another's changes who has it, or adds a reply."""
    state = Handed()
    for now, what in enumerate(steps):
        before, state = state, step(state, what, float(now))
        other = before.holder(float(now))
        if what[0] in ("take", "reply", "end") and other and what[1] != other:
            assert state == before
        added = [line for line in state.lines[len(before.lines) :] if line.said_by == COLLEAGUE]
        assert all(state.taken_by == line.name for line in added)


@given(STEPS)
def test_a_step_that_comes_again_changes_nothing(steps: list[tuple[Any, ...]]) -> None:
    """A desk and a proxy send a request again when its answer was lost."""
    state = Handed()
    for now, what in enumerate(steps):
        state = step(state, what, float(now))
        assert step(state, what, float(now)) == state


@given(STEPS, st.integers(0, 40))
def test_a_user_gets_each_reply_once_in_order(steps: list[tuple[Any, ...]], every: int) -> None:
    """Who says what they have, and asks for the rest, has every reply, also those from before an end."""
    state, got = Handed(), []
    for now, what in enumerate(steps):
        state = step(state, what, float(now))
        if now % (every + 1) == 0:
            got += (new := state.unreceived())
            state = handed.received(state, new[-1].number if new else 0)
    acknowledged_by_steps = any(what[0] == "receive" for what in steps)
    got += state.unreceived()
    said = [line for line in state.lines if line.said_by == COLLEAGUE]
    assert got == said or (acknowledged_by_steps and set(got) <= set(said))


@given(STEPS)
def test_it_is_stored_as_json(steps: list[tuple[Any, ...]]) -> None:
    """What is read again is the same, also with what a later release adds."""
    state = Handed()
    for now, what in enumerate(steps):
        state = step(state, what, float(now))
    stored = json.loads(json.dumps(state.as_dict()))
    assert handed.of(stored) == state
    newer = {**stored, "colour": "red", "lines": [{**line, "mood": "calm"} for line in stored["lines"]]}
    assert handed.of(newer) == state


def test_many_lines_are_bounded_and_no_unreceived_reply_leaves() -> None:
    """The oldest leave, counted; a reply that its user does not have stays."""
    state = handed.taken(handed.opened(Handed(), 0), "mia", 10, 0)
    state = handed.replied(state, "mia", "hello", "r", 10, 0)
    for number in range(handed.MOST_LINES + 20):
        state = handed.wrote(state, "x", f"w{number}", 1)
    assert len(state.lines) == handed.MOST_LINES
    assert state.left_out == 21
    assert [line.text for line in state.unreceived()] == ["hello"]
    assert state.last == handed.MOST_LINES + 21


def test_a_time_that_is_over_frees_it_and_the_bot_stays_silent() -> None:
    """Another colleague may take it then, and who had it may go on where nobody did."""
    state = handed.taken(handed.opened(Handed(), 0), "mia", 10, 0)
    with pytest.raises(NotPossible, match="mia has"):
        handed.taken(state, "ben", 10, 9.9)
    assert state.silent
    assert state.holder(10) == ""
    assert handed.taken(state, "ben", 10, 10).taken_by == "ben"
    assert handed.replied(state, "mia", "late", "r", 10, 11).holder(12) == "mia"
    with pytest.raises(NotPossible, match="Take"):
        handed.replied(handed.opened(Handed(), 0), "mia", "x", "r", 10, 1)


def test_ids_of_an_application_that_counts_anew_are_new_messages() -> None:
    """Ten minutes later `1` is another message."""
    state = handed.wrote(handed.opened(Handed(), 0), "one", "1", 0)
    assert handed.wrote(state, "one", "1", 599) == state
    assert [line.text for line in handed.wrote(state, "two", "1", 600).lines] == ["one", "two"]


def test_a_bots_conversation_takes_nothing() -> None:
    """Only what was handed off can be taken, answered, noted or ended."""
    state = Handed()
    assert state.status == BOT
    assert handed.wrote(state, "x", "1", 0) == state
    for change in (
        lambda: handed.taken(state, "mia", 1, 0),
        lambda: handed.replied(state, "mia", "x", "r", 1, 0),
        lambda: handed.noted(state, "mia", "x", "n", 0),
        lambda: handed.ended(state, "mia", CLOSED, 0),
    ):
        with pytest.raises(NotPossible, match="not handed off"):
            change()
