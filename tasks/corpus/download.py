"""download: fetch a file from the inbox."""

from __future__ import annotations

from pathlib import Path

from ratchet.adapters.run import Run
from ratchet.adapters.triggers import inbox
from tasks.step import step


@step(lambda path: path.name if path else "it is no longer in the inbox")
def download(run: Run, file: str) -> Path | None:
    """Return the file, in a folder of this run; None when someone was quicker."""
    return inbox.download(run.settings, file, run.folder)
