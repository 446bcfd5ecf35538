"""Two workspaces and a team without Ratchet on one Prefect server: each is left alone by the others.

The tests of this file share the server; each has names of its own on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.monitor import once
from ratchet.adapters.prefect import events, retrains, server
from ratchet.adapters.settings import load_settings
from ratchet.adapters.system.processes import free_port
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.incidents import Occasion
from ratchet.domain.operations.triggers import data_changed
from tests.corpora import git
from tests.e2e import sharing
from tests.e2e.cli import Ratchet
from tests.e2e.service import Api, until

pytestmark = pytest.mark.e2e
OLD_DEAD_RUN = {
    "name": "Dead run → crashed",
    "trigger": {
        "type": "event",
        "posture": "Proactive",
        "match": {"prefect.resource.id": "prefect.flow-run.*"},
        "for_each": ["prefect.resource.id"],
        "after": ["prefect.flow-run.Running"],
        "expect": ["prefect.flow-run.*"],
        "threshold": 1,
        "within": 10,
    },
    "actions": [{"type": "change-flow-run-state", "state": "CRASHED", "name": "Crashed"}],
}


@dataclass
class Shared:
    """The server, and the two workspaces `helpdesk` and `shop`."""

    folder: Path
    url: str
    api: Api

    @property
    def helpdesk(self) -> Path:
        return self.folder / "helpdesk"

    @property
    def shop(self) -> Path:
        return self.folder / "shop"

    def make_run(self, flow: str, *states: str, **more: Any) -> str:
        """Make a run that goes through these states, as Prefect's client does; returns its id."""
        flow_id = self.api.ask("/flows/", {"name": flow})["id"]
        run = self.api.ask("/flow_runs/", {"state": {"type": "PENDING"}, **more, "flow_id": flow_id})
        for state in states:
            self.api.ask(f"/flow_runs/{run['id']}/set_state", {"state": {"type": state}, "force": True})
        return str(run["id"])

    def named(self, what: str) -> set[str]:
        """The names of all deployments, automations or work pools."""
        return {one["name"] for one in self.api.ask(f"/{what}/filter", {"limit": 200})}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """Both workspaces provided, after an older Ratchet had left its nameless things for one of them."""
    folder, port = tmp_path_factory.mktemp("shared"), free_port()
    home = sharing.workspace(folder / "helpdesk", {"RATCHET_PREFECT_PORT": str(port)}, "helpdesk")
    url = server.local_url(server.ensure_server(home).port)
    sharing.workspace(folder / "shop", {"RATCHET_PREFECT_API_URL": url}, "shop")
    made = Shared(folder, url, Api(url))
    leave_old_names(made)
    try:
        sharing.provide(made.helpdesk, url)
        sharing.provide(made.shop, url)
        yield made
    finally:
        server.stop_server(home)


def leave_old_names(shared: Shared) -> None:
    """Make what an older Ratchet made, and deployments of another team's that are called alike."""
    api = shared.api
    api.ask("/automations/", OLD_DEAD_RUN)
    api.ask("/variables/", {"name": "ratchet_deployments", "value": "digest"})
    api.ask("/variables/", {"name": "ratchet_notes", "value": {"owner": "Ana"}})
    about = {"name": "ratchet", "type": "process", "description": "Ratchet's runs"}
    api.ask("/work_pools/", about)
    flow = {name: api.ask("/flows/", {"name": name})["id"] for name in ("retrain", "rollback")}
    for name, deployment, entrypoint, tags in (
        ("retrain", "on-data-change", "flows.retrain.retrain", []),
        ("retrain", "helpdesk-on-data-change", "flows.retrain.retrain", ["ratchet:helpdesk"]),
        ("rollback", "helpdesk-manual", "flows.rollback.rollback", ["theirs"]),
        ("rollback", "manual", "etl.py:rollback", []),
        ("retrain", "nightly", "etl.py:retrain", []),
    ):
        body = {"flow_id": flow[name], "name": deployment, "entrypoint": entrypoint, "tags": tags}
        api.ask("/deployments/", body)


@pytest.mark.long
def test_what_an_older_ratchet_left_is_gone_and_what_is_another_teams_stays(shared: Shared) -> None:
    """Its automation marked every team's runs; its deployments would start runs that no worker takes."""
    names = shared.named("deployments")
    assert names >= {"nightly", "manual", "helpdesk-manual"}
    assert not names & {"on-data-change", "helpdesk-on-data-change"}
    assert names >= {f"{name}-retrain-on-data-change" for name in ("helpdesk", "shop")}
    assert "Dead run → crashed" not in shared.named("automations")
    assert "Dead run → crashed (shop)" in shared.named("automations")
    assert "ratchet" not in shared.named("work_pools")
    for name in ("helpdesk", "shop"):
        assert shared.api.request("GET", f"/v2/concurrency_limits/ratchet-{name}")["limit"] == 1


@pytest.mark.long
def test_only_the_workspaces_own_dead_run_is_marked(shared: Shared) -> None:
    """Killed in a shell, without any deployment; not another team's of the same name that was killed or is late.

    While it lives it says so again and again, with the workspace's tag.
    """
    past = (datetime.now(UTC) - timedelta(minutes=2)).isoformat()
    waits = {"type": "SCHEDULED", "state_details": {"scheduled_time": past}}
    late = shared.make_run("retrain", state=waits)
    started = [
        sharing.start(shared.url, "retrain", shared.helpdesk),
        sharing.start(shared.url, "retrain"),
    ]

    def running() -> dict[bool, str]:
        body = {
            "flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}},
            "flows": {"name": {"any_": ["retrain"]}},
        }
        runs = shared.api.ask("/flow_runs/filter", body)
        return {"ratchet:helpdesk" in run["tags"]: run["id"] for run in runs}

    def heartbeats(run: str) -> int:
        about = {"id": [f"prefect.flow-run.{run}"]}
        tag = {"id": ["prefect.tag.ratchet:helpdesk"], "role": ["tag"]}
        wanted = {"event": {"name": ["prefect.flow-run.heartbeat"]}, "resource": about, "related": tag}
        return len(shared.api.ask("/events/filter", {"filter": wanted})["events"])

    try:
        until(90, lambda: len(running()) == 2)
        runs = running()
        until(60, lambda: heartbeats(runs[True]) > 2)
    finally:
        for process in started:
            process.kill()
            process.wait()
    ended = shared.api.wait(runs[True], 120)
    assert ended["state_type"] == "CRASHED"
    assert "No sign of life" in ended["state"]["message"]
    assert shared.api.run(runs[False])["state_type"] == "RUNNING"
    assert shared.api.run(late)["state_name"] == "Late"
    marked = f"“{ended['name']}” crashed"
    assert marked in retrains.look(load_settings(shared.helpdesk)).failed
    assert retrains.look(load_settings(shared.shop)).failures == ()


def test_failures_and_successes_of_others_are_not_looked_at(shared: Shared) -> None:
    """A workspace's failure is known, and over with its own next success: not with another workspace's or team's."""
    home = load_settings(shared.helpdesk)

    def failed() -> set[str]:
        return {failure.flow for failure in retrains.look(home).failures} - {"retrain"}

    own, other = {"tags": ["ratchet:helpdesk"]}, {"tags": ["ratchet:shop"]}
    shared.make_run("release", "RUNNING", "FAILED", **other)
    shared.make_run("release", "RUNNING", "FAILED")
    assert failed() == set()
    shared.make_run("release", "RUNNING", "FAILED", **own)
    assert failed() == {"release"}
    shared.make_run("release", "RUNNING", "COMPLETED", **other)
    shared.make_run("release", "RUNNING", "COMPLETED")
    shared.make_run("rollback", "RUNNING", "COMPLETED", **own)
    assert failed() == {"release"}
    shared.make_run("release", "RUNNING", "COMPLETED", **own)
    assert failed() == set()


@pytest.mark.long
def test_one_commit_starts_a_run_in_each_workspace_that_announces_it(shared: Shared) -> None:
    """And in no other: the deployments answer their workspace's events."""

    def runs(name: str) -> int:
        return len(Api(shared.url, workspace=name).runs("retrain/retrain-on-data-change"))

    events.send(load_settings(shared.helpdesk), [data_changed("c1")])
    until(60, lambda: runs("helpdesk"))
    assert (runs("helpdesk"), runs("shop")) == (1, 0)
    events.send(load_settings(shared.shop), [data_changed("c1")])
    until(60, lambda: runs("shop"))
    assert (runs("helpdesk"), runs("shop")) == (1, 1)


def test_a_name_that_another_workspace_has_is_refused_and_the_remedy_works(
    shared: Shared, tmp_path: Path
) -> None:
    """Before anything works under it; with the name that the error proposes, the same command goes through."""
    other = tmp_path / "helpdesk"
    sharing.workspace(other, {"RATCHET_PREFECT_API_URL": shared.url}, "another bot")
    with pytest.raises(RatchetError, match="Another workspace has the name helpdesk") as caught:
        sharing.provide(other, shared.url)
    assert "RATCHET_NAME=helpdesk-2 " in caught.value.remedy
    sharing.set_variables(other, {"RATCHET_NAME": "helpdesk-2"})
    sharing.provide(other, shared.url)
    assert "ratchet-helpdesk-2" in shared.named("work_pools")


def test_a_clone_in_another_folder_finds_the_service(shared: Shared, tmp_path: Path) -> None:
    """Its worker and its announcements are told the name to use, and work with it."""
    clone = tmp_path / "checkout"
    git(tmp_path, "clone", "--quiet", str(shared.helpdesk), str(clone))
    sharing.set_variables(clone, {"RATCHET_PREFECT_API_URL": shared.url})
    words = ("emit", "code.changed", "--commit", "f" * 40)
    said = Ratchet(clone)(*words, code=1)
    assert "serves no workspace checkout; it serves helpdesk" in said
    with pytest.raises(RatchetError, match="as helpdesk, not as checkout") as caught:
        sharing.provide(clone, shared.url, "worker")
    assert "RATCHET_NAME=helpdesk " in caught.value.remedy
    sharing.set_variables(clone, {"RATCHET_NAME": "helpdesk"})
    sharing.provide(clone, shared.url, "worker")
    assert "Announced" in Ratchet(clone)(*words)
    assert "ratchet-checkout" not in shared.named("work_pools")
    owner = shared.api.request("GET", "/variables/name/ratchet_helpdesk")["value"]["owner"]
    assert owner["path"] == str(shared.helpdesk)


def test_a_renamed_folder_leaves_nothing_under_its_old_name(shared: Shared) -> None:
    """Its schedule would go on making runs that nobody takes."""
    shared.shop.rename(shared.folder / "store")
    sharing.provide(shared.folder / "store", shared.url)
    names = shared.named("deployments") | shared.named("automations") | shared.named("work_pools")
    assert not {name for name in names if "shop" in name}
    assert {"store-retrain-on-data-change", "ratchet-store", "helpdesk-rollback-manual", "nightly"} <= names


def test_a_failure_in_a_shell_is_told_and_is_over_with_the_next_success(shared: Shared) -> None:
    """The whole way: the command line, the server, the monitor from cron."""
    ratchet = Ratchet(shared.helpdesk)
    ratchet("ingest", "missing.csv", code=1)
    told = ratchet("monitor", "--once")
    assert "begin of run failed: The ingest “" in told
    assert "missing.csv does not exist" in told
    question = {
        "flow_runs": {"tags": {"all_": ["ratchet:helpdesk"]}},
        "flows": {"name": {"any_": ["ingest"]}},
    }
    assert {run["state_name"] for run in shared.api.ask("/flow_runs/filter", question)} == {"Failed"}
    shared.make_run("ingest", "RUNNING", "COMPLETED", tags=["ratchet:helpdesk"])
    ended = [alert for _ in range(2) for alert in once(str(shared.helpdesk)) if alert.event is Occasion.END]
    assert any("a later ingest went through" in alert.sentence for alert in ended), ended
