"""What the proxy's counters say of the last minutes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.operations.traffic import ProxyCount, Traffic, between, remember, with_proxy

CALM = Traffic(5, 300, 12, 2, 300, 0, 20, 60)


def test_the_proxys_counters_become_figures_of_the_window() -> None:
    """Differences count, old ones leave the window, and a restarted proxy begins again."""
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


def test_counts_of_another_place_are_not_compared() -> None:
    """The first look after an upgrade: what the entry has counted since its start is no traffic of a minute."""
    old = ProxyCount.from_dict({"at": 0.0, "requests": 100, "errors": 0, "mean_ms": 10.0})
    counts = remember((old,), ProxyCount(60, 9000, 4000, 10, place="channel"), minutes=5)
    assert with_proxy(None, counts, 5) is None


def test_what_the_monitor_asked_is_no_traffic() -> None:
    """Neither its requests nor their failures."""
    first = ProxyCount(0, 100, 10, 10, "channel", own=7, own_errors=7)
    last = ProxyCount(60, 130, 25, 10, "channel", own=12, own_errors=10)
    traffic = with_proxy(None, (first, last), 5)
    assert traffic is not None
    assert (traffic.requests, traffic.errors) == (25, 12)


def test_a_backend_that_rests_has_no_part_in_the_latency() -> None:
    """After a switch the colour that was left keeps its old mean."""
    first = ProxyCount(0, 0, 0, 0, "channel", {"bot_blue": 90_000, "bot_green": 10})
    last = ProxyCount(
        60, 0, 0, 0, "channel", {"bot_blue": 90_000, "bot_green": 110}, {"bot_blue": 900, "bot_green": 20}
    )
    assert between(first, last) == 20
    shared = replace(last, backends={"bot_blue": 90_100, "bot_green": 110})
    assert between(first, shared) == pytest.approx(460)
    assert between(last, replace(last, mean_ms=33)) == 33  # nobody asked


COUNTS = st.lists(
    st.builds(
        ProxyCount,
        at=st.just(0.0),
        requests=st.integers(0, 50),
        errors=st.integers(0, 50),
        mean_ms=st.just(1.0),
        place=st.sampled_from(["bot", "channel"]),
        own=st.integers(0, 5),
        own_errors=st.integers(0, 5),
    ),
    max_size=8,
)


@given(COUNTS)
def test_a_share_of_failed_requests_is_one(seen: list[ProxyCount]) -> None:
    """Whatever restarts the counters: from nothing to all requests."""
    counts: tuple[ProxyCount, ...] = ()
    for minute, count in enumerate(seen):
        counts = remember(counts, replace(count, at=60.0 * minute), minutes=5)
        traffic = with_proxy(CALM, counts, 5)
        assert traffic is not None
        assert 0 <= traffic.errors <= traffic.requests
        assert 0 <= traffic.error_share <= 1
