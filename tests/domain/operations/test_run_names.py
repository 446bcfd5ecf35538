"""Names of runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ratchet.cli.retrain import HEADLINES
from ratchet.domain.operations.run_names import begun, retrained, trained, watched
from ratchet.domain.operations.summary import Outcome, Summary
from ratchet.domain.operations.triggers import data_changed, file_dropped

ROOT = Path(__file__).parents[3]
SUMMARY = Summary(
    outcome=Outcome.RELEASED,
    run="20261121-120000",
    trigger="weekly",
    data_revision="3f2a99.dir",
    messages=100,
    training_rows=75,
    holdout_rows=25,
    model_version="7",
    model_id="m",
    model_sha256="s",
    accuracy=0.918,
    interval=(0.9, 0.93),
    champion="6",
    champion_accuracy=0.91,
    verdict="promote",
    reasons=(),
    release="r",
    target="process",
    url="u",
    report="p",
    seconds=1.0,
)


def test_a_retrain_says_data_accuracy_and_outcome() -> None:
    """The list of runs alone tells how the weeks went; until the release is tried, the verdict is all that is known."""
    assert retrained(date(2026, 11, 21), SUMMARY) == "2026-W47 data 3f2a → 91.8% released"
    assert trained(date(2026, 11, 21), "3f2a99.dir", 0.918, "promote") == "2026-W47 data 3f2a → 91.8% promote"


def test_a_retrain_without_news_says_so() -> None:
    """An accuracy that was not measured today is not shown as if it was."""
    name = retrained(date(2026, 11, 21), replace(SUMMARY, outcome=Outcome.UNCHANGED))
    assert name == "2026-W47 data 3f2a → nothing new, version 7"


def test_weeks_belong_to_their_iso_year() -> None:
    """The first days of January can be in the last week of the year before."""
    assert begun(date(2027, 1, 1), "weekly") == "2026-W53 weekly"


def test_a_look_is_named_by_what_it_announced() -> None:
    """Commits are short, files are names."""
    events = [data_changed("1a2b3c4d5e6f"), file_dropped("s3://bucket/inbox/week.csv", "e1")]
    assert watched(date(2026, 11, 21), events) == "2026-W47 data.changed 1a2b3c4d, file.dropped week.csv"
    assert watched(date(2026, 11, 21), []) == "2026-W47 nothing new"


def test_a_runs_last_state_is_called_by_its_outcome() -> None:
    """As the pages and their filters show it."""
    names = {outcome.state for outcome in Outcome}
    assert names == {"Released", "Nothing new", "Rejected", "Asks", "Tried"}


@pytest.mark.parametrize("outcome", Outcome)
def test_a_state_is_called_the_same_everywhere(outcome: Outcome) -> None:
    """Its name in Prefect is in the run's name, in what the terminal prints and in the table of the guide."""
    assert outcome.state.lower() in retrained(date(2026, 11, 21), replace(SUMMARY, outcome=outcome))
    assert outcome.state in HEADLINES[outcome]
    assert f"| {outcome.state} |" in (ROOT / "docs" / "service.md").read_text()
