"""When the workspace was retrained last, how that ended, and when the schedule promises the next time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from adapters.lock import described, holder
from adapters.prefect import running_url
from adapters.settings import Settings
from domain.health import Retrains

ASK_SECONDS = 10.0
ENDED = ("COMPLETED", "FAILED", "CRASHED")


def look(settings: Settings) -> Retrains:
    """Ask the run folders and the lock of this machine, and the Prefect server for the others where one runs."""
    ended = latest_run(settings)
    finished = [path.stat().st_mtime for path in settings.runs.glob("*/summary.json")]
    if ended and ended["state_type"] == "COMPLETED":
        finished.append(datetime.fromisoformat(ended["end_time"]).timestamp())
    last = max(finished, default=None)
    failures = [*left_behind(settings), *failed_run(ended)]
    failed = next((sentence for at, sentence in failures if last is None or at > last), "")
    return Retrains(last, next_after(settings, last) if last else None, failed)


def next_after(settings: Settings, last: float) -> float:
    """Return when the schedule promises the first retrain after a time; both in seconds since 1970."""
    from cronsim import CronSim

    policy = settings.params.triggers
    start = datetime.fromtimestamp(last, ZoneInfo(policy.time_zone))
    return float(next(CronSim(policy.schedule, start)).timestamp())


def left_behind(settings: Settings) -> Iterator[tuple[float, str]]:
    """Say that a retrain of this machine did not end in order: its lock still names a process that is gone."""
    lock = settings.state / "run.lock"
    left = described(lock)
    if left and left["what"] == "A retrain" and holder(lock) is None:
        began = datetime.fromisoformat(left["since"])
        sentence = f"The retrain of {began:%Y-%m-%d %H:%M} UTC on this machine failed or was killed."
        yield began.timestamp(), sentence


def failed_run(run: dict[str, Any] | None) -> Iterator[tuple[float, str]]:
    """Say how the newest retrain that the server knows failed."""
    if run is None or run["state_type"] == "COMPLETED":
        return
    ended = datetime.fromisoformat(run["end_time"])
    how = "crashed" if run["state_type"] == "CRASHED" else "failed"
    said = str((run.get("state") or {}).get("message") or "").splitlines()
    sentence = f"The retrain “{run['name']}” {how} at {ended:%Y-%m-%d %H:%M} UTC."
    yield ended.timestamp(), f"{sentence} {said[0][:300]}" if said else sentence


def latest_run(settings: Settings) -> dict[str, Any] | None:
    """Return the retrain that ended last as the Prefect server has it; None when none runs, or knows any."""
    url = running_url(settings)
    if url is None:
        return None
    auth = settings.prefect_auth
    user, _, password = auth.get_secret_value().partition(":") if auth else ("", "", "")
    question = {
        "sort": "END_TIME_DESC",
        "limit": 1,
        "flows": {"name": {"any_": ["retrain"]}},
        "flow_runs": {
            "state": {"type": {"any_": list(ENDED)}},
            "end_time": {"after_": (datetime.now(UTC) - timedelta(days=90)).isoformat()},
        },
    }
    answer = httpx.post(
        f"{url}/flow_runs/filter",
        json=question,
        auth=(user, password) if auth else None,
        timeout=ASK_SECONDS,
        trust_env=settings.prefect_api_url is not None,
    )
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found[0] if found else None
