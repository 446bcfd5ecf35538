"""What of a look is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ratchet.domain.operations.failure import Failure
from ratchet.domain.operations.fleet import Fleet, Instance
from ratchet.domain.operations.health import Expiry, Newest, Retrains, Sighting, symptoms
from ratchet.domain.operations.incidents import Kind, Symptom
from ratchet.domain.operations.probe import Fault, Probe
from ratchet.domain.operations.traffic import MonitorPolicy, Traffic

POLICY = MonitorPolicy()
ONE = Instance("bot.1", "10:00", True, "r7", "m7")
TWO = Instance("bot.2", "10:01", True, "r7", "m7")
FLEET = Fleet("r7", "m7", False, (ONE, TWO))
CALM = Traffic(5, 300, 12, 2, 300, 0, 20, 60)
NOW = 1_000_000.0
PASSED = Probe(0.045, None, "the probe got the right answer in 45 ms")
SILENT = Probe(0.002, Fault.NO_ANSWER, "a message to http://bot got no answer: 503 Service Unavailable")
WELL = Sighting(NOW, {}, FLEET, CALM, retrains=Retrains(NOW - 3600, NOW + 3600), probe=PASSED)


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
    nothing = Sighting(NOW, {}, Fleet("", "", False, ()))
    assert kinds(nothing) == []
    assert not nothing.down


def test_a_replica_that_does_not_answer_is_down() -> None:
    """Named, with how many are left."""
    silent = replace(TWO, ready=False, release="", model_id="", since="")
    symptom = only(with_fleet(ONE, silent), before=None)
    assert symptom.kind is Kind.REPLICA_DOWN
    assert symptom.sentence == "1 of 2 replicas is ready: bot.2 is not."
    assert not symptom.at_once


def test_a_replica_that_was_restarted_between_two_looks_was_down() -> None:
    """The engine is quicker than the monitor; what it repaired is told all the same."""
    symptom = only(with_fleet(ONE, replace(TWO, since="10:07")))
    assert symptom.kind is Kind.REPLICA_DOWN
    assert symptom.at_once
    assert symptom.sentence == "bot.2 was lost; all 2 replicas are ready now."
    both = with_fleet(replace(ONE, since="10:07"), replace(TWO, since="10:07"))
    assert only(both).sentence == "bot.1 and bot.2 were lost; all 2 replicas are ready now."


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


OFF = (replace(ONE, ready=False), replace(TWO, ready=False))
GONE = (Instance("flt_bot.?", "", False, "", ""),) * 2


@pytest.mark.parametrize(
    ("instances", "before", "said"),
    [
        (OFF, FLEET, "None of the 2 replicas is ready."),
        (OFF[:1], FLEET, "The only replica is not ready."),
        ((OFF[0], *GONE), FLEET, "None of the 3 replicas is ready: 2 are missing."),
        (GONE, FLEET, "No replica is running; 2 are expected."),
        ((), FLEET.remembered(None), "No replica is running; 2 are expected."),
        ((), replace(FLEET, instances=(ONE,)).remembered(None), "No replica is running; 1 is expected."),
        ((), None, "No replica is running."),
    ],
)
def test_without_a_ready_replica_the_bot_is_down(
    instances: tuple[Instance, ...], before: Fleet | None, said: str
) -> None:
    """In words with the right numbers, also where none is declared any more; that replicas are down is part of it."""
    for probe in (SILENT, None):
        seen = replace(with_fleet(*instances), probe=probe)
        symptom = only(seen, before)
        assert symptom.kind is Kind.BOT_DOWN
        assert symptom.sentence.startswith(said)
        assert ("503" in symptom.sentence) is (probe is not None)
        assert symptom.sentence.endswith(
            "`ratchet serve` starts the live release again, or says why it cannot."
        )
        assert {Kind.BOT_DOWN, Kind.REPLICA_DOWN} <= seen.unseen


def test_ready_replicas_whose_answers_reach_nobody_are_a_bot_that_is_down() -> None:
    """The proxy may be what is broken; replicas that are missing are told beside it."""
    symptom = only(replace(WELL, probe=SILENT))
    assert symptom.kind is Kind.BOT_DOWN
    assert symptom.sentence == (
        "A message to http://bot got no answer: 503 Service Unavailable, although all 2 replicas are ready."
    )
    assert kinds(replace(with_fleet(ONE, OFF[1]), probe=SILENT)) == [Kind.BOT_DOWN, Kind.REPLICA_DOWN]
    assert kinds(replace(WELL, fleet=None, blind={"fleet": "gone"}, probe=SILENT)) == [
        Kind.BOT_DOWN,
        Kind.BLIND,
    ]


def test_people_who_are_answered_have_a_bot_that_is_up() -> None:
    """Whatever the replicas say to the monitor; it tells both."""
    symptom = only(with_fleet(*OFF))
    assert symptom.kind is Kind.REPLICA_DOWN
    assert symptom.sentence == (
        "None of the 2 replicas is ready, although the probe got the right answer in 45 ms."
    )


def test_another_release_behind_the_front_door_is_a_mixed_fleet() -> None:
    """Once, whoever saw it; whether the bot is down is not known then, so that it was is not over either."""
    other = Probe(0.01, Fault.WRONG_RELEASE, "a message to http://bot was answered by r6")
    assert only(replace(WELL, probe=other)).kind is Kind.FLEET_MIXED
    wrong = replace(TWO, release="r6")
    assert kinds(replace(with_fleet(ONE, wrong), probe=other)) == [Kind.FLEET_MIXED]
    assert Kind.BOT_DOWN in replace(WELL, probe=other).unseen
    assert Kind.FLEET_MIXED in replace(WELL, probe=SILENT).unseen


def test_what_people_know_as_down_is_not_told_again_as_lost() -> None:
    """The replicas that come after it are others; after a moment that nobody was told of, they were lost."""
    back = with_fleet(replace(ONE, since="11:00"), replace(TWO, since="11:00"))
    remembered = replace(FLEET, instances=()).remembered(FLEET)
    assert set(remembered.instances) == {ONE, TWO}
    assert only(back, remembered).at_once
    assert symptoms(back, remembered, POLICY, told_down=True) == ()


def test_a_rollout_is_no_incident_and_ends_none() -> None:
    """While it goes on, the fleet's kinds are not judged; only people who get no answer are."""
    for two in (ONE, replace(ONE, ready=False)):
        rolling = replace(FLEET, rolling=True, instances=(two, replace(TWO, ready=False)))
        seen = replace(WELL, fleet=rolling)
        assert kinds(seen) == []
        assert {Kind.REPLICA_DOWN, Kind.FLEET_MIXED} <= seen.unseen
        assert kinds(replace(seen, probe=SILENT)) == [Kind.BOT_DOWN]


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


def test_a_bot_that_somebody_stopped_is_told_at_once() -> None:
    """And that it answers again; a bot that is silent says neither."""
    stopped = only(replace(WELL, paused="stopped by mia: the bot only says “Later.”"))
    assert (stopped.kind, stopped.at_once) == (Kind.PAUSED, True)
    assert stopped.sentence == "Stopped by mia: the bot only says “Later.”."
    assert Kind.WAITING in replace(WELL, blind={"hand-offs": "x"}).unseen
    assert Kind.PAUSED in replace(WELL, paused=None).unseen
    assert Kind.PAUSED not in WELL.unseen
    assert Kind.PAUSED in replace(WELL, blind={"pause": "x"}).unseen
