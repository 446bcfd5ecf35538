"""The bot's own custom actions, run on the loopback for as long as they are played."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

START_SECONDS, STOP_SECONDS = 60.0, 5.0


def has_own(folder: Path) -> bool:
    """Whether a bot's folder has custom actions: a module `actions`, or a package."""
    package = folder / "actions"
    return (folder / "actions.py").is_file() or (package.is_dir() and any(package.rglob("*.py")))


@contextlib.contextmanager
def running(folder: Path) -> Iterator[tuple[str, str]]:
    """Give the server's address and "", or the address of no one and why it did not start; it ends with the block."""
    port = free_port()
    argv = [sys.executable, "-m", "rasa_sdk", "--actions", "actions", "--port", str(port)]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            problem = "" if await_health(server, port) else last_line(log)
            yield f"http://127.0.0.1:{port}/webhook", problem
        finally:
            server.terminate()
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def free_port() -> int:
    """A port that no one listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_health(server: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the server answers; False where it ended before, or took too long."""
    asked, end = f"http://127.0.0.1:{port}/health", time.monotonic() + START_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while server.poll() is None and time.monotonic() < end:
        with contextlib.suppress(urllib.error.URLError, OSError):
            opener.open(asked, timeout=2).close()
            return True
        time.sleep(0.1)
    return False


def last_line(log: object) -> str:
    """The last line that the server wrote."""
    log.seek(0)  # type: ignore[attr-defined]
    lines = log.read().decode(errors="replace").strip().splitlines()  # type: ignore[attr-defined]
    return lines[-1][:300] if lines else "it wrote nothing"
