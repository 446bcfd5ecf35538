"""What is wrong with a fleet, decided from what the engine has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.operations.doctor import MEND
from ratchet.domain.operations.fleet_faults import Name, Seen, Service, faults
from ratchet.domain.release.colours import Colour, Present

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
LIVE = Present(Colour.BLUE, "r2", "image", True)


def test_the_facts_name_numbers_and_the_way_to_keep_them() -> None:
    """A fleet that somebody scaled up may be meant so."""
    [fault] = faults(Seen((Service("f-blue_bot-blue", 2, 4),), (LIVE,), Colour.BLUE), NOW)
    assert fault.fact == "f-blue_bot-blue has 4 replicas, and deployments/stack.yml declares 2."
    assert fault.remedy == f"{MEND} To keep 4, write it into deployments/stack.yml."
    [fault] = faults(Seen((Service("f_redis", 1, 0),), (LIVE,), Colour.BLUE), NOW)
    assert (fault.fact, fault.remedy) == (
        "f_redis has 0 replicas, and deployments/stack.yml declares 1.",
        MEND,
    )


def test_what_the_nodes_decide_is_not_scaled() -> None:
    """`mode: global` has as many replicas as there are nodes."""
    assert faults(Seen((Service("f_proxy", None, 0),), (LIVE,), Colour.BLUE), NOW) == []


present = st.builds(
    Present,
    st.sampled_from(Colour),
    st.sampled_from(["r1", "r2"]),
    st.just("image"),
    st.booleans(),
    st.none() | st.integers(-30, 30).map(lambda minutes: NOW + timedelta(minutes=minutes)),
)
services = st.builds(
    Service, st.sampled_from(["a", "b"]), st.none() | st.integers(1, 3), st.none() | st.integers(0, 3)
)
seen = st.builds(
    Seen,
    st.lists(services, max_size=3).map(tuple),
    st.lists(present, max_size=2, unique_by=lambda one: one.colour).map(tuple),
    st.none() | st.sampled_from(Colour),
    st.none() | st.booleans(),
    st.none() | st.booleans(),
)


@given(seen)
def test_each_fault_says_what_to_do_and_a_fleet_that_is_gone_has_none(fleet: Seen) -> None:
    """What can be mended says so in its remedy; the live colour is never called a stray or warm."""
    found = faults(fleet, NOW)
    assert fleet.present or not found
    for fault in found:
        assert fault.remedy
        assert fault.mendable is fault.remedy.startswith(MEND)
    others = {one.colour for one in fleet.present if one.colour is not fleet.live}
    assert {fault.subject for fault in found if fault.name == Name.STRAY} <= others
