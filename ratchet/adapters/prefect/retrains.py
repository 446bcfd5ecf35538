"""When the workspace was retrained last, when the schedule promises the next time, and which of its flows failed.

On a server that others use too, the workspace's runs are those with its tag: started by its deployments or in a shell.
Failed attempts to release or to go back are in the registry, too, which knows them where no server runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ratchet.adapters.prefect.client import Server
from ratchet.adapters.prefect.server import running_url, scope
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.lock import described, holder
from ratchet.domain.operations.failure import REFUSED, Failure, failures, flow_of, reason
from ratchet.domain.operations.health import Retrains
from ratchet.domain.release import attempt
from ratchet.domain.release.attempt import Attempt, Verb, moment

ASK_SECONDS = 10.0
BRINGS_OUT = ("release", "rollback", "override")
"""Flows that only bring out a release: a failure of one is over as soon as any later release goes live."""
SUCCEEDED, FAILED = ("COMPLETED",), ("FAILED", "CRASHED")
HOW = {"CRASHED": "crashed", "COMPLETED": "refused its file"}
"""How a run ended, by the type of its last state, where it did not simply fail."""
DAYS = 90
"""What ended before is no longer asked for."""
MOST = 100
"""How many of the newest failed runs are looked at."""


def look(settings: Settings) -> Retrains:
    """Ask the run folders and the lock of this machine, the registry, and the Prefect server where one runs."""
    registry = Registry(settings)
    tried, live = registry.attempts(), registry.live()
    went_live = moment(live.live_since).timestamp() if live else 0.0
    written = (path.stat().st_mtime for path in settings.runs.glob("*/summary.json"))
    succeeded = {"retrain": max(written, default=0.0), **dict.fromkeys(BRINGS_OUT, went_live)}
    broken = list(left_behind(settings))
    runs: dict[str, Failure] = {}
    planned = 0.0
    if url := running_url(settings):
        with Server(settings, url, ASK_SECONDS) as server:
            own = Own(server, scope(settings).tag)
            runs, planned = own.failed(), own.planned()
            for flow in {"retrain", *(failure.flow for failure in (*broken, *runs.values()))}:
                succeeded[flow] = max(succeeded.get(flow, 0.0), own.succeeded(flow))
    to_release = [one for one in tried if one.verb is not Verb.SERVE and not attempt.went_live(one, live)]
    broken += told(runs, to_release, went_live)
    last = succeeded["retrain"] or None
    due = max(next_after(settings, last), planned) if last else None
    return Retrains(last, due, failures(broken, succeeded))


def next_retrain(settings: Settings) -> float:
    """Return when the next scheduled retrain comes, in seconds since 1970.

    The server knows: a workspace's own deployments may have another schedule than `params.yaml`, every two weeks for
    instance. Without a server it is the time that `params.yaml` says.
    """
    planned = 0.0
    if url := running_url(settings):
        with Server(settings, url, ASK_SECONDS) as server:
            planned = Own(server, scope(settings).tag).planned()
    return planned or next_after(settings, datetime.now(UTC).timestamp())


def told(runs: Mapping[str, Failure], tried: Sequence[Attempt], went_live: float) -> Iterator[Failure]:
    """Return the failed runs and attempts that are not over: those that failed to release are with a later release.

    `runs` are those that the server knows, by their ids; `went_live` is when the newest release did.
    """
    to_release = {one.run for one in tried}
    yield from (one for run, one in runs.items() if run not in to_release or one.at > went_live)
    for one in tried:
        at = one.when.timestamp()
        if one.run not in runs and at > went_live:
            name = one.release or (f"version {one.version}" if one.version else "")
            yield Failure(one.flow or one.verb, at, "failed", name, reason(f"{one.reason} {one.remedy}"))


def next_after(settings: Settings, last: float) -> float:
    """Return when the schedule promises the first retrain after a time; both in seconds since 1970."""
    from cronsim import CronSim

    policy = settings.params.triggers
    start = datetime.fromtimestamp(last, ZoneInfo(policy.time_zone))
    return float(next(CronSim(policy.schedule, start)).timestamp())


def left_behind(settings: Settings) -> Iterator[Failure]:
    """Say that a run of this machine did not end cleanly: its lock still names a process that is gone."""
    lock = settings.state / "run.lock"
    left = described(lock)
    if left and holder(lock) is None:
        began = datetime.fromisoformat(left["since"]).timestamp()
        yield Failure(flow_of(left["what"]), began, "failed or was killed")


@dataclass(frozen=True)
class Own:
    """What a server knows of the runs with one tag, except those started by another run, which answers for them."""

    server: Server
    tag: str

    def failed(self) -> dict[str, Failure]:
        """Return the newest runs that failed, by their ids."""
        runs = [*self._ended(FAILED, MOST), *self._ended(SUCCEEDED, MOST, name={"any_": [REFUSED]})]
        names = self._names({run["flow_id"] for run in runs})
        return {
            str(run["id"]): Failure(
                names.get(run["flow_id"], ""),
                ended_at(run),
                HOW.get(str(run["state_type"]), "failed"),
                str(run["name"]),
                reason(str((run.get("state") or {}).get("message") or "")),
            )
            for run in runs
        }

    def succeeded(self, flow: str) -> float:
        """Return when a flow went through last, 0 where it did not."""
        return max(map(ended_at, self._ended(SUCCEEDED, 1, flow, {"not_any_": [REFUSED]})), default=0.0)

    def planned(self) -> float:
        """Return when the next retrain is scheduled by a deployment, 0 where none is."""
        question = {
            "sort": "NEXT_SCHEDULED_START_TIME_ASC",
            "limit": 10,
            "flow_runs": {"tags": {"all_": [self.tag]}, "state": {"type": {"any_": ["SCHEDULED"]}}},
            "flows": {"name": {"any_": ["retrain"]}},
        }
        found = [run for run in self.server.post("/flow_runs/filter", question) if run.get("auto_scheduled")]
        times = [run["next_scheduled_start_time"] or run["expected_start_time"] for run in found]
        return min((datetime.fromisoformat(one).timestamp() for one in times), default=0.0)

    def _ended(
        self, states: tuple[str, ...], limit: int, flow: str = "", name: dict[str, list[str]] | None = None
    ) -> list[dict[str, Any]]:
        since = datetime.now(UTC) - timedelta(days=DAYS)
        question = {
            "sort": "END_TIME_DESC",
            "limit": limit,
            "flow_runs": {
                "tags": {"all_": [self.tag]},
                "state": {"type": {"any_": list(states)}, **({"name": name} if name else {})},
                "parent_task_run_id": {"is_null_": True},
                "end_time": {"after_": since.isoformat()},
            },
            **({"flows": {"name": {"any_": [flow]}}} if flow else {}),
        }
        return list(self.server.post("/flow_runs/filter", question))

    def _names(self, flows: set[str]) -> dict[str, str]:
        if not flows:
            return {}
        found = self.server.post("/flows/filter", {"flows": {"id": {"any_": sorted(flows)}}})
        return {flow["id"]: flow["name"] for flow in found}


def ended_at(run: dict[str, Any]) -> float:
    """Return when a run ended, in seconds since 1970."""
    return datetime.fromisoformat(run["end_time"]).timestamp()
