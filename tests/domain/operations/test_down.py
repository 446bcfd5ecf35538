"""From degraded to down and back: who is told when, and what an end needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.operations.fleet import Fleet, Instance
from ratchet.domain.operations.health import Sighting, symptoms
from ratchet.domain.operations.incidents import Alert, Incident, Kind, Occasion, advance, told
from ratchet.domain.operations.probe import Fault, Probe
from ratchet.domain.operations.relief import relief
from ratchet.domain.operations.traffic import MonitorPolicy

POLICY = MonitorPolicy()
UP = (Instance("bot.1", "10:00", True, "r7", "m7"), Instance("bot.2", "10:00", True, "r7", "m7"))
ONE_UP = (UP[0], replace(UP[1], ready=False))
NONE_UP = tuple(replace(one, ready=False) for one in UP)
NEW = tuple(replace(one, since="11:00") for one in UP)
PASSED = Probe(0.045, None, "the probe got the right answer in 45 ms")
SILENT = Probe(0.001, Fault.NO_ANSWER, "a message to http://bot got no answer: 503 Service Unavailable")
OTHER = Probe(0.001, Fault.WRONG_RELEASE, "a message to http://bot was answered by r6")


@dataclass
class Watch:
    """A monitor that looks each minute and remembers as the real one does."""

    incidents: tuple[Incident, ...] = ()
    fleet: Fleet | None = None
    alerts: list[Alert] = field(default_factory=list)
    number: int = 0

    def look(
        self, instances: Sequence[Instance] | None, probe: Probe | None = PASSED, rolling: bool = False
    ) -> list[str]:
        """Look at a fleet, None for one that cannot be seen; returns what is told."""
        fleet = None if instances is None else Fleet("r7", "m7", rolling, tuple(instances))
        blind = {"fleet": "gone"} if fleet is None else {}
        seen = Sighting(60.0 * self.number, blind, fleet, probe=probe)
        found = symptoms(seen, self.fleet, POLICY, Kind.BOT_DOWN in told(self.incidents))
        self.incidents, alerts = advance(
            self.incidents, found, seen.unseen, seen.at, POLICY.alerts, lambda one: relief(one, seen, POLICY)
        )
        self.fleet = fleet.remembered(self.fleet) if fleet else self.fleet
        self.alerts += alerts
        self.number += 1
        return [f"{alert.event} {alert.kind}" for alert in alerts if alert.kind != Kind.BLIND]


def test_degraded_turns_into_down_with_an_alert_of_its_own() -> None:
    """Within two looks, however long the first has been told; the ends come together, after two right answers."""
    watch = Watch()
    assert [watch.look(ONE_UP), watch.look(ONE_UP)] == [[], ["begin replica down"]]
    for _ in range(30):
        watch.look(ONE_UP)
    assert [watch.look((), SILENT), watch.look((), SILENT)] == [[], ["begin bot down"]]
    assert watch.alerts[-1].sentence.startswith(
        "No replica is running; 2 are expected. A message to http://bot got"
    )
    assert [watch.look((), SILENT) for _ in range(5)] == [[]] * 5
    assert [watch.look(NEW), watch.look(NEW)] == [[], ["end replica down", "end bot down"]]
    assert watch.alerts[-1].sentence == (
        "Over: all 2 replicas are ready, the probe got the right answer in 45 ms; it lasted 8 min."
    )
    assert [watch.look(NEW) for _ in range(5)] == [[]] * 5


def test_down_turns_into_degraded_in_words_that_are_right() -> None:
    """People are answered again, and not all is well: the one ends, the other begins, in one look."""
    watch = Watch(fleet=Fleet("r7", "m7", False, UP))
    assert [watch.look(NONE_UP, SILENT), watch.look(NONE_UP, SILENT)] == [[], ["begin bot down"]]
    half = (NEW[0], replace(UP[1], ready=False))
    assert [watch.look(half), watch.look(half)] == [[], ["end bot down", "begin replica down"]]
    end, begin = watch.alerts[-2:]
    assert end.sentence == (
        "Over: the probe got the right answer in 45 ms, but 1 of 2 replicas is ready; it lasted 3 min."
    )
    assert begin.sentence == "1 of 2 replicas is ready: bot.2 is not."
    watch.look(NEW)
    watch.look(NEW)
    assert watch.look(NEW) == ["end replica down"]
    assert watch.alerts[-1].sentence.startswith(
        "Over: all 2 replicas are ready, the probe got the right answer"
    )


def test_replicas_that_are_ready_end_nothing_without_an_answer() -> None:
    """Nor does a monitor that cannot ask, nor an answer of another release."""
    watch = Watch()
    for _ in range(2):
        watch.look((), SILENT)
    for probe in (SILENT, None, OTHER) * 5:
        assert "end bot down" not in watch.look(UP, probe)
    watch.look(UP)
    assert "end bot down" in watch.look(UP)


LOOKS = st.lists(
    st.tuples(
        st.sampled_from([UP, NEW, ONE_UP, NONE_UP, (), None]),
        st.sampled_from([PASSED, PASSED, SILENT, OTHER, None]),
        st.booleans(),
    ),
    max_size=40,
)


@given(LOOKS)
def test_down_never_ends_without_answers(
    looks: list[tuple[tuple[Instance, ...] | None, Probe | None, bool]],
) -> None:
    """Each end of `bot down` comes in a look whose probe passed, the second such look since it was last seen down."""
    watch, answers = Watch(), 0
    for instances, probe, rolling in looks:
        down = Sighting(
            0, {}, Fleet("r7", "m7", rolling, instances) if instances is not None else None, probe=probe
        ).down
        answers = 0 if down else answers + (probe is not None and probe.passed)
        if "end bot down" in watch.look(instances, probe, rolling):
            assert probe is not None
            assert probe.passed
            assert answers == POLICY.alerts.looks


@given(LOOKS)
def test_all_replicas_gone_is_told_within_two_looks(
    looks: list[tuple[tuple[Instance, ...] | None, Probe | None, bool]],
) -> None:
    """Whatever was before: people know then that the bot is down; and begin and end take turns all the time."""
    watch = Watch()
    for instances, probe, rolling in looks:
        watch.look(instances, probe, rolling)
    for _ in range(POLICY.alerts.looks):
        watch.look((), SILENT)
    assert Kind.BOT_DOWN in told(watch.incidents)
    events = [
        alert.event for alert in watch.alerts if alert.kind == Kind.BOT_DOWN and alert.event != "reminder"
    ]
    assert events[::2] == [Occasion.BEGIN] * len(events[::2])
    assert events[1::2] == [Occasion.END] * len(events[1::2])
    assert len({alert.id for alert in watch.alerts}) == len(watch.alerts)
