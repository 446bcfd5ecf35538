"""What the end of an incident says: how things are now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ratchet.domain.operations.fleet import Fleet, Instance
from ratchet.domain.operations.health import Sighting
from ratchet.domain.operations.incidents import AlertPolicy, Incident, Kind, advance, lasting
from ratchet.domain.operations.probe import Probe
from ratchet.domain.operations.relief import relief
from ratchet.domain.operations.traffic import MonitorPolicy, Traffic

POLICY = MonitorPolicy()
ONE = Instance("bot.1", "10:00", True, "r7", "m7")
PASSED = Probe(0.045, None, "the probe got the right answer in 45 ms")
CALM = Traffic(5, 300, 12, 2, 300, 1, 20, 60)
SEEN = Sighting(500.0, {}, Fleet("r7", "m7", False, (ONE, replace(ONE, name="bot.2"))), CALM, probe=PASSED)


def said(kind: Kind, seen: Sighting = SEEN, subject: str = "") -> str:
    """What the look shows of an incident that is over."""
    return relief(Incident(kind, subject, "Before.", 0.0), seen, POLICY)


def test_replicas_and_probe_as_they_are_now() -> None:
    """Both of them, whichever of the two was wrong."""
    well = "all 2 replicas are ready, the probe got the right answer in 45 ms"
    assert said(Kind.BOT_DOWN) == said(Kind.REPLICA_DOWN) == well
    single = replace(SEEN, fleet=Fleet("r7", "m7", False, (ONE,)), probe=None)
    assert said(Kind.REPLICA_DOWN, single) == "the only replica is ready"
    rolling = replace(SEEN, fleet=Fleet("r7", "m7", True, (ONE,)))
    assert said(Kind.BOT_DOWN, rolling) == "a rollout is in progress, the probe got the right answer in 45 ms"
    assert said(Kind.BOT_DOWN, replace(SEEN, fleet=None)) == "the probe got the right answer in 45 ms"


def test_figures_as_they_are_now() -> None:
    """Too few requests end an incident too, and that is said."""
    assert said(Kind.ERRORS) == "1 of 300 requests in the last 5 min failed (0.3%)"
    assert said(Kind.LATENCY) == "95 of 100 replies take up to 60 ms"
    few = replace(SEEN, traffic=replace(CALM, requests=1))
    assert said(Kind.ERRORS, few) == "only 1 request came in the last 5 min, too few to judge"
    assert said(Kind.LATENCY, replace(SEEN, traffic=None)) == "there is no traffic"


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_an_end_in_words(kind: Kind) -> None:
    """With what a look shows, and where it shows nothing; never with the old sentence."""
    for seen in (SEEN, Sighting(500.0, {})):
        incident = Incident(kind, "7", "Before.", 100.0, seen=2, missed=1, begun=160.0)
        _, (end,) = advance([incident], [], (), 460.0, AlertPolicy(), lambda one: relief(one, seen, POLICY))  # noqa: B023
        assert end.sentence.startswith("Over")
        assert end.sentence.endswith(" 6 min.")
        assert "Before" not in end.sentence
        assert "{" not in end.sentence


def test_durations_are_told_roughly() -> None:
    """In the unit that people would use."""
    assert [lasting(seconds) for seconds in (5, 89, 90, 3600, 7200, 86400, 400_000)] == [
        "5 s",
        "89 s",
        "2 min",
        "60 min",
        "2 h",
        "24 h",
        "5 days",
    ]
