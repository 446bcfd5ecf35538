"""What people are told of flows that failed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.operations.failure import (
    AGAIN,
    BEGUN,
    LONGEST,
    OTHERWISE,
    Failure,
    failures,
    flow_of,
    reason,
)

AT = 1_795_705_200.0
FLOWS = st.sampled_from(["retrain", "release", "ingest"])
ENDS = st.lists(
    st.tuples(FLOWS, st.booleans(), st.integers(1, 50)), max_size=12, unique_by=lambda end: end[2]
)


@given(ENDS)
def test_a_flow_is_told_until_a_later_run_of_it_succeeds(ends: list[tuple[str, bool, int]]) -> None:
    """Of each flow exactly the newest failure, and none that a success came after."""
    broken = [Failure(flow, at, "failed") for flow, well, at in ends if not well]
    succeeded: dict[str, float] = {}
    for flow, well, at in ends:
        if well:
            succeeded[flow] = max(at, succeeded.get(flow, 0))
    newest = {flow: max((at, well) for one, well, at in ends if one == flow) for flow, _, _ in ends}
    expected = {(flow, at) for flow, (at, well) in newest.items() if not well}
    assert {(one.flow, one.at) for one in failures(broken, succeeded)} == expected


def test_one_line_says_what_failed_why_and_what_to_do() -> None:
    """The error's own remedy where it names a command, else the command again."""
    raised = "StageFailed: p95 is 900 ms.\n Look at it. `ratchet release` tries again."
    message = f"Flow run encountered an exception: {raised}"
    failed = Failure("retrain", AT, "failed", "2026-W47", reason(message))
    assert failed.sentence == (
        "The retrain “2026-W47” failed at 2026-11-26 15:00 UTC: "
        "p95 is 900 ms. Look at it. `ratchet release` tries again."
    )
    crashed = Failure("rollback", AT, "crashed", "2026-W47", "No sign of life for 90 seconds")
    assert crashed.sentence.endswith("seconds. `ratchet rollback` tries again.")
    other = Failure("collect", AT, "failed", "2026-W47", "The store is full.")
    assert other.sentence.endswith("full. Its log, in the Prefect pages, says more.")


@given(st.text(max_size=2000))
def test_a_reason_is_one_line_of_bounded_length(message: str) -> None:
    """Whatever a library raised."""
    said = reason(f"Flow run encountered an exception: {message}")
    assert len(said.splitlines()) <= 1
    assert len(said) <= LONGEST + 3


def test_the_end_of_a_long_reason_is_kept() -> None:
    """There stands what to do."""
    assert reason("x" * 5000 + " `ratchet release` tries again.").endswith("`ratchet release` tries again.")


@pytest.mark.parametrize(
    ("what", "flow"),
    [
        ("A release of 8", "release"),
        ("A retrain", "retrain"),
        ("The end of s3://b/f", "collect"),
        ("A backup", "backup"),
        ("A mend", "mend"),
        ("", "run"),
    ],
)
def test_a_lock_names_its_flow(what: str, flow: str) -> None:
    """What its holder said that it does."""
    assert flow_of(what) == flow


def test_every_command_that_is_named_is_one() -> None:
    """Flows that a next step calls by their name are commands without arguments."""
    from typer.main import get_command

    from ratchet.cli.app import app

    commands = get_command(app).commands  # type: ignore[attr-defined]
    for flow in AGAIN:
        assert not any(one.required for one in commands[flow].params), flow
    assert set(BEGUN.values()) >= (set(AGAIN) - {"harvest"}) | set(OTHERWISE)
    for flow, words in OTHERWISE.items():
        assert words.split()[1] in commands
        assert Failure(flow, 0.0, "failed").next_step == f"`{words}` tries again."
