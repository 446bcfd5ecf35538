"""Prefect's database right after its migrations, which take a new workspace six seconds of a processor."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from ratchet.adapters.settings import STATE_FOLDER

STARTS = {"ingest", "retrain", "up"}
"""Commands that start a server in a new workspace."""


def give(workspace: Path, command: str) -> None:
    """Put such a database where a workspace's first server would make its own; `test_main_job` does without."""
    state = workspace / STATE_FOLDER
    own = state / "prefect" / "prefect.db"
    if command not in STARTS or not (workspace / "params.yaml").exists() or own.parent.exists():
        return
    settings = workspace / ".env"
    if settings.exists() and "RATCHET_PREFECT_DATABASE" in settings.read_text(encoding="utf-8"):
        return
    own.parent.mkdir(parents=True)
    shutil.copy(made(), own)


@cache
def made() -> Path:
    """Make one, by Prefect's own command, once a process."""
    folder = Path(tempfile.mkdtemp(prefix="ratchet-prefect-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    found = folder / "prefect.db"
    address = f"sqlite+aiosqlite:///{found}"
    env = {"PREFECT_HOME": str(folder), "PREFECT_SERVER_DATABASE_CONNECTION_URL": address}
    argv = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"]
    subprocess.run(argv, check=True, capture_output=True, env={**os.environ, **env}, timeout=120)
    return found
