"""Tests of `ratchet.domain.operations.doctor`: what counts as a fault, and what its sentence says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ratchet.domain.operations.doctor import (
    Answer,
    Fault,
    Name,
    aliases,
    bundle_gone,
    disk,
    pointer,
    service,
    serving,
    unfinished,
)
from tests.domain.release.test_manifest import release

LIVE = replace(release("r2", "r1"), model_version="2")


def test_a_fault_survives_the_trip_through_json() -> None:
    """Machines read the same."""
    one = bundle_gone(LIVE, "live")
    assert Fault.from_dict(one.as_dict()) == one


@pytest.mark.parametrize(
    ("champion", "previous", "expected", "wrong"),
    [
        ("2", "1", "1", []),
        ("2", None, None, []),
        ("2", "7", None, []),
        ("1", "1", "1", ["champion"]),
        (None, None, "1", ["champion", "previous"]),
    ],
)
def test_an_alias_apart_from_the_live_release_is_a_fault(
    champion: str | None, previous: str | None, expected: str | None, wrong: list[str]
) -> None:
    """Each by itself; without a release before, nothing is asked of `previous`."""
    found = aliases(LIVE, champion, previous, expected)
    assert [fault.subject for fault in found] == wrong
    assert all(fault.mendable and fault.name == Name.ALIASES for fault in found)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([Answer("a", True, "r2"), Answer("b", True, "r2")], ""),
        ([], "no replica runs"),
        ([Answer("a", True, "r2"), Answer("b", False, "")], "b is not ready"),
        ([Answer("a", True, "r1")], "a serves r1"),
    ],
)
def test_the_live_release_has_to_serve_on_every_replica(answers: list[Answer], said: str) -> None:
    """Else the command is `ratchet serve`, and it can be done at once."""
    found = serving(LIVE, "process", answers)
    assert [fault.mendable for fault in found] == ([True] if said else [])
    assert said in "".join(fault.fact for fault in found)
    assert all("ratchet serve" in fault.remedy for fault in found)


def test_a_release_of_another_target_is_not_started_here() -> None:
    """A person says where it is to serve."""
    [fault] = serving(LIVE, "swarm", [])
    assert not fault.mendable
    assert "RATCHET_TARGET=process" in fault.remedy


@pytest.mark.parametrize(
    ("free", "total", "full"),
    [
        (10**12, 2 * 10**12, False),
        (10**9, 10**12, True),
        (10**9, 2 * 10**10, False),
        (10**8, 2 * 10**10, True),
    ],
)
def test_a_disk_is_full_by_bytes_or_on_a_small_one_by_its_share(free: int, total: int, full: bool) -> None:
    """A gigabyte is little on a terabyte's disk and enough on a small one."""
    assert bool(disk("/srv", free, total)) is full


def test_every_fault_says_what_to_do() -> None:
    """A fact and a command, in whole sentences."""
    found = [
        *pointer(" M"),
        *pointer("??"),
        *service(12),
        *unfinished(LIVE),
        *disk("/srv", 1, 10**12),
        bundle_gone(replace(LIVE, target="swarm"), "last good"),
    ]
    assert len(found) == 6
    for fault in found:
        assert fault.fact.endswith(".")
        assert "`" in fault.remedy
    assert not pointer("")
    assert not unfinished(None)
    assert "The image of release r2, the last good one" in found[-1].fact
