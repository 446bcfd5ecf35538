"""`ratchet up` in a fresh workspace that follows a Git remote: triggers, schedule, faults, and the pages' forms.

The tests of this file go through one life of one service, in their order.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import stat
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psutil
import pytest

from ratchet.adapters.system.files import read_json
from ratchet.adapters.system.processes import alive, read_replica
from tests.e2e import probes
from tests.e2e.cli import ROOT
from tests.e2e.listeners import Listeners, listening
from tests.e2e.service import Service, until

pytestmark = pytest.mark.e2e
BERLIN = ZoneInfo("Europe/Berlin")
RUN_SECONDS = 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the workspace, its remotes and the colleague's clone are."""
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="module")
def listeners(folder: Path) -> Iterator[Listeners]:
    """Who listened, from the first command on."""
    with listening(folder) as made:
        yield made


@pytest.fixture(scope="module")
def started(folder: Path, listeners: Listeners) -> Iterator[Service]:
    """A service that was just started in the background, without any release yet."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    made = Service(folder)
    made.make(str(folder / "dvc"))
    try:
        made.start()
        yield made
    finally:
        made.down()
        made.ratchet("stop")


@pytest.fixture(scope="module")
def first(started: Service) -> dict[str, Any]:
    """The run of the first release, which the weekly deployment made."""
    return started.api.wait(started.api.start("retrain/retrain-weekly"), RUN_SECONDS)


@pytest.fixture(scope="module")
def service(started: Service, first: dict[str, Any]) -> Service:
    """The service after that run."""
    return started


def test_the_service_runs_in_the_background(started: Service) -> None:
    """`--detach` has returned once everything answered, and named the next retrain."""
    assert "Ready" in started.said
    assert "next retrain" in started.said
    assert started.api.deployment("retrain/retrain-weekly")


def test_up_twice_says_that_it_runs(started: Service) -> None:
    """A second supervisor is not started, and where everything is stands there again."""
    said = started.ratchet("up")
    assert "runs already" in said
    assert str(started.port) in said


def test_the_weekly_schedule_yields_runs_on_the_clocks_of_berlin(started: Service) -> None:
    """Scheduled runs exist, each on a Monday at 06:00 local time."""

    def scheduled() -> list[datetime]:
        body = {"flow_runs": {"deployment_id": {"any_": [started.api.deployment("retrain/retrain-weekly")]}}}
        runs = started.api.ask("/flow_runs/filter", body)
        return [datetime.fromisoformat(run["expected_start_time"]).astimezone(BERLIN) for run in runs]

    times = until(60, scheduled)
    assert len(times) >= 3
    assert {(time.weekday(), time.hour, time.minute) for time in times} == {(0, 6, 0)}


def test_the_schedule_follows_a_change_to_summer_time(started: Service) -> None:
    """The deployed schedule, computed as the server does: 06:00 before and after 28 March 2027."""
    from prefect.server.schemas.schedules import CronSchedule

    found = started.api.request("GET", f"/deployments/name/{started.api.named('retrain/retrain-weekly')}")[
        "schedules"
    ][0]["schedule"]
    schedule = CronSchedule.model_validate(found)
    times = asyncio.run(schedule.get_dates(n=4, start=datetime(2027, 3, 16, tzinfo=BERLIN)))
    local = [time.astimezone(BERLIN) for time in times]
    assert [(time.day, time.hour) for time in local] == [(22, 6), (29, 6), (5, 6), (12, 6)]
    assert [time.utcoffset() for time in local[:2]] == [timedelta(hours=1), timedelta(hours=2)]


def test_the_first_release_comes_from_the_weekly_deployment(service: Service, first: dict[str, Any]) -> None:
    """Started as the pages do; its name says what came of it, and its page shows the verdict."""
    assert first["state_type"] == "COMPLETED", service.api.log(first["id"])
    assert "%" in first["name"]
    assert first["name"].endswith("released")
    assert {"weekly", "ratchet:home"} <= set(first["tags"])
    assert first["state_name"] == "Released"
    body = {"artifacts": {"flow_run_id": {"any_": [first["id"]]}}}
    kinds = {artifact["key"]: artifact["type"] for artifact in service.api.ask("/artifacts/filter", body)}
    assert kinds["verdict"] == "table"
    assert "image" in kinds.values()


def test_the_graph_of_a_retrain_can_be_read(service: Service, first: dict[str, Any]) -> None:
    """At most 25 arrows from step to step, and neither sync nor recover stands beside them."""
    arrows = service.api.arrows(first["id"])
    assert {("sync", "recover"), ("recover", "fetch"), ("recall", "train"), ("register", "package")} <= arrows
    assert len(arrows) <= 25, "; ".join(sorted(f"{one} {other}" for one, other in arrows))


def test_nothing_listens_on_all_interfaces(service: Service, listeners: Listeners) -> None:
    """Bot, its supervisor, staging, Prefect, MLflow, worker, watcher and monitor: on loopback or not at all."""
    listeners.look()
    seen = listeners.seen
    env = service.env
    for name in ("RATCHET_PORT", "RATCHET_PREFECT_PORT", "RATCHET_MLFLOW_PORT"):
        assert ("127.0.0.1", int(env[name])) in seen, (name, seen)
    assert len(seen) >= 4, seen  # the three and the bot's own
    outside = {
        place: words for place, words in seen.items() if not ipaddress.ip_address(place[0]).is_loopback
    }
    assert not outside


def test_nothing_of_rasa_is_reachable_on_a_bot_without_an_engine(service: Service) -> None:
    """Neither at the address that people use nor at the replica's own: training, models, conversations, domain."""
    live = read_json(service.home / ".ratchet" / "process" / "live.json")
    assert live is not None
    assert not list(probes.wrong(service.bot_port))
    assert not list(probes.wrong(live["port"], ("GET", "POST", "PUT")))
    assert service.say("hello")["messages"]


def test_health_says_no_secret(service: Service) -> None:
    """`/status` is open; it names release and model, and nothing of people or machines."""
    said = httpx.get(f"http://127.0.0.1:{service.bot_port}/status", trust_env=False).json()
    assert set(said) == {"ready", "release", "model_version", "model_id", "sha256", "started_at", "events"}


def test_secrets_are_files_that_only_their_owner_reads(service: Service) -> None:
    """Tokens are in files with mode 0600, and in no command line, environment, log or run folder."""
    secrets = service.home / ".ratchet" / "secrets"
    tokens = [path for path in secrets.iterdir() if path.is_file()]
    assert tokens
    texts = {path: path.read_text().strip() for path in tokens}
    values = [
        one
        for path, text in texts.items()
        for one in (json.loads(text).values() if path.suffix == ".json" else [text])  # variables by name
    ]
    for path in tokens:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for process in psutil.process_iter(["cmdline", "environ"]):
        shown = json.dumps([process.info["cmdline"], process.info["environ"]])
        assert not any(value in shown for value in values), process
    state = service.home / ".ratchet"
    for path in [*state.rglob("*.log"), *(state / "runs").rglob("*.json"), *(state / "runs").rglob("*.html")]:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not any(value in text for value in values), path


@pytest.mark.long
def test_a_new_wording_is_released_without_training_and_documentation_is_not(service: Service) -> None:
    """The champion with the new code, exactly one release; a README starts nothing."""
    models = len(service.registry.models())
    (service.dev / "README.md").write_text("Our bot.\n")
    service.push("Say what it is")
    service.change("bot/domain.yml", "Starting order laptop.", "Starting order laptop at once.")
    commit = service.push("Better words")
    (run,) = until(30, lambda: service.api.runs("release/release-on-code-change"))
    assert service.api.wait(run["id"], RUN_SECONDS)["state_type"] == "COMPLETED", service.api.log(run["id"])
    assert len(service.registry.models()) == models
    assert service.api.run(run["id"])["state_name"] == "Released"
    assert service.registry.live().code_commit == commit
    assert "at once" in str(service.say("i need a new laptop")["messages"])
    assert len(service.api.runs("release/release-on-code-change")) == 1
    assert not service.api.runs("retrain/retrain-on-data-change")


def test_five_pushes_of_data_make_at_most_two_runs_and_the_last_wins(
    service: Service,
) -> None:
    """The first starts a run, the rest go together, and no code is released."""
    released = len(service.api.runs("release/release-on-code-change"))
    commits, revision = [], ""
    for number in range(5):
        revision = service.add_data(number)
        commits.append(service.commit(service.dev, f"Data {number}"))
    for number, commit in enumerate(commits):
        service.publish(commit)
        if number == 0:
            until(60, lambda: service.api.runs("retrain/retrain-on-data-change"))

    def settled() -> bool:
        runs = service.api.runs("retrain/retrain-on-data-change")
        ended = all(run["state_type"] in ("COMPLETED", "CANCELLED") for run in runs)
        return ended and any(commits[-1][:8] in str(run["parameters"]) for run in runs)

    until(RUN_SECONDS, settled)
    worked = [
        run for run in service.api.runs("retrain/retrain-on-data-change") if run["state_type"] == "COMPLETED"
    ]
    assert 1 <= len(worked) <= 2
    assert service.registry.models()[-1].lineage.data_revision == revision
    assert len(service.api.runs("release/release-on-code-change")) == released


@pytest.mark.long
def test_a_change_of_the_pipeline_retrains_on_the_same_data(service: Service) -> None:
    """Code that shapes the model starts a retrain on the champion's data, and no release by itself."""
    champion = service.registry.champion()
    released = len(service.api.runs("release/release-on-code-change"))
    service.change("bot/config.yml", "language: en", "language: en\n# a new pipeline")
    service.push("Another pipeline")
    (run,) = until(30, lambda: service.api.runs("retrain/retrain-on-code-change"))
    assert service.api.wait(run["id"], RUN_SECONDS)["state_type"] == "COMPLETED", service.api.log(run["id"])
    newest = service.registry.models()[-1]
    assert newest.version != champion.version
    assert newest.lineage.data_revision == champion.lineage.data_revision
    assert len(service.api.runs("release/release-on-code-change")) == released


@pytest.mark.long  # heartbeats take two minutes
def test_a_killed_worker_is_noticed_and_the_next_run_takes_up_its_work(service: Service) -> None:
    """SIGKILL of worker and run once the model is trained: crashed within two minutes, slot free, nothing lost.

    In the run after it, which does not train again, the Prefect server is killed too, and comes back.
    """
    service.add_data(99)
    service.push("Data of the faulty day")
    before = len(service.api.runs("retrain/retrain-on-data-change"))
    run = until(90, lambda: service.api.runs("retrain/retrain-on-data-change")[before:])[0]
    candidates = service.home / ".ratchet" / "candidates"
    until(RUN_SECONDS, lambda: list(candidates.glob("*/model.sha256")))
    worker = read_replica(service.home / ".ratchet" / "service" / "worker.json")
    assert worker is not None
    family = psutil.Process(worker.pid)
    for process in [family, *family.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    crashed = service.api.wait(run["id"], 120)
    assert crashed["state_type"] == "CRASHED"
    fresh = until(30, lambda: read_replica(service.home / ".ratchet" / "service" / "worker.json"))
    assert alive(fresh)

    again = service.api.start("retrain/retrain-on-data-change")
    until(60, lambda: service.api.run(again)["state_type"] == "RUNNING")
    server = read_replica(service.home / ".ratchet" / "prefect" / "server.json")
    assert server is not None
    psutil.Process(server.pid).kill()
    ended = service.api.wait(again, RUN_SECONDS)
    log = service.api.log(again)
    assert ended["state_type"] == "COMPLETED", log
    assert "taken up from an earlier run" in log


@pytest.mark.long
def test_override_and_rollback_as_the_pages_send_them(service: Service) -> None:
    """A person forbids and approves a model, and goes back, without a shell."""
    version = service.registry.live().model_version
    refused = service.api.start(
        "override/override-manual", version=version, by="", reason="none", expires="7d"
    )
    assert service.api.wait(refused, 120)["state_type"] == "FAILED"
    answer = {"version": version, "by": "Ana", "reason": "the client wants it", "expires": "7d"}
    done = service.api.wait(service.api.start("override/override-manual", **answer), 120)
    assert (done["state_type"], done["state_name"]) == ("COMPLETED", "Released"), service.api.log(done["id"])
    live = service.registry.live()
    assert live.override["by"] == "Ana"

    back = service.api.wait(service.api.start("rollback/rollback-manual"), 120)
    assert (back["state_type"], back["state_name"]) == ("COMPLETED", "Released"), service.api.log(back["id"])
    assert service.registry.live().id != live.id


def test_ci_announces_a_commit_once(service: Service) -> None:
    """The same event sent twice over HTTP makes one run."""
    before = len(service.api.runs("release/release-on-code-change"))
    for _ in range(2):
        service.ratchet("emit", "code.changed", "--commit", "f" * 40)
    until(60, lambda: service.api.runs("release/release-on-code-change")[before:])
    time.sleep(5)
    assert len(service.api.runs("release/release-on-code-change")) == before + 1


def test_down_stops_everything_but_the_bot(service: Service) -> None:
    """No process of the service is left."""
    parts = [read_replica(file) for file in (service.home / ".ratchet" / "service").glob("*.json")]
    assert "stopped: service" in service.ratchet("down")
    assert not [part for part in parts if part and alive(part)]
    assert service.say("hello")["release"]
