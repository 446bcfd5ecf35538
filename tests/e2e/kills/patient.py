"""A small workspace that is killed and starved, and what has to hold in it all the same."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from ratchet.adapters.registry.mlflow import RECORD_TAG, Registry
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import read_json, sha256, tree_digest
from ratchet.adapters.system.lock import hold, holder
from ratchet.domain.release.manifest import Release
from tests.corpora import git
from tests.docs.schemas import validate
from tests.e2e.cli import ROOT, Ratchet
from tests.e2e.kills.dying import end_tools
from tests.e2e.kills.witness import ask

KEPT = {"verdict.json", "evaluation.json", "report.html", "report.json", "bot.tar.gz", "model"}
"""What the registry has of each model, besides its plots."""


@dataclass
class Patient:
    """A workspace with a live release of the small bot, on the `process` target unless it says otherwise."""

    ratchet: Ratchet
    settings: Settings
    env: dict[str, str] = field(default_factory=dict)
    seed: int = 1
    checked: set[str] = field(default_factory=set)

    @property
    def workspace(self) -> Path:
        """Its folder."""
        return self.ratchet.workspace

    @property
    def state(self) -> Path:
        """Where Ratchet keeps everything of it."""
        return self.settings.state

    @property
    def url(self) -> str:
        """Where people reach its bot."""
        return f"http://127.0.0.1:{self.settings.port}"

    def another_model(self) -> None:
        """Change what the next retrain trains: the seed."""
        self.seed += 1
        change(self.workspace / "params.yaml", r"^  seed: .*$", f"  seed: {self.seed}")

    def another_wording(self) -> str:
        """Change the code that the next release brings out: a response's words, which are returned."""
        self.seed += 1
        words = f"Starting order laptop number {self.seed}."
        change(
            self.workspace / "bot" / "domain.yml",
            r"^  - text: Starting order laptop.*$",
            f"  - text: {words}",
        )
        return words

    def dying(self, point: str, whom: str, *words: str) -> subprocess.Popen[str]:
        """Start a command that is killed at a point; see `dying.py`."""
        argv = [sys.executable, "-m", "tests.e2e.kills.dying", point, whom]
        argv += ["--workspace", str(self.workspace), *words]
        return subprocess.Popen(
            argv,
            cwd=ROOT,
            text=True,
            env={**os.environ, **self.env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def kill_at(self, point: str, whom: str, *words: str) -> None:
        """Run a command, and fail unless it was killed at that point."""
        process = self.dying(point, whom, *words)
        said, _ = process.communicate(timeout=300)
        assert process.returncode == -signal.SIGKILL, f"{point} was not reached: {process.returncode}\n{said}"

    def kill_after(self, seconds: float, whom: str, *words: str) -> bool:
        """Kill a command after a time, wherever it is then; False when it had ended already."""
        process = self.ratchet.start(
            *words, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            if whom == "tools":
                end_tools(process.pid, self.workspace)
            process.kill()
        return process.wait() == -signal.SIGKILL

    def run(self, *words: str) -> tuple[dict[str, Any], float]:
        """Run a command to its good end; returns what it says in JSON, {} for nothing, and the seconds it took."""
        started = time.monotonic()
        process = self.ratchet.start(
            *words, "--json", env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, err = process.communicate(timeout=600)
        assert process.returncode == 0, f"ratchet {' '.join(words)}: {process.returncode}\n{out}\n{err}"
        seconds, printed = time.monotonic() - started, dict(json.loads(out))
        validate(" ".join(words), printed)
        return printed, seconds

    def disturbed(self, step: str, happen: Callable[[], object], *words: str) -> tuple[int, str]:
        """Run a command while something happens, after a step or ("") before all; returns exit code and output."""
        if not step:
            happen()
        process = self.ratchet.start(*words, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if step and line.startswith(f"✓ {step} "):
                happen()
        return process.wait(timeout=600), "".join(said)

    def sources(self) -> tuple[str, ...]:
        """What no kill may change: the commit, the state of the working tree, `data.dvc`, and the data itself."""
        data = [path for path in (self.workspace / "data").rglob("*") if path.is_file()]
        return (
            git(self.workspace, "rev-parse", "HEAD"),
            git(self.workspace, "status", "--porcelain"),
            (self.workspace / "data.dvc").read_text(),
            tree_digest(data, self.workspace),
        )

    def assert_no_lock(self) -> None:
        """Anybody may begin a run at once."""
        assert holder(self.state / "run.lock") is None
        with hold(self.state / "run.lock", "A test"):
            pass

    def assert_registry_whole(self) -> None:
        """Each registered version has its archive with the digest, its artifacts, and a lineage without gaps."""
        registry = Registry(self.settings)
        for version in registry.client.search_model_versions("name = 'nlu'"):
            if version.version in self.checked:
                continue
            assert RECORD_TAG in version.tags, version
            model = registry.model(str(version.version))
            kept = {item.path for item in registry.client.list_artifacts(model.run_id)}
            assert kept >= KEPT, f"version {version.version} has only {kept}"
            (self.state / "models" / f"{model.sha256}.tar.gz").unlink(missing_ok=True)
            assert sha256(registry.archive(model)) == model.sha256
            known = {name: value for name, value in model.lineage.as_dict().items() if name != "encoder"}
            assert all(str(value) for value in known.values()), model.lineage  # it asks for no encoder
            assert model.decision in ("promote", "reject", "ask")
            self.checked.add(version.version)

    def assert_settled(self) -> None:
        """Everything tells the same story, and nothing is left over."""
        live = self.assert_records_settled()
        assert ask(self.url)["release"] == live.id
        assert self.strangers() == []
        assert not (self.state / "process" / "staged.json").exists()
        assert not list((self.state / "bundles").glob(".new-*"))
        self.assert_no_lock()
        self.assert_registry_whole()

    def assert_records_settled(self) -> Release:
        """Release and champion are one, and no run is open; returns the live release."""
        registry = Registry(self.settings)
        live, champion = registry.live(), registry.champion()
        assert live is not None
        assert champion is not None
        assert (live.model_version, live.model_sha256) == (champion.version, champion.sha256)
        experiments = [registry.experiment("nlu"), registry.experiment("releases")]
        assert not registry.client.search_runs(experiments, "attributes.status = 'RUNNING'")
        assert registry.begun() is None
        return live

    def strangers(self) -> list[str]:
        """The processes that have to do with this workspace and are neither supervisor nor live nor warm replica."""
        known = {
            (read_json(self.state / "process" / f"{name}.json") or {}).get("pid")
            for name in ("supervisor", "live", "warm")
        }
        found = []
        for process in psutil.process_iter(["pid", "cmdline"]):
            words = process.info["cmdline"] or []
            if process.pid not in known and any(str(self.workspace) in word for word in words):
                found.append(f"{process.pid} {' '.join(words)[:200]}")
        return found

    def release_ids(self) -> set[str]:
        """Every release that ever was begun."""
        registry = Registry(self.settings)
        runs = registry.client.search_runs([registry.experiment("releases")])
        return {str(run.info.run_name) for run in runs}

    def end_everything(self) -> None:
        """A power cut: every process of this workspace dies at once."""
        server = read_json(self.state / "prefect" / "server.json") or {}
        doomed = [psutil.Process(pid) for pid in (server.get("pid"),) if pid and psutil.pid_exists(pid)]
        doomed += [child for process in doomed for child in process.children(recursive=True)]
        for process in psutil.process_iter(["cmdline"]):
            if any(str(self.workspace) in word for word in process.info["cmdline"] or []):
                doomed.append(process)
        for process in doomed:
            if process.is_running():
                process.kill()

    def stop(self) -> None:
        """End its bot and its servers."""
        self.ratchet.start("stop", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait(timeout=120)


def change(path: Path, pattern: str, line: str) -> None:
    """Change the first line of a file that matches."""
    text, count = re.subn(pattern, line, path.read_text(), count=1, flags=re.MULTILINE)
    assert count == 1, (path, pattern)
    path.write_text(text)
