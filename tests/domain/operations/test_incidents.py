"""Incidents: one alert at the begin, one at the end."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.operations.incidents import Alert, AlertPolicy, Incident, Kind, Occasion, Symptom, advance

POLICY = AlertPolicy()
SLOW = Symptom(Kind.LATENCY, "Slow.")
REJECTED = Symptom(Kind.GATE_REJECTED, "No.", subject="7", at_once=True)


def play(
    looks: Sequence[Sequence[Symptom]], unseen: Sequence[set[Kind]] = (), minutes: float = 1
) -> list[list[str]]:
    """What is told after each look."""
    incidents: tuple[Incident, ...] = ()
    told = []
    for number, found in enumerate(looks):
        hidden = unseen[number] if number < len(unseen) else set()
        incidents, alerts = advance(incidents, found, hidden, 1000 + 60 * minutes * number, POLICY)
        told.append([f"{alert.event} {alert.kind}" for alert in alerts])
    return told


def test_a_flicker_is_nobodys_business() -> None:
    """What one look sees and the next does not is not told."""
    assert play([[SLOW], [], [SLOW], []]) == [[], [], [], []]


def test_two_looks_begin_and_two_end() -> None:
    """However long it lasts in between."""
    told = play([[SLOW]] * 5 + [[]] * 3)
    assert told == [[], ["begin latency"], [], [], [], [], ["end latency"], []]


def test_what_is_certain_is_told_at_once() -> None:
    """Without a second look."""
    assert play([[REJECTED], [REJECTED]]) == [["begin gate rejected"], []]


def test_subjects_are_told_apart() -> None:
    """The next rejected version is news."""
    other = Symptom(Kind.GATE_REJECTED, "No.", subject="8", at_once=True)
    assert play([[REJECTED], [other], [other]]) == [
        ["begin gate rejected"],
        ["begin gate rejected"],
        ["end gate rejected"],
    ]


def test_not_seeing_ends_nothing() -> None:
    """While a source does not answer, its incidents stay open; afterwards they end as usual."""
    hidden: list[set[Kind]] = [set(), set(), {Kind.LATENCY}, {Kind.LATENCY}, {Kind.LATENCY}]
    told = play([[SLOW], [SLOW], [], [], [], [], []], hidden)
    assert told == [[], ["begin latency"], [], [], [], [], ["end latency"]]


def test_reminders_come_by_policy() -> None:
    """Every 24 hours while it goes on, with the newest sentence."""
    told = play([[SLOW]] * 50, minutes=60)
    assert [number for number, alerts in enumerate(told) if alerts == ["reminder latency"]] == [25, 49]


@given(
    st.lists(st.lists(st.sampled_from([SLOW, REJECTED]), unique=True, max_size=2), max_size=40),
    st.lists(st.sets(st.sampled_from([Kind.LATENCY, Kind.GATE_REJECTED])), max_size=40),
)
def test_begin_and_end_take_turns(looks: list[list[Symptom]], unseen: list[set[Kind]]) -> None:
    """Whatever is seen in whatever order: no second begin without an end, no end without a begin, and no two
    alerts of one id."""
    incidents: tuple[Incident, ...] = ()
    every: list[Alert] = []
    for number, found in enumerate(looks):
        hidden = unseen[number] if number < len(unseen) else set()
        incidents = tuple(Incident.from_dict(one.as_dict()) for one in incidents)  # a restart between looks
        incidents, alerts = advance(incidents, found, hidden, 60.0 * number, POLICY)
        every += alerts
    for kind in Kind:
        events = [alert.event for alert in every if alert.kind == kind]
        assert events[::2] == [Occasion.BEGIN] * len(events[::2])
        assert events[1::2] == [Occasion.END] * len(events[1::2])
    assert len({alert.id for alert in every}) == len(every)
