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
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings, load_settings
from ratchet.domain.operations.failure import Failure
from ratchet.domain.release.attempt import Attempt, Verb
from ratchet.domain.release.manifest import Release
from tests.domain.release.test_manifest import release
from tests.workspaces import fake_workspace

BERLIN = ZoneInfo("Europe/Berlin")
TRIED = Attempt(
    Verb.RELEASE,
    "2026-11-27T08:12:00+00:00",
    "stage",
    "p95 is 900 ms.",
    "`ratchet release` tries again.",
    "8",
)
AT = TRIED.when.timestamp()


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


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace that nobody has worked in."""
    settings = fake_workspace(tmp_path / "ws")
    settings.state.mkdir()
    return settings


def knowing(monkeypatch: pytest.MonkeyPatch, live: Release | None, *tried: Attempt) -> None:
    """Let the registry know what was tried, and what is live."""
    monkeypatch.setattr(Registry, "attempts", lambda _: list(tried))
    monkeypatch.setattr(Registry, "live", lambda _: live)


def test_a_failed_release_is_known_without_a_server_until_one_goes_live(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of five only the last is told, with its reason and what to do; a start that failed is the fleet's own matter."""
    earlier = [replace(TRIED, at=f"2026-11-27T08:0{minute}:00+00:00") for minute in range(4)]
    knowing(monkeypatch, None, *earlier, TRIED, replace(TRIED, verb=Verb.SERVE))
    (failed,) = retrains.look(settings).failures
    assert failed.sentence == (
        "The release “version 8” failed at 2026-11-27 08:12 UTC: p95 is 900 ms. `ratchet release` tries again."
    )
    knowing(monkeypatch, replace(release("r2"), live_at="2026-11-27T08:13:00+00:00"), TRIED)
    assert retrains.look(settings).failures == ()


@pytest.mark.parametrize(("went_live", "left"), [(0.0, {"retrain", "ingest"}), (AT + 1, {"ingest"})])
def test_a_retrain_that_failed_to_release_is_over_with_a_later_release(
    went_live: float, left: set[str]
) -> None:
    """Told once, by the server, as a failed retrain; one that failed before that waits for the next retrain."""
    runs = {"a": Failure("retrain", AT, "failed", "2026-W48"), "b": Failure("ingest", AT, "failed")}
    found = list(retrains.told(runs, [replace(TRIED, run="a", flow="retrain")], went_live))
    assert {one.flow for one in found} == left
    assert list(retrains.told(runs, [], went_live)) == list(runs.values())
