"""Tests of `ratchet.domain.release.manifest`, `ratchet.domain.release.model` and `ratchet.domain.release.training`."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import (
    Lineage,
    Recovery,
    Release,
    bundles_by_worth,
    last_good,
    recovery,
    release_id,
    rollback_target,
    switched_to,
)
from ratchet.domain.release.model import Model, Next, next_step
from ratchet.domain.release.rollout import kept
from ratchet.domain.release.training import fingerprint

LINEAGE = Lineage("d1.dir", "ledger", "commit", "code", "lock", "finger", 1)


def release(name: str, previous: str | None = None) -> Release:
    """A recorded release."""
    return Release(
        id=name,
        created_at="2026-11-21T10:00:00+00:00",
        model_version="1",
        model_id="m",
        model_sha256="sha",
        lineage=LINEAGE,
        code_commit="commit",
        target="process",
        bundle="bundle",
        verdict="promote",
        override=None,
        previous=previous,
        reason="by hand",
    )


def model(version: str, **changes: object) -> Model:
    """A registered model that the gate promoted."""
    base = Model(
        version=version,
        run_id="r",
        model_id="m",
        sha256="sha",
        lineage=LINEAGE,
        training_rows=100,
        intents={"a": 5, "b": 5},
        holdout_version="h1",
        holdout_rows=30,
        accuracy=0.9,
        interval=(0.8, 0.95),
        champion="",
        champion_accuracy=None,
        target=0.8,
        miss=False,
        data_grew=False,
        decision="promote",
        reasons=(),
        created_at="2026-11-21T10:00:00+00:00",
        run_name="run",
        report="",
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_a_manifest_survives_the_trip_through_json() -> None:
    """What the registry gives back equals what was recorded."""
    first = release("a")
    assert Release.from_dict(first.as_dict()) == first
    assert Model.from_dict(model("3").as_dict()) == model("3")


def test_a_rollback_goes_to_the_release_that_the_live_one_replaced() -> None:
    """Not to the one before in time: after a rollback and a new release these differ."""
    log = [release("a"), release("b", "a"), release("a"), release("c", "a")]
    assert rollback_target(log, "c").id == "a"


def test_a_rollback_to_what_never_was_live_is_refused() -> None:
    """A version that was only registered, or misspelt, is no way back."""
    with pytest.raises(RatchetError, match=r"Release x never was live\. Choose one of: a, b"):
        rollback_target([release("a"), release("b", "a")], "b", "x")


@pytest.mark.parametrize(("log", "live"), [([], None), ([release("a")], "a"), ([release("b", "gone")], "b")])
def test_a_rollback_without_a_release_before_is_refused(log: list[Release], live: str | None) -> None:
    """The way back is recorded, never guessed."""
    with pytest.raises(RatchetError):
        rollback_target(log, live)


@given(st.lists(st.sampled_from(["a", "b", ""]), max_size=4))
def test_a_begun_release_is_finished_only_where_every_replica_serves_it(served: list[str]) -> None:
    """One replica with another release, or without an answer, is enough to give it up."""
    everywhere = bool(served) and all(name == "a" for name in served)
    assert recovery(release("a"), served) is (Recovery.FINISH if everywhere else Recovery.UNDO)
    assert recovery(None, served) is Recovery.NOTHING


IDS = st.sampled_from(["a", "b", "c", ""])


@given(st.lists(IDS), IDS, st.lists(IDS, max_size=3), IDS)
def test_only_a_switch_back_is_taken_for_one(
    recorded: list[str], live: str, served: list[str], warm: str
) -> None:
    """The whole fleet serves a release that was live before, and the one on record is what stays warm."""
    releases = [release(one) for one in recorded if one]
    found = switched_to(releases, release(live) if live else None, served, warm)
    known = bool(served) and served[0] in {one.id for one in releases}
    if known and set(served) == {served[0]} and served[0] != live and warm == live != "":
        assert found is not None
        assert (found.id, found.reason) == (served[0], f"rollback from {live}")
    else:
        assert found is None


def test_a_release_is_named_by_day_and_content() -> None:
    """Two releases of one day differ in name as soon as model, bundle or time differ."""
    day = "2026-11-21T10:00:00+00:00"
    names = {release_id(day, "m", "b"), release_id(day, "m", "c"), release_id(day, "n", "b")}
    assert len(names) == 3
    assert all(name.startswith("2026-11-21-") for name in names)


def test_nothing_known_means_training() -> None:
    """New rows, code or seed give a new fingerprint, which no model has."""
    assert next_step(None, model("1"), {"1"}, "h1") is Next.TRAIN


def test_the_champions_own_fingerprint_means_nothing_to_do() -> None:
    """Nothing changed since the live model was trained."""
    assert next_step(model("1"), model("1"), {"1"}, "h2") is Next.NOTHING


def test_the_champion_follows_to_another_target() -> None:
    """Nothing changed but where releases go: what the gate promoted goes there, what it did not waits for a person."""
    assert next_step(model("1"), model("1"), {"1"}, "h2", elsewhere=True) is Next.RELEASE
    refused = model("1", decision="ask")
    assert next_step(refused, refused, {"1"}, "h2", elsewhere=True) is Next.NOTHING


def test_a_promoted_model_that_never_went_live_is_released() -> None:
    """A run that was killed between the gate and the release is finished by the next one."""
    champion = model("1", lineage=replace(LINEAGE, fingerprint="other"))
    assert next_step(model("2", champion="1"), champion, {"1"}, "h1") is Next.RELEASE


def test_a_model_that_a_person_rolled_back_is_not_released_again() -> None:
    """The same data and code do not undo a rollback."""
    champion = model("1", lineage=replace(LINEAGE, fingerprint="other"))
    assert next_step(model("2", champion="1"), champion, {"1", "2"}, "h1") is Next.NOTHING


def test_going_back_to_the_data_or_code_of_an_older_release_is_judged_like_any_change() -> None:
    """The team restored or reverted it, and nobody rolled a release back: the champion is newer than what is known."""
    champion = model("3", champion="2", lineage=replace(LINEAGE, fingerprint="other"))
    assert next_step(model("2", champion="1"), champion, {"1", "2", "3"}, "h1") is Next.TRAIN


@pytest.mark.parametrize("changes", [{"champion": "7"}, {"holdout_version": "h0"}])
def test_a_model_that_was_judged_otherwise_is_judged_again(changes: dict[str, str]) -> None:
    """An old score against another champion, or on another holdout, decides nothing today."""
    champion = model("1", lineage=replace(LINEAGE, fingerprint="other"))
    known = model("2", **{"champion": "1", "decision": "reject", **changes})
    assert next_step(known, champion, {"1"}, "h1") is Next.TRAIN


def test_a_rejected_model_stays_rejected() -> None:
    """The same data and code are not judged again and again until chance lets them through."""
    champion = model("1", lineage=replace(LINEAGE, fingerprint="other"))
    assert next_step(model("2", champion="1", decision="reject"), champion, {"1"}, "h1") is Next.NOTHING


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4))
def test_a_fingerprint_does_not_depend_on_the_order_of_its_parts(parts: dict[str, str]) -> None:
    """It is a function of names and digests."""
    assert fingerprint(parts) == fingerprint(dict(reversed(list(parts.items()))))


def test_a_release_that_came_back_says_since_when() -> None:
    """A rollback brings an older manifest back: it is live since then, not since it was made."""
    made = release("a")
    assert made.live_since == made.created_at
    assert replace(made, live_at="2026-11-25T08:00:00+00:00").live_since == "2026-11-25T08:00:00+00:00"


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(2, 4))
def test_the_live_and_the_last_good_release_are_always_kept(releases: list[bool], most: int) -> None:
    """Whatever was released and gone back to: true is a new release, false a rollback where there is a way."""
    log: list[Release] = []
    for number, new in enumerate(releases):
        live = log[-1] if log else None
        before = last_good(log, live.id if live else None)
        if new or before is None:
            log.append(replace(release(f"r{number}", live.id if live else None), bundle=f"b{number}"))
        else:
            log.append(before)
    live = log[-1]
    before = last_good(log, live.id)
    there = [one.bundle for one in reversed(log)]
    keep = kept(there, bundles_by_worth(log, live, "process"), most)
    assert live.bundle in keep
    assert before is None or before.bundle in keep
    assert before == (None if live.previous is None else rollback_target(log, live.id))


def test_bundles_of_another_target_are_not_counted() -> None:
    """An image is no bundle: it takes no place among those that are kept."""
    log = [replace(release("a"), bundle="a"), replace(release("b", "a"), bundle="b", target="swarm")]
    assert bundles_by_worth(log, log[-1], "process") == ["a", "a"]
    assert bundles_by_worth([], None, "process") == []
