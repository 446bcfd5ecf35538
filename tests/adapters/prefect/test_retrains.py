"""When the last retrain was, and when the next one is due."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ratchet.adapters.prefect import retrains
from ratchet.adapters.settings import load_settings
from tests.workspaces import fake_workspace, make_release

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("last", "due"),
    [("2026-10-19 06:01", "2026-10-26 06:00"), ("2026-10-26 05:59", "2026-10-26 06:00")],
)
def test_the_schedule_follows_summer_time(tmp_path: Path, last: str, due: str) -> None:
    """Mondays at six on Berlin's clocks, over the end of summer time on 25 October 2026."""
    settings = fake_workspace(tmp_path)
    (tmp_path / "params.yaml").write_text("triggers: {time_zone: Europe/Berlin}\n")
    settings = load_settings(settings.workspace)
    found = retrains.next_after(settings, datetime.fromisoformat(last).replace(tzinfo=BERLIN).timestamp())
    assert found == datetime.fromisoformat(due).replace(tzinfo=BERLIN).timestamp()


def test_a_killed_retrain_is_known_by_the_lock_that_it_left(tmp_path: Path) -> None:
    """Until the next one goes through; a living holder is at work."""
    settings = fake_workspace(tmp_path)
    lock = settings.state / "run.json"
    lock.parent.mkdir(parents=True)
    left = {"what": "A retrain", "pid": 2**22 + 1, "since": "2026-11-21T10:00:00+00:00"}
    lock.write_text(json.dumps(left))
    assert "killed" in retrains.look(settings).failed
    lock.write_text(json.dumps({**left, "pid": os.getpid()}))
    assert retrains.look(settings).failed == ""
    lock.write_text(json.dumps(left))
    summary = settings.runs / "later" / "summary.json"
    summary.parent.mkdir(parents=True)
    summary.write_text("{}")
    found = retrains.look(settings)
    assert found.failed == ""
    assert found.last is not None
    assert found.due is not None
    assert found.due > found.last


def test_a_release_of_a_newer_model_ends_the_failure_of_the_retrain_that_made_it(tmp_path: Path) -> None:
    """It says nothing of when the last retrain went through: the schedule is watched as before."""
    settings = fake_workspace(tmp_path)
    lock = settings.state / "run.json"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"what": "A retrain", "pid": 2**22 + 1, "since": "2026-11-21T10:00:00+00:00"}))
    first = replace(make_release("b" * 64, "a" * 64, "1"), live_at="2026-11-20T10:00:00+00:00")
    code = replace(first, live_at="2026-11-21T11:00:00+00:00")
    assert retrains.look(settings, [first, code]).failed
    newer = replace(first, model_version="2", live_at="2026-11-21T12:00:00+00:00")
    found = retrains.look(settings, [first, code, newer])
    assert found.failures == ()
    assert found.last is None


def test_a_killed_release_is_history_once_something_went_live(tmp_path: Path) -> None:
    """A rollback does not count: today's code has still not gone live."""
    settings = fake_workspace(tmp_path)
    lock = settings.state / "run.json"
    lock.parent.mkdir(parents=True)
    lock.write_text(
        json.dumps({"what": "A release of 8", "pid": 2**22 + 1, "since": "2026-11-21T10:00:00+00:00"})
    )
    first = replace(make_release("b" * 64, "a" * 64, "8"), live_at="2026-11-21T11:00:00+00:00")
    back = replace(first, reason="rollback from 2026-11-20-3fa9c1")
    assert [failure.flow for failure in retrains.look(settings, [back]).failures] == ["release"]
    assert retrains.look(settings, [first, back]).failures == ()
