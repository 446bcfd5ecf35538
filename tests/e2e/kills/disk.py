"""A small disk of its own, which can be full or refuse to be written."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BLOCK = b"\0" * 65536


class Disk:
    """A file system in memory, mounted at a folder; needs root."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        while folder.is_mount():  # a test that was killed left it
            self.unmount()
        run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Nothing more can be written for the time of the block."""
        ballast = self.folder / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while file.write(BLOCK):
                pass
        try:
            yield
        finally:
            ballast.unlink()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Nothing can be written for the time of the block."""
        # Laid over the folder, because a disk with files that are open for writing cannot be made read-only.
        run("mount", "--bind", self.folder, self.folder)
        run("mount", "-o", "remount,bind,ro", self.folder)
        try:
            yield
        finally:
            run("umount", "-l", self.folder)

    def unmount(self) -> None:
        """Take it away."""
        run("umount", "-l", self.folder)


def possible() -> bool:
    """Whether such a disk can be had here."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            Disk(Path(folder), 1).unmount()
        except (OSError, subprocess.CalledProcessError):
            return False
    return True


def run(*words: str | Path) -> None:
    """Run a command that has to succeed."""
    subprocess.run([str(word) for word in words], check=True, timeout=30, capture_output=True)
