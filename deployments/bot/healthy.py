"""The health check inside the image: exit code 0 when all is well, else 1 and the reason in a line.

Until the server was ready once, healthy means ready: the release does not get users before it can answer them. From
then on it means alive, so that the engine does not restart replicas because their conversation store is away.
"""

import contextlib
import http.client
import json
import os
import sys
from pathlib import Path

ADDRESS = ("127.0.0.1", 5005)
SECONDS = 4
"""So long may an answer take, as for the proxy's own checks: one that is slow is alive."""
READY_ONCE = Path("/tmp/ratchet-ready")  # noqa: S108  the container's own
"""Holds when the server that was ready once had started: another start is another server, which must become ready."""


def fault() -> str:
    """Return what is wrong, "" when nothing is."""
    try:
        status, said = ask("/alive")
        started = said.get("started_at") if status == 200 else None  # an older bot knows no /alive
        if started and started == ready_once():
            return judged("alive", status, said)
        wrong = judged("ready", *ask("/status"))
    except (OSError, ValueError, TypeError, http.client.HTTPException) as error:
        return f"no answer: {error or type(error).__name__}"
    if started and not wrong:
        with contextlib.suppress(OSError):  # then it has to be ready each time
            READY_ONCE.write_text(started, encoding="utf-8")
    return wrong


def ask(path: str) -> tuple[int, dict]:
    """Return status and JSON of the server's answer; {} where it does not know the path."""
    connection = http.client.HTTPConnection(*ADDRESS, timeout=SECONDS)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    return answer.status, dict(json.loads(body)) if answer.status != 404 else {}


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
        return READY_ONCE.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


if __name__ == "__main__":
    sys.exit(fault() or 0)
