"""Makes small workspaces whose messages train in a second: to kill, to starve, to serve."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from ratchet.adapters.corpus import dvc_config
from ratchet.adapters.settings import load_settings
from ratchet.adapters.system.processes import free_port
from tests.corpora import git
from tests.e2e.cli import Ratchet
from tests.e2e.fleet import small_bot
from tests.e2e.kills.patient import Patient, change


def settle(folder: Path, prepare: Callable[[Path], None] = lambda _: None, **variables: str) -> Ratchet:
    """Make a workspace with the small bot's messages in it, committed.

    `prepare` is given the workspace before the first ingest; `variables` go into its `.env`.
    """
    workspace = small_bot.write_workspace(folder)
    # Without load test: it would make up half of a run, and has tests of its own.
    change(workspace / "params.yaml", r"^    seconds: .*$", "    seconds: 0")
    (workspace / ".gitignore").write_text(".ratchet/\n.env\n__pycache__/\n")
    chosen = {
        "RATCHET_TARGET": "process",
        "RATCHET_PORT": str(free_port()),
        "RATCHET_PREFECT_PORT": str(free_port()),
        **variables,
    }
    (workspace / ".env").write_text("".join(f"{name}={value}\n" for name, value in chosen.items()))
    git(workspace, "init", "--quiet")
    git(workspace, "config", "user.name", "Test")
    git(workspace, "config", "user.email", "test@localhost")
    dvc_config.init(workspace, ".ratchet/remote")
    prepare(workspace)
    messages = [{"text": str(row["text"]), "intent": str(row["intent"])} for row in small_bot.rows()]
    file = folder.parent / f"{folder.name}.csv"
    pd.DataFrame(messages).to_csv(file, index=False)
    ratchet = Ratchet(workspace)
    ratchet("ingest", file)
    git(workspace, "add", "--all")
    git(workspace, "commit", "--quiet", "--message", "Start")
    return ratchet


def make(folder: Path, prepare: Callable[[Path], None] = lambda _: None, **variables: str) -> Patient:
    """Make such a workspace, without a release."""
    ratchet = settle(folder, prepare, **variables)
    return Patient(ratchet, load_settings(ratchet.workspace))


def admit(folder: Path, prepare: Callable[[Path], None] = lambda _: None, **variables: str) -> Patient:
    """Make such a workspace and bring its first release out."""
    patient = make(folder, prepare, **variables)
    summary, _ = patient.run("retrain")
    assert summary["outcome"] == "released", summary
    return patient
