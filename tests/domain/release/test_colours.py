"""Which colour serves and which goes, whatever a killed run left."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.release.colours import Colour, Present, for_release, is_warm, likely, settle

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
TIMES = st.none() | st.integers(-60, 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


def colours(colour: Colour) -> st.SearchStrategy[Present | None]:
    """A colour in any state, or none."""
    return st.none() | st.builds(
        Present,
        colour=st.just(colour),
        release=st.sampled_from(["r1", "r2"]),
        image=st.just("sha256:x"),
        whole=st.booleans(),
        warm_until=TIMES,
        secrets=st.sampled_from(["s1", "s2"]),
    )


BOTH = st.tuples(colours(Colour.BLUE), colours(Colour.GREEN)).map(lambda two: [one for one in two if one])


@given(BOTH, st.none() | st.sampled_from(Colour), st.sampled_from(["r1", "r2", ""]))
def test_what_has_the_traffic_is_never_removed_without_another_to_take_it(
    present: list[Present], live: Colour | None, recorded: str
) -> None:
    """A colour that serves is removed only where the other one runs the recorded release, whole, and takes over."""
    settled = settle(present, live, recorded, "s1", NOW)
    there = {one.colour for one in present}
    if live in there and live in settled.remove:
        taker = next(one for one in present if one.colour is settled.serve)
        assert taker.colour is not live
        assert taker.whole
        assert (taker.release, taker.secrets) == (recorded, "s1")
    assert settled.serve not in settled.remove
    assert settled.serve is None or settled.serve in there


@given(BOTH, st.sampled_from(Colour), st.sampled_from(["r1", "r2"]))
def test_settling_twice_changes_nothing_more(present: list[Present], live: Colour, recorded: str) -> None:
    """The next run may be killed as well: what the first one decided, the second finds done."""
    settled = settle(present, live, recorded, "s1", NOW)
    left = [one for one in present if one.colour not in settled.remove]
    again = settle(left, settled.serve, recorded, "s1", NOW)
    assert again.serve == settled.serve
    assert again.remove == ()


@given(BOTH, st.sampled_from(Colour))
def test_beside_the_live_one_only_a_warm_one_stays(present: list[Present], live: Colour) -> None:
    """What has no traffic and no time left is gone."""
    settled = settle(present, live, "r1", "s1", NOW)
    for one in present:
        if one.colour is not settled.serve and one.colour not in settled.remove:
            assert one.warm_until is not None
            assert one.warm_until > NOW


def test_a_release_that_was_switched_to_and_not_recorded_gives_way() -> None:
    """The recorded release still runs whole: it has the traffic again."""
    blue = Present(Colour.BLUE, "r1", "i1", True, secrets="s1")
    green = Present(Colour.GREEN, "r2", "i2", True)
    settled = settle([blue, green], Colour.GREEN, "r1", "s1", NOW)
    assert (settled.serve, settled.remove) == (Colour.BLUE, (Colour.GREEN,))


def test_a_killed_release_does_not_give_the_traffic_back_to_revoked_tokens() -> None:
    """The recorded release is started again with today's secrets instead."""
    blue = Present(Colour.BLUE, "r1", "i1", True, secrets="old")
    green = Present(Colour.GREEN, "r2", "i2", False, secrets="s1")
    assert settle([blue, green], Colour.GREEN, "r1", "s1", NOW).serve is Colour.GREEN


def test_a_colour_with_other_secrets_is_no_way_back() -> None:
    """A client whose token was revoked since would be let in again."""
    kept = Present(Colour.GREEN, "r1", "i1", True, NOW + timedelta(minutes=5), "s1")
    assert is_warm(kept, "r1", "i1", "s1", NOW)
    assert not is_warm(kept, "r1", "i1", "s2", NOW)
    assert not is_warm(kept, "r1", "i1", "s1", NOW + timedelta(minutes=5))


def test_a_release_starts_in_the_other_colour() -> None:
    """Never in the one that has the traffic."""
    assert for_release(Colour.BLUE) is Colour.GREEN
    assert for_release(Colour.GREEN) is Colour.BLUE
    assert for_release(None) is Colour.BLUE


def test_where_nobody_says_it_the_recorded_release_had_the_traffic() -> None:
    """Else the only one that is not kept warm; two of a kind are not guessed at."""
    blue = Present(Colour.BLUE, "r2", "image", True)
    warm = Present(Colour.GREEN, "r1", "image", True, NOW)
    stray = Present(Colour.GREEN, "r3", "image", True)
    assert likely([blue, warm], "") is Colour.BLUE
    assert likely([blue, warm], "r1") is Colour.GREEN
    assert likely([blue, stray], "r2") is Colour.BLUE
    assert likely([blue, stray], "") is None
    assert likely([replace(blue, release="r1"), warm], "r1") is Colour.BLUE
    assert likely([], "r2") is None
