"""Small corpora and workspaces for tests of the data's way."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pandas as pd

from ratchet.adapters.corpus import dvc_config
from ratchet.adapters.settings import Settings, load_settings

ALPHABET = str.maketrans("0123456789", "ghijklmnop")


def rows(intent: str, number: int, start: int = 0) -> list[dict[str, str]]:
    """Rows of an intent; the texts are nobody's near-duplicates and look like no personal data."""
    digests = (hashlib.sha256(f"{intent}{n}".encode()).hexdigest() for n in range(start, start + number))
    return [{"text": digest[:40].translate(ALPHABET), "intent": intent} for digest in digests]


def write_csv(path: Path, *parts: list[dict[str, str]]) -> Path:
    """Write rows as a CSV file."""
    pd.DataFrame([row for part in parts for row in part]).to_csv(path, index=False)
    return path


def data_workspace(folder: Path) -> Settings:
    """A workspace with Git and DVC and no corpus; its remote is a folder under `.ratchet/`."""
    shutil.copytree(started(), folder)
    return load_settings(folder, target="process")


@cache
def started() -> Path:
    """The folder that such a workspace is copied from, made once a process: Git and DVC take half a second for it."""
    folder = Path(tempfile.mkdtemp(prefix="ratchet-started-")) / "workspace"
    atexit.register(shutil.rmtree, folder.parent, ignore_errors=True)
    (folder / "bot").mkdir(parents=True)
    (folder / "params.yaml").write_text("split:\n  salt: test\n")
    (folder / ".gitignore").write_text(".ratchet/\n")
    git(folder, "init", "--quiet")
    git(folder, "config", "user.name", "Test")
    git(folder, "config", "user.email", "test@localhost")
    dvc_config.init(folder, ".ratchet/remote")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Start")
    return folder


def git(folder: Path, *words: str) -> str:
    """Run Git and return what it printed."""
    return subprocess.run(
        ["git", *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()
