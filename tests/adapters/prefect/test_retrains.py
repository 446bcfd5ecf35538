"""When the last retrain was, and when the next one is due."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ratchet.adapters.prefect import retrains
from ratchet.adapters.settings import load_settings
from tests.workspaces import fake_workspace

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
