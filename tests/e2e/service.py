"""A running service and the Git remote that it follows, as the tests see them: over HTTP and through pushes."""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pandas as pd

from ratchet.adapters.corpus import data_folder, dvc
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import load_settings
from ratchet.adapters.system.processes import free_port
from ratchet.domain.corpus import ledger
from tests.e2e.cli import Ratchet
from tests.e2e.kills.admission import settle

ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
UP_SECONDS = 240


class Api:
    """Prefect's API, used as its web pages use it."""

    def __init__(self, url: str, auth: tuple[str, str] | None = None, workspace: str = "home") -> None:
        self.workspace = workspace
        self.http = httpx.Client(base_url=url, timeout=30, trust_env=False, auth=auth)

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send a request and return the answer; a server that is restarting or busy is asked again for two minutes."""
        deadline = time.monotonic() + 120
        while True:
            try:
                return self.http.request(method, path, json=body).raise_for_status().json()
            except (httpx.TransportError, httpx.HTTPStatusError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def ask(self, path: str, body: Mapping[str, Any]) -> Any:
        """Post a question and return the answer."""
        return self.request("POST", path, body)

    def deployment(self, name: str) -> str:
        """Return the id of `flow/deployment` of the workspace."""
        return str(self.request("GET", f"/deployments/name/{self.named(name)}")["id"])

    def named(self, name: str) -> str:
        """Return the name on the server of `flow/deployment`."""
        flow, _, deployment = name.partition("/")
        return f"{flow}/{self.workspace}-{deployment}"

    def runs(self, name: str) -> list[dict[str, Any]]:
        """Return a deployment's runs but those of a schedule's future, oldest first."""
        body = {
            "sort": "EXPECTED_START_TIME_ASC",
            "flow_runs": {
                "deployment_id": {"any_": [self.deployment(name)]},
                "state": {"name": {"not_any_": ["Scheduled"]}},
            },
        }
        return list(self.ask("/flow_runs/filter", body))

    def start(self, name: str, **parameters: Any) -> str:
        """Start a deployment's run as a form of the pages does; returns the run's id."""
        run = self.ask(f"/deployments/{self.deployment(name)}/create_flow_run", {"parameters": parameters})
        return str(run["id"])

    def run(self, run_id: str) -> dict[str, Any]:
        """Return one run."""
        return next(iter(self.ask("/flow_runs/filter", {"flow_runs": {"id": {"any_": [run_id]}}})))

    def wait(self, run_id: str, seconds: float) -> dict[str, Any]:
        """Return a run once it has ended."""
        return until(seconds, lambda: found if (found := self.run(run_id))["state_type"] in ENDED else None)

    def arrows(self, run_id: str) -> set[tuple[str, str]]:
        """Return the arrows of a run's graph, from step to step: what each step recorded as its inputs."""
        runs = self.ask("/task_runs/filter", {"flow_runs": {"id": {"any_": [run_id]}}})
        names = {run["id"]: run["name"].rpartition("-")[0] for run in runs}
        return {
            (names[found["id"]], names[run["id"]])
            for run in runs
            for inputs in run["task_inputs"].values()
            for found in inputs
        }

    def log(self, run_id: str) -> str:
        """Return all that a run logged."""
        lines = self.ask("/logs/filter", {"logs": {"flow_run_id": {"any_": [run_id]}}, "limit": 200})
        return "\n".join(line["message"] for line in lines)


def until(seconds: float, found: Any) -> Any:
    """Return the first true result of `found()`, asked twice a second; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        if result := found():
            return result
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.5)


def messages(number: int) -> list[str]:
    """Return four messages that are like nothing else, so that some of them are trained on."""
    return [f"laptop {hashlib.sha256(f'{number} {n}'.encode()).hexdigest()[:24]}" for n in range(4)]


class Service:
    """A workspace with `ratchet up` in it, and a colleague's clone that pushes to the remote it follows."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.origin, self.home, self.dev = folder / "origin.git", folder / "home", folder / "dev"
        self.port, self.bot_port = free_port(), free_port()
        self.env = {
            "RATCHET_PORT": str(self.bot_port),
            "RATCHET_PREFECT_PORT": str(self.port),
            "RATCHET_MLFLOW_PORT": str(free_port()),
            "RATCHET_TARGET": "process",
            **(settings or {}),
        }
        self.ratchet = Ratchet(self.home)
        self.api = Api(f"http://127.0.0.1:{self.port}/api")
        self.process: subprocess.Popen[str] | None = None
        self.said = ""

    def make(self, *dvc_remote: str) -> None:
        """Make the workspace with the small bot, its Git and DVC remotes, and the colleague's clone."""
        settle(self.home, **self.env)
        params = self.home / "params.yaml"
        text = params.read_text(encoding="utf-8")
        for old, new in {
            "poll_seconds: 10": "poll_seconds: 2",
            "data_gap_seconds: 60": "data_gap_seconds: 20",
            "time_zone: UTC": "time_zone: Europe/Berlin",
        }.items():
            assert old in text, old
            text = text.replace(old, new)
        params.write_text(text, encoding="utf-8")
        self.ratchet("remote", "set", *dvc_remote)
        self.git(self.home, "checkout", "-q", "-B", "main")
        self.commit(self.home, "Settings of the test")
        self.git(self.folder, "init", "-q", "--bare", str(self.origin))
        self.git(self.home, "remote", "add", "origin", str(self.origin))
        self.git(self.home, "push", "-q", "-u", "origin", "main")
        self.git(self.folder, "clone", "-q", "-b", "main", str(self.origin), str(self.dev))

    def start(self) -> None:
        """Start the service in the background, and keep what that said."""
        self.said = self.ratchet("up", "--detach")

    def up(self) -> None:
        """Start the service in the foreground of a process of its own, and wait until it is ready."""
        log = self.folder / "up.log"
        with log.open("w") as output:
            self.process = self.ratchet.start("up", stdout=output, stderr=subprocess.STDOUT)
        ready = until(UP_SECONDS, lambda: "Ready" in log.read_text() or self.process.poll() is not None)
        assert ready
        assert "Ready" in log.read_text(), log.read_text()

    def down(self) -> None:
        """Stop the service."""
        self.ratchet("down")
        if self.process is not None:
            self.process.wait(30)

    def git(self, folder: Path, *words: str) -> str:
        """Run a Git command as the colleague."""
        who = ["-c", "user.name=Colleague", "-c", "user.email=colleague@localhost"]
        done = subprocess.run(
            ["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True, timeout=60
        )
        return done.stdout.strip()

    def commit(self, workspace: Path, message: str) -> str:
        """Commit everything that changed and return the commit."""
        self.git(workspace, "add", "--all")
        self.git(workspace, "commit", "-q", "-m", message)
        return self.git(workspace, "rev-parse", "HEAD")

    def push(self, message: str) -> str:
        """Commit and push what the colleague changed."""
        commit = self.commit(self.dev, message)
        self.publish(commit)
        return commit

    def publish(self, commit: str) -> None:
        """Push one of the colleague's commits."""
        self.git(self.dev, "push", "-q", "origin", f"{commit}:refs/heads/main")

    def change(self, path: str, old: str, new: str) -> None:
        """Replace a text in one of the colleague's files."""
        file = self.dev / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def add_data(self, number: int) -> str:
        """Put messages into the colleague's corpus, as `ratchet ingest` does; returns the data revision.

        They are `messages(number)`.
        """
        settings = load_settings(self.dev)
        corpus, policy = settings.params.corpus, settings.params.split
        store = data_folder.open_store(self.dev, settings.state, corpus, policy)
        rows = pd.DataFrame({"text": messages(number), "intent": "order_laptop", "source": "test"})
        frame = pd.concat([store.frame, rows], ignore_index=True)[corpus.columns].fillna("")
        staging = data_folder.staging(self.dev)
        data_folder.write(staging, frame, ledger.assign(frame, store.ledger, policy, "2026-11-21"), policy)
        pointer = dvc.add(self.dev, staging)
        dvc.push(self.dev, pointer.revision)
        data_folder.swap(self.dev, pointer)
        return pointer.revision

    @property
    def registry(self) -> Registry:
        """The registry of the service's workspace."""
        return Registry(load_settings(self.home))

    def say(self, text: str) -> dict[str, Any]:
        """Say something to the bot."""
        body = {"sender": "a", "message": text}
        answer = httpx.post(f"http://127.0.0.1:{self.bot_port}/chat", json=body, trust_env=False, timeout=30)
        return dict(answer.raise_for_status().json())
