"""What of a look is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ratchet.domain.operations.failure import Failure
from ratchet.domain.operations.health import Expiry, Fleet, Instance, Newest, Retrains, Sighting, symptoms
from ratchet.domain.operations.incidents import Kind, Symptom
from ratchet.domain.operations.traffic import MonitorPolicy, ProxyCount, Traffic, remember, with_proxy

POLICY = MonitorPolicy()
ONE = Instance("bot.1", "10:00", True, "r7", "m7")
TWO = Instance("bot.2", "10:01", True, "r7", "m7")
FLEET = Fleet("r7", "m7", False, (ONE, TWO))
CALM = Traffic(5, 300, 12, 2, 300, 0, 20, 60)
NOW = 1_000_000.0
WELL = Sighting(NOW, {}, FLEET, CALM, retrains=Retrains(NOW - 3600, NOW + 3600))


def kinds(seen: Sighting, before: Fleet | None = FLEET) -> list[Kind]:
    """The kinds of what is wrong."""
    return [symptom.kind for symptom in symptoms(seen, before, POLICY)]


def only(seen: Sighting, before: Fleet | None = FLEET) -> Symptom:
    """The one thing that is wrong."""
    (symptom,) = symptoms(seen, before, POLICY)
    return symptom


def with_fleet(*instances: Instance) -> Sighting:
    """All is well but for the replicas."""
    return replace(WELL, fleet=replace(FLEET, instances=instances))


def test_a_good_fleet_has_nothing_wrong() -> None:
    """Nor has a workspace in which nothing was released yet."""
    assert kinds(WELL) == []
    assert kinds(Sighting(NOW, {}, Fleet("", "", False, ()))) == []


def test_a_replica_that_does_not_answer_is_down() -> None:
    """Named, with how many are left."""
    silent = replace(TWO, ready=False, release="", model_id="", since="")
    symptom = only(with_fleet(ONE, silent), before=None)
    assert symptom.kind is Kind.REPLICA_DOWN
    assert "1 of 2" in symptom.sentence
    assert "bot.2" in symptom.sentence
    assert not symptom.at_once


def test_a_replica_that_was_started_anew_between_two_looks_was_down() -> None:
    """The engine is quicker than the monitor; what it repaired is told all the same."""
    symptom = only(with_fleet(ONE, replace(TWO, since="10:07")))
    assert symptom.kind is Kind.REPLICA_DOWN
    assert symptom.at_once
    assert "bot.2 was lost; 2 of 2" in symptom.sentence


def test_a_replica_that_was_down_and_back_within_two_looks_is_told() -> None:
    """The look that saw it down is not forgotten, whether its place has the same name afterwards or another."""
    silent = replace(TWO, ready=False, since="")
    down = replace(FLEET, instances=(ONE, silent))
    remembered = down.remembered(FLEET)
    assert set(remembered.instances) == {ONE, TWO}
    for name in ("bot.2", "process-77"):
        back = with_fleet(ONE, replace(TWO, name=name, since="10:09"))
        assert only(back, remembered).at_once
    assert kinds(WELL, remembered) == []  # it only did not answer for a moment
    grown = with_fleet(ONE, TWO, replace(TWO, name="bot.3", since="10:09"))
    assert kinds(grown, FLEET) == []


@pytest.mark.parametrize(
    "before",
    [
        replace(FLEET, release="r6"),
        replace(FLEET, rolling=True),
        replace(FLEET, instances=(ONE, TWO, replace(TWO, name="bot.3"))),
    ],
)
def test_releases_and_smaller_fleets_are_meant(before: Fleet) -> None:
    """Then replicas are gone on purpose."""
    assert kinds(with_fleet(ONE, replace(TWO, since="10:07")), before) == []


def test_another_model_than_the_recorded_one_makes_a_mixed_fleet() -> None:
    """Release and model both have to be right."""
    for wrong in (replace(TWO, model_id="m6"), replace(TWO, release="r6", model_id="m6")):
        assert only(with_fleet(ONE, wrong)).kind is Kind.FLEET_MIXED
        swapped = with_fleet(ONE, replace(wrong, since="10:09"))
        assert only(swapped).kind is Kind.FLEET_MIXED
        assert swapped.fleet is not None
        back = with_fleet(ONE, replace(TWO, since="10:11"))
        assert kinds(back, swapped.fleet.remembered(FLEET)) == []


def test_a_rollout_is_no_incident_and_ends_none() -> None:
    """While it goes on, the fleet's kinds are not judged."""
    rolling = replace(FLEET, rolling=True, instances=(ONE, replace(TWO, ready=False)))
    seen = replace(WELL, fleet=rolling)
    assert kinds(seen) == []
    assert {Kind.REPLICA_DOWN, Kind.FLEET_MIXED} <= seen.unseen


@pytest.mark.parametrize(
    ("traffic", "kind"),
    [
        (replace(CALM, errors=7), Kind.ERRORS),
        (replace(CALM, p95_ms=1001), Kind.LATENCY),
        (replace(CALM, errors=6, p95_ms=1000), None),
        (replace(CALM, requests=19, errors=19, p95_ms=9000), None),
    ],
)
def test_limits_of_traffic(traffic: Traffic, kind: Kind | None) -> None:
    """At the limit all is well; too few requests say nothing."""
    assert kinds(replace(WELL, traffic=traffic)) == ([kind] if kind else [])


def test_a_verdict_is_told_until_somebody_decides() -> None:
    """One kind for a rejection and one for a question, by version."""
    asked = Newest("8", "ask", "Three misses.", settled=False)
    assert only(replace(WELL, newest=asked)).kind is Kind.GATE_ASKS
    assert only(replace(WELL, newest=replace(asked, decision="reject"))).subject == "8"
    assert kinds(replace(WELL, newest=replace(asked, settled=True))) == []


def test_an_override_is_announced_a_day_before_its_end() -> None:
    """Not earlier, and not when it is over."""
    for hours, told in ((25, False), (23, True), (-1, False)):
        seen = replace(WELL, override=Expiry("7", "Ana", NOW + 3600 * hours))
        assert (kinds(seen) == [Kind.OVERRIDE_ENDS]) is told


def test_the_dead_mans_switch() -> None:
    """No retrain for longer than the schedule and the grace allow; null turns it off."""
    late = replace(WELL, retrains=Retrains(NOW - 9e5, NOW - 3600 * 12 - 1))
    assert only(late).kind is Kind.RETRAIN_OVERDUE
    assert kinds(replace(late, retrains=Retrains(NOW - 9e5, NOW - 3600 * 11))) == []
    off = POLICY.model_copy(update={"retrain_grace_hours": None})
    assert symptoms(late, FLEET, off) == ()


def test_each_flow_that_failed_is_an_incident_of_its_own() -> None:
    """A release that failed tells as much as a retrain; its end is told when a later run of that flow succeeds."""
    broken = (
        Failure("release", NOW, "failed", "w", "No disk."),
        Failure("retrain", NOW, "crashed", "w", "Gone."),
    )
    release, retrain = symptoms(replace(WELL, retrains=Retrains(NOW, NOW, broken)), FLEET, POLICY)
    assert (release.kind, release.subject, release.at_once) == (Kind.RUN_FAILED, "release", True)
    assert release.sentence.startswith("The release “w” failed")
    assert (retrain.kind, retrain.subject) == (Kind.RETRAIN_FAILED, "")
    blind = replace(WELL, blind={"retrains": "gone"}, retrains=None)
    assert {Kind.RUN_FAILED, Kind.RETRAIN_FAILED} <= blind.unseen


def test_a_source_that_does_not_answer_is_told_and_hides_only_its_own() -> None:
    """Blindness is an incident itself."""
    seen = replace(WELL, blind={"traffic": "gone"}, traffic=None, unpushed="abc.dir")
    assert kinds(seen) == [Kind.NOT_PUSHED, Kind.BLIND]
    assert seen.unseen == {Kind.ERRORS, Kind.LATENCY, Kind.DRIFT}


def test_the_proxys_counters_become_figures_of_the_window() -> None:
    """Differences count, old ones leave the window, and a restart begins anew."""
    counts: tuple[ProxyCount, ...] = ()
    for minute in range(10):
        counts = remember(counts, ProxyCount(60.0 * minute, 100 * minute, 2 * minute, 30), minutes=5)
    traffic = with_proxy(CALM, counts, 5)
    assert traffic is not None
    assert (traffic.requests, traffic.errors, traffic.minutes) == (500, 10, 5)
    assert traffic.p95_ms == CALM.p95_ms
    alone = with_proxy(None, counts, 5)
    assert alone is not None
    assert alone.p95_ms == 30
    restarted = remember(counts, ProxyCount(600, 3, 0, 1), minutes=5)
    assert len(restarted) == 1
    assert with_proxy(CALM, restarted, 5) == CALM
