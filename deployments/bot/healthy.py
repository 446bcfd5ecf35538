"""The health check inside the image: exit code 0 when all is well, else 1 and the reason in a line.

Until the server was ready once, healthy means ready: the release does not get users before it can answer them. From
then on it means alive, so that the engine does not restart replicas because their conversation store is away.

The engine runs it every few seconds in each replica, so it imports little: `http.client` costs more than all the rest.
"""

import json
import os
import socket
import sys

ADDRESS = ("127.0.0.1", 5005)
SECONDS = 4
"""So long may an answer take, as for the proxy's own checks: one that is slow is alive."""
READY_ONCE = "/tmp/ratchet-ready"  # noqa: S108  the container's own
"""Holds when the server that was ready once had started: another start is another server, which must become ready."""


def fault() -> str:
    """Return what is wrong, "" when nothing is."""
    try:
        status, said = ask("/alive")
        started = said.get("started_at") if status == 200 else None  # an older bot knows no /alive
        if started and started == ready_once():
            return judged("alive", status, said)
        wrong = judged("ready", *ask("/status"))
    except (OSError, ValueError, TypeError) as error:
        return f"no answer: {error or type(error).__name__}"
    if started and not wrong:
        note(started)
    return wrong


def ask(path: str) -> tuple[int, dict]:
    """Return status and JSON of the server's answer; {} where it does not know the path.

    By HTTP 1.0, in which an answer ends with its connection. Raises `ValueError` for what is no such answer.
    """
    with socket.create_connection(ADDRESS, timeout=SECONDS) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: {ADDRESS[0]}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    version, _, rest = head.partition(b" ")
    if not version.startswith(b"HTTP/"):
        raise ValueError(f"{answer[:80]!r} is not HTTP")
    status = int(rest[:3])
    return status, dict(json.loads(body)) if status != 404 else {}


def judged(what: str, status: int, said: dict) -> str:
    """Return what is wrong with an answer: it must be `ready` or `alive`, with the expected model and release."""
    if status != 200 or not said.get(what):
        return f"not {what}: {said.get('why') or f'{status} {said}'}"
    for key, variable in (("sha256", "RATCHET_MODEL_SHA256"), ("release", "RATCHET_RELEASE")):
        if said.get(key) != os.environ[variable]:
            return f"{key} is {said.get(key)!r}, expected {os.environ[variable]!r}"
    return ""


def ready_once() -> str | None:
    """Return the start of the server that was ready once, None when none was."""
    try:
        with open(READY_ONCE, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
        return None


def note(started: str) -> None:
    """Keep the start of a server that is ready; where that fails it has to be ready each time."""
    try:
        with open(READY_ONCE, "w", encoding="utf-8") as file:
            file.write(started)
    except OSError:
        pass


if __name__ == "__main__":
    sys.exit(fault() or 0)
