"""Whether the Prefect server still has the schedule, deployments and automations that the workspace declares.

They reach the server when the service starts; a commit that is taken later may change them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.files import sha256
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.training import fingerprint

FILES = ("params.yaml", "deployments/prefect.yaml", "deployments/automations.yaml")

AGAIN_SECONDS = 60.0
"""What could not be brought to the server is tried again after this time."""

Stamps = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Declared:
    """What was declared at some time: a digest, and the stamps of the files that it was made from."""

    digest: str
    stamps: Stamps


def read(settings: Settings, known: Declared | None = None) -> Declared:
    """Return what the workspace declares now; files that look untouched since `known` are not read again.

    Raises `RatchetError` when `params.yaml` is not valid.
    """
    workspace = settings.workspace
    stamps = tuple(stamp(workspace / name) for name in FILES)
    if known is not None and known.stamps == stamps:
        return known
    triggers = load_settings(workspace).params.triggers
    parts = {name: sha256(workspace / name) for name in FILES[1:] if (workspace / name).is_file()}
    digest = fingerprint({**parts, "schedule": triggers.schedule, "time_zone": triggers.time_zone})
    return Declared(digest, stamps)


def stamp(path: Path) -> tuple[int, int]:
    """Return time of change and size of a file, zeros where there is none."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


class Declarations:
    """Brings what the workspace declares to the server again, with `provide`, when it has changed."""

    def __init__(
        self,
        settings: Settings,
        provide: Callable[[], None],
        say: Callable[[str], None],
        again_seconds: float = AGAIN_SECONDS,
    ) -> None:
        self.settings, self.provide, self.say, self.again_seconds = settings, provide, say, again_seconds
        self.known, self.due, self.said = read(settings), 0.0, ""

    def renew(self) -> None:
        """Check whether it changed; a failure is reported once, and tried again."""
        if time.monotonic() < self.due:
            return
        try:
            now = read(self.settings, self.known)
            if now.digest != self.known.digest:
                self.provide()
            self.known, self.said = now, ""
        except RatchetError as error:
            self.due = time.monotonic() + self.again_seconds
            if error.fact != self.said:
                self.said = error.fact
                self.say(f"schedule and deployments stay as they were: {error.fact.splitlines()[0]}")
