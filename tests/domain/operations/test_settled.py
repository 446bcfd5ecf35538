"""Which failed runs a release that went live has settled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.operations.settled import settled
from ratchet.domain.release.manifest import Release
from tests.workspaces import make_release

DAY = 86400


def went_live(day: int, version: int, reason: str = "by hand") -> Release:
    """A release that went live on a day since 1970."""
    at = datetime.fromtimestamp(DAY * day, UTC).isoformat()
    return replace(make_release("b" * 64, "a" * 64, str(version)), live_at=at, reason=reason)


def test_nothing_was_settled_before_the_first_release() -> None:
    """It settles everything."""
    assert settled([]) == {}
    assert settled([went_live(3, 1)]) == dict.fromkeys(("rollback", "serve", "release", "retrain"), 3 * DAY)


def test_a_release_of_new_code_settles_no_retrain() -> None:
    """The data that it should have brought to people is still not live."""
    found = settled([went_live(1, 4), went_live(5, 4, "code changed")])
    assert found["release"] == 5 * DAY
    assert found["retrain"] == DAY


def test_a_release_of_a_newer_model_settles_the_retrain_that_made_it() -> None:
    """It was promoted, its release failed, and somebody has released it since."""
    assert settled([went_live(1, 4), went_live(5, 6)])["retrain"] == 5 * DAY


def test_a_rollback_settles_no_release() -> None:
    """Today's code has still not gone live; the fleet can be brought to a release, though."""
    found = settled([went_live(1, 4), went_live(2, 5), went_live(9, 4, "rollback from r5")])
    assert found == {"release": 2 * DAY, "retrain": 2 * DAY, "rollback": 9 * DAY, "serve": 9 * DAY}


RELEASES = st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=12)


@given(RELEASES)
def test_more_releases_unsettle_nothing(made: list[tuple[int, bool]]) -> None:
    """What is settled stays so, and a retrain is settled by a release at most when a release is."""
    releases = [
        went_live(day, version, "rollback from x" if back else "by hand")
        for day, (version, back) in enumerate(made)
    ]
    before: dict[str, float] = {}
    for number in range(len(releases) + 1):
        now = settled(releases[:number])
        assert all(now[flow] >= at for flow, at in before.items())
        before = now
