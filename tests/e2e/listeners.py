"""Who listens where while a workspace's processes run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil


@dataclass
class Listeners:
    """Every address on which a process of a workspace was seen to listen, with the process's command."""

    folder: Path
    seen: dict[tuple[str, int], str] = field(default_factory=dict)
    done: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """Look once."""
        for process in psutil.process_iter():
            try:
                words = " ".join([process.cwd(), *process.cmdline()])
                if str(self.folder) not in words and str(self.folder) not in str(process.environ()):
                    continue
                for one in process.net_connections("inet"):
                    if one.laddr and not one.raddr and one.status in (psutil.CONN_LISTEN, psutil.CONN_NONE):
                        self.seen[one.laddr.ip, one.laddr.port] = words[:200]
            except (psutil.Error, OSError):
                continue

    def watch(self) -> None:
        """Look again and again, so that what listens for a moment is seen too: staging, the load test."""
        while not self.done.wait(0.5):
            self.look()


@contextmanager
def listening(folder: Path) -> Iterator[Listeners]:
    """Watch who listens for the time of the block."""
    made = Listeners(folder)
    watcher = threading.Thread(target=made.watch, daemon=True)
    watcher.start()
    try:
        yield made
    finally:
        made.done.set()
        watcher.join()
