"""A workspace as Ratchet made it before `ratchet_bot` was a package.

`workspace-66bd076.tar.xz` is what commit 66bd076 made: `ratchet init`, an ingest of the messages of Rasa's initial
project, and a policy for so few. Its folders are those that Git has, and the data beside them.
"""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

from ratchet.adapters.corpus import dvc

ARCHIVE = Path(__file__).with_name("workspace-66bd076.tar.xz")


def git(folder: Path, *words: str) -> str:
    """Run Git as a person with a name."""
    who = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com")
    return subprocess.run(
        ["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def older_workspace(folder: Path) -> Path:
    """Unpack it, with its history in one commit and its data in its remote."""
    folder.mkdir()
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    (folder / ".env").write_text("")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "As it was")
    (folder / "data").rename(folder.with_name(f"{folder.name}-data"))
    dvc.seed(folder, folder.with_name(f"{folder.name}-data"))
    return folder
