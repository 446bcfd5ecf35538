"""A Prefect server that two workspaces and another team share.

`python -m tests.e2e.sharing URL FLOW [WORKSPACE]` runs a flow until it is killed: a workspace's, as the command line
runs one, or another team's.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ratchet.adapters.prefect import server
from ratchet.adapters.service import running
from ratchet.adapters.settings import SOURCE, Settings, load_settings
from tests.corpora import git
from tests.workspaces import fake_workspace

ENDLESS = 3600
WITHIN_SECONDS = 20
"""After so long without a sign of life a run is dead here: Ratchet's own 90 s, shortened."""
HEARTBEAT_SECONDS = 2.0
LOADED = {("flows.retrain.retrain", "retrain-on-data-change"), ("flows.rollback.rollback", "rollback-manual")}


def workspace(folder: Path, variables: Mapping[str, str], history: str = "") -> Settings:
    """Make a workspace that loads two deployments, `history` names its Git history."""
    fake_workspace(folder)
    declared = folder / "deployments"
    declared.mkdir()
    content = yaml.safe_load((SOURCE / "deployments" / "prefect.yaml").read_text(encoding="utf-8"))
    few = [one for one in content["deployments"] if (one["entrypoint"], one["name"]) in LOADED]
    (declared / "prefect.yaml").write_text(yaml.safe_dump({**content, "deployments": few}))
    automatic = (SOURCE / "deployments" / "automations.yaml").read_text(encoding="utf-8")
    assert "within: 90" in automatic
    (declared / "automations.yaml").write_text(automatic.replace("within: 90", f"within: {WITHIN_SECONDS}"))
    set_variables(folder, {"RATCHET_TARGET": "process", **variables})
    if history:
        (folder / ".gitignore").write_text(".ratchet/\n.env\nprefect.toml\n")
        git(folder, "init", "--quiet")
        for key, value in (("user.name", "Test"), ("user.email", "test@localhost")):
            git(folder, "config", key, value)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", history)
    return load_settings(folder)


def set_variables(folder: Path, variables: Mapping[str, str]) -> None:
    """Add variables to a workspace's `.env`."""
    with (folder / ".env").open("a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in variables.items())


def provide(folder: Path, url: str, *parts: str) -> None:
    """Do what `ratchet up` does before it starts the parts of these names."""
    running.provide(load_settings(folder), parts or ("worker", "watch"), url, lambda _: None)


def start(url: str, flow: str, folder: Path | None = None) -> subprocess.Popen[bytes]:
    """Start an endless flow in a process of its own; without a workspace, another team's."""
    argv = [sys.executable, "-m", "tests.e2e.sharing", url, flow, *([str(folder)] if folder else [])]
    return subprocess.Popen(argv, cwd=SOURCE)


def endless(name: str, folder: str | None) -> Any:
    """Return a flow that runs until it is killed."""
    from prefect import flow

    from flows.process import process
    from ratchet.adapters.prefect import flow_runs

    flow_runs.HEARTBEAT_SECONDS = HEARTBEAT_SECONDS

    def nap(workspace: str | None = None) -> None:
        time.sleep(ENDLESS)

    return process(name=name)(nap) if folder else flow(nap, name=name)


if __name__ == "__main__":
    address, called, *where = sys.argv[1:]
    if where:
        server.connect(load_settings(where[0]))
    else:
        import os

        os.environ["PREFECT_API_URL"] = address
    endless(called, where[0] if where else None)(*where)
