"""What becomes of a rollout, and what a load test lets through."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.release.load_test import LoadFigures, LoadTestPolicy, LoadVerdict, judge_load
from ratchet.domain.release.rollout import (
    ServiceState,
    Task,
    Update,
    Wanted,
    failures,
    fetching,
    is_at,
    kept,
    outcome,
    reason,
)

NEW, OLD = Wanted("sha256:new", "r2"), Wanted("sha256:old", "r1")
BEFORE = Update("completed", "monday")
POLICY = LoadTestPolicy()


def task(
    wanted: Wanted, state: str = "running", desired: str = "running", error: str = "", name: str = "bot.1"
) -> Task:
    """A task of a release."""
    return Task(f"{name}-{state}", name, "n1", wanted.image, wanted.release, desired, state, error)


def fleet(*tasks: Task, update: Update = BEFORE, replicas: int = 2) -> ServiceState:
    """A fleet of two."""
    return ServiceState(replicas, update, tasks)


def updated(state: str) -> Update:
    """A change that began after `BEFORE`."""
    return Update(state, "tuesday")


def test_all_replicas_at_the_wanted_release_is_done() -> None:
    """Done needs every declared replica, running, and the engine's word that it is finished watching."""
    both = (task(NEW), task(NEW, name="bot.2"))
    assert outcome(fleet(*both, update=updated("completed")), NEW, BEFORE) == "done"
    assert outcome(fleet(*both, update=updated("updating")), NEW, BEFORE) == "in progress"
    assert outcome(fleet(*both[:1], update=updated("completed")), NEW, BEFORE) == "in progress"


def test_other_secrets_for_the_same_release_are_there_once_the_engine_says_so() -> None:
    """Each replica names the wanted release before and after, so that alone proves nothing."""
    both = (task(NEW), task(NEW, name="bot.2"))
    assert outcome(fleet(*both), NEW, BEFORE) == "done"
    assert outcome(fleet(*both), NEW, BEFORE, again=True) == "in progress"
    assert outcome(fleet(*both, update=updated("updating")), NEW, BEFORE, again=True) == "in progress"
    assert outcome(fleet(*both, update=updated("completed")), NEW, BEFORE, again=True) == "done"


def test_a_replica_of_the_old_release_is_not_done() -> None:
    """As long as one replica of another release is wanted to run, the fleet is not at the release."""
    assert not is_at(fleet(task(NEW), task(NEW, name="bot.2"), task(OLD, name="bot.3")), NEW)
    assert not is_at(fleet(task(NEW), task(replace(NEW, release="r3"), name="bot.2")), NEW)
    assert is_at(fleet(task(NEW), task(NEW, name="bot.2"), task(OLD, "shutdown", "shutdown")), NEW)


def test_a_node_that_fetches_the_image_is_no_replica_that_does_not_start() -> None:
    """Only the wanted one, and only while it is wanted."""
    assert fetching(fleet(task(NEW, "preparing"), task(NEW)), NEW)
    assert not fetching(fleet(task(OLD, "preparing"), task(NEW, "starting")), NEW)
    assert not fetching(fleet(task(NEW, "preparing", desired="shutdown"), task(NEW)), NEW)


def test_an_automatic_rollback_is_seen() -> None:
    """`rollback_completed` after the change began means that the old release serves again."""
    back = (task(OLD), task(OLD, name="bot.2"))
    assert outcome(fleet(*back, update=updated("rollback_completed")), NEW, BEFORE) == "rolled back"
    assert outcome(fleet(*back, update=updated("rollback_started")), NEW, BEFORE) == "in progress"


def test_an_old_rollback_is_not_mistaken_for_this_one() -> None:
    """A state that the engine reported before the change says nothing about the change."""
    before = Update("rollback_completed", "monday")
    old = (task(OLD), task(OLD, name="bot.2"))
    assert outcome(fleet(*old, update=before), NEW, before) == "in progress"


def test_an_ordered_rollback_ends_in_done() -> None:
    """Going back with the engine's own rollback, `rollback_completed` is what was wanted."""
    back = (task(OLD), task(OLD, name="bot.2"))
    assert outcome(fleet(*back, update=updated("rollback_completed")), OLD, BEFORE, going_back=True) == "done"
    assert outcome(fleet(*back, update=updated("rollback_paused")), OLD, BEFORE, going_back=True) == "failed"


def test_a_first_start_that_keeps_failing_has_failed() -> None:
    """Without a release to go back to the engine would try for ever; three failed replicas are enough."""
    failed = [task(NEW, "failed", "shutdown", name=f"bot.{n}") for n in range(3)]
    assert outcome(fleet(*failed[:2], update=Update()), NEW, Update()) == "in progress"
    assert outcome(fleet(*failed, update=Update()), NEW, Update()) == "failed"


@given(st.lists(st.sampled_from(["running", "starting", "failed", "pending", "shutdown"]), max_size=5))
def test_done_is_never_said_of_less_than_all(states: list[str]) -> None:
    """Whatever the tasks are, done implies that exactly the declared number of replicas run."""
    tasks = [task(NEW, state, name=f"bot.{n}") for n, state in enumerate(states)]
    if outcome(fleet(*tasks, update=updated("completed")), NEW, BEFORE) == "done":
        assert states.count("running") == len(states) == 2


def test_the_reason_is_the_engines() -> None:
    """A failure is told before a wait, each with the engine's words; a silent wait names the health check."""
    failed = task(NEW, "failed", "shutdown", "task: non-zero exit (3)")
    waiting = task(NEW, "pending", error="no suitable node (insufficient resources on 1 node)")
    assert reason([waiting, failed], NEW) == "bot.1 is failed: task: non-zero exit (3)"
    assert "insufficient resources" in reason([waiting], NEW)
    assert "health check" in reason([task(NEW, "starting")], NEW)
    assert reason([task(OLD, "failed", "shutdown", "of another release")], NEW) == ""
    assert failures([failed, waiting, task(OLD, "failed")], NEW) == [failed]


def figures(requests: int = 500, errors: int = 0, p95: float = 40) -> LoadFigures:
    """What a load test measured."""
    return LoadFigures(requests, errors, p95 / 2, p95)


@pytest.mark.parametrize(
    ("candidate", "champion", "broken"),
    [
        (figures(), figures(), None),
        (figures(), None, None),
        (figures(requests=10), figures(), "at least 50"),
        (figures(errors=1), figures(), r"1 request of 500 failed \(0.2%, limit 0.0%\)"),
        (figures(p95=501), None, "p95 is 501 ms, the limit 500 ms"),
        (figures(p95=131), figures(p95=40), "live release has 40 ms"),
        (figures(p95=130), figures(p95=40), None),
        (figures(p95=49), figures(p95=1), None),
        (figures(p95=501), figures(p95=500), "p95 is 501 ms, the limit 500 ms"),
        (figures(p95=1052), figures(p95=501), None),
        (figures(p95=1053), figures(p95=501), r"live release has 501 ms \(limit 1052 ms\)"),
        (figures(errors=1, p95=700), figures(p95=700), "1 request of 500 failed"),
        (figures(requests=40, p95=700), figures(requests=40, p95=700), "answered 40: test for longer"),
        (figures(p95=501), figures(requests=0, p95=0), "the limit 500 ms"),
    ],
)
def test_each_limit_of_the_load_test(
    candidate: LoadFigures, champion: LoadFigures | None, broken: str | None
) -> None:
    """Count, errors, p95 and p95 against the live release are held against the policy, with value and limit."""
    verdict = judge_load(candidate, champion, POLICY)
    assert verdict.passed == (broken is None)
    if broken:
        with pytest.raises(AssertionError, match=broken):
            raise AssertionError(" ".join(verdict.reasons))


measured = st.builds(
    figures,
    requests=st.integers(0, 200),
    errors=st.integers(0, 3),
    p95=st.floats(0, 3000),
)


@given(measured, measured)
def test_who_is_no_slower_than_the_live_release_is_never_refused_for_it(
    candidate: LoadFigures, champion: LoadFigures
) -> None:
    """On a busy machine neither; what is left are too few answers and errors, whatever the live release did."""
    if champion.requests and candidate.p95_ms <= champion.p95_ms:
        enough = candidate.requests >= POLICY.min_requests
        assert judge_load(candidate, champion, POLICY).passed == (enough and not candidate.errors)


@given(measured, st.none() | measured)
def test_a_limit_that_does_not_count_is_said(candidate: LoadFigures, champion: LoadFigures | None) -> None:
    """Who is over the absolute limit is refused for it, or has a note that names the live release's figure."""
    verdict = judge_load(candidate, champion, POLICY)
    over = candidate.p95_ms > POLICY.max_p95_ms
    excused = over and champion is not None and champion.requests > 0 and champion.p95_ms > POLICY.max_p95_ms
    assert bool(verdict.notes) == excused
    assert any("the limit 500 ms." in reason for reason in verdict.reasons) == (over and not excused)
    if excused and champion:
        assert f"{champion.p95_ms:.0f} ms in the same test" in verdict.notes[0]


def test_a_verdict_survives_json() -> None:
    """Locust's process hands the verdict over as JSON."""
    for verdict in (
        judge_load(figures(errors=2), figures(), POLICY),
        judge_load(figures(p95=600), figures(p95=600), POLICY),
    ):
        assert LoadVerdict.from_dict(verdict.as_dict()) == verdict


def test_a_replica_that_was_stopped_for_its_health_is_a_failure() -> None:
    """The engine calls it complete and gives no error; the reason says what it means."""
    stopped = task(NEW, "complete", "shutdown")
    assert failures([stopped], NEW) == [stopped]
    assert "health check did not succeed" in reason([stopped], NEW)


@given(
    st.lists(st.sampled_from("abcdefgh")),
    st.lists(st.sampled_from("abcdefgh"), min_size=1),
    st.integers(2, 5),
)
def test_a_failed_attempt_pushes_no_good_release_out(
    bundles: list[str], went_live: list[str], most: int
) -> None:
    """The live one and those before it stay, as many as were promised, and of the attempts the newest."""
    stays = kept(bundles, went_live, most)
    live = list(dict.fromkeys(reversed(went_live)))
    assert stays.issuperset(live[:most])
    assert len(stays) <= most + 1
    attempts = [bundle for bundle in bundles if bundle not in live]
    assert stays - set(live) == set(attempts[:1])
