"""The two colours of the `process` target: `live.json` names what serves, `warm.json` what served before and runs on.

Ratchet and the supervisor both change them, each time under one lock and from what is read under it: so the supervisor
never ends a replica that Ratchet has just switched to, and never restarts one that Ratchet has just left. Each file is
replaced whole, and the lock ends with the process that holds it: a killed process leaves one replica live.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock

from ratchet.adapters.system.files import MALFORMED, read_json, sha256, write_json
from ratchet.adapters.system.processes import (
    STOP_SECONDS,
    Replica,
    alive,
    launch,
    read_replica,
    same,
    strays,
    terminate,
)

LIVE, WARM, STAGED, SUPERVISOR = "live.json", "warm.json", "staged.json", "supervisor.json"
WATCHES = "two-colours"
"""What a supervisor says of itself that moves kept-alive connections at a switch and ends a warm replica in time."""
LONGEST_MINUTES = 525_600.0
OVER = "1970-01-01T00:00:00+00:00"
SECRETS = (
    "STAGING_TOKEN",
    "CLIENT_TOKENS",
    "HANDOFF_URL",
    "HANDOFF_EVENTS_URL",
    "HANDOFF_EVENTS_SECRET",
    "EVENTS_URL",
    "ACTIONS_URL",
    "REDIS_URL",
    "VARIABLES",
)
"""What a replica is told by RATCHET_… or by a file that RATCHET_…_FILE names, and holds for as long as it runs."""


@dataclass(frozen=True)
class Kept:
    """A replica that served before the live one, and until when it stays."""

    replica: Replica
    until: datetime

    @property
    def over(self) -> bool:
        """Whether its time is over."""
        return datetime.now(UTC) >= self.until


@contextlib.contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Hold the lock under which the files change; they are read and written in milliseconds, so it is waited for."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "change.lock"):
        yield


def kept(folder: Path) -> Kept | None:
    """Return what stays warm; None where nothing does: it has ended, or is the live one.

    One whose time cannot be read is over.
    """
    replica = read_replica(folder / WARM)
    if replica is None or not alive(replica) or same(replica, read_replica(folder / LIVE)):
        return None
    try:
        until = datetime.fromisoformat((read_json(folder / WARM) or {})["until"])
        return Kept(replica, until if until.tzinfo else until.replace(tzinfo=UTC))
    except MALFORMED:
        return Kept(replica, datetime.fromisoformat(OVER))


def switch(folder: Path, new: Replica, minutes: float) -> Replica | None:
    """Route new connections and requests to `new` in one step; returns the replica that served until now, if it runs.

    That one stays warm for `minutes`; with 0 no file names it any more, and the caller ends it.
    """
    with changing(folder):
        return _switch(folder, new, minutes)


def switch_to_warm(folder: Path, warm: Replica, minutes: float) -> tuple[bool, Replica | None]:
    """Do the same with a warm replica, unless its time ended meanwhile; returns whether, and what was left."""
    with changing(folder):
        found = kept(folder)
        if found is None or found.over or not same(found.replica, warm):
            return False, None
        return True, _switch(folder, warm, minutes)


def _switch(folder: Path, new: Replica, minutes: float) -> Replica | None:
    old = read_replica(folder / LIVE)
    if old is None or same(old, new) or not alive(old):
        old = None
    if old is not None and minutes > 0:
        until = datetime.now(UTC) + timedelta(minutes=min(minutes, LONGEST_MINUTES))
        # First: a process killed between the two leaves one replica that is live and warm, which counts as live. The
        # other way round the old one would run without a file that says until when.
        note = {**old.as_dict(), "until": until.isoformat(timespec="seconds")}
        write_json(folder / WARM, note)
    else:
        (folder / WARM).unlink(missing_ok=True)
    write_json(folder / LIVE, new.as_dict())
    return old


def cool(folder: Path, now: bool = False, grace: float = STOP_SECONDS) -> Replica | None:
    """End a warm replica whose time is over, with `now` whatever its time, and return it; None where none was ended."""
    with changing(folder):
        found = kept(folder)
        if found is None:
            (folder / WARM).unlink(missing_ok=True)
            return None
        if not now and not found.over:
            return None
        # From here on no one switches to it. It is noted until it has ended, so that it never runs without a note.
        write_json(folder / WARM, {**found.replica.as_dict(), "until": OVER})
    terminate(found.replica, grace)
    with changing(folder):
        if same(read_replica(folder / WARM), found.replica):
            (folder / WARM).unlink(missing_ok=True)
    return found.replica


def restart(folder: Path, replica: Replica) -> bool:
    """Start the live replica's command again on its port and note the new process; False where another is live now."""
    with changing(folder):
        if read_replica(folder / LIVE) != replica:
            return False
        env = dict(replica.env)
        told = secrets_told(env)
        fresh = launch(
            replica.argv,
            cwd=Path(replica.cwd),
            env=env,
            log=folder / "logs" / f"{replica.release}.log",
            release=replica.release,
            port=replica.port,
        )
        write_json(folder / LIVE, replace(fresh, secrets=told).as_dict())
    return True


def discard_staged(folder: Path) -> bool:
    """End a staged replica that is not the live one by now; returns whether there was one."""
    staged = read_replica(folder / STAGED)
    (folder / STAGED).unlink(missing_ok=True)
    if staged is None or not alive(staged) or same(staged, read_replica(folder / LIVE)):
        return False
    terminate(staged)
    return True


def named(folder: Path) -> list[Replica]:
    """Return the live replica and the warm one."""
    return [one for name in (LIVE, WARM) if (one := read_replica(folder / name)) is not None]


def unnamed(folder: Path, bundles: Path) -> list[Replica]:
    """Return the servers of bundles that are neither live nor warm: who started them was killed.

    Under the lock, so that one that the supervisor is restarting is noted by then.
    """
    with changing(folder):
        return strays(bundles, [one.pid for one in named(folder)])


def secrets_told(env: Mapping[str, str]) -> str:
    """Return one SHA-256 over the secrets that a replica gets when it is started now with these variables.

    A replica that runs with others keeps a token that was revoked since. To be taken before the start: a secret that
    changes in between is then noted as the old one, and the replica is not taken for one that has today's.
    """
    digest = hashlib.sha256()
    for name in SECRETS:
        for variable in (f"RATCHET_{name}", f"RATCHET_{name}_FILE"):
            value = env.get(variable, os.environ.get(variable, ""))
            if value and variable.endswith("_FILE"):
                with contextlib.suppress(OSError):
                    value = sha256(Path(value))
            digest.update(f"{variable}\0{value}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def watched(folder: Path) -> bool:
    """Say whether the supervisor that runs knows two colours; one that was started by an older Ratchet does not."""
    running = read_replica(folder / SUPERVISOR)
    return running is not None and running.release == WATCHES


def stop_all(folder: Path) -> list[str]:
    """Stop supervisor, live, staged and warm replicas; returns what was running."""
    stopped = []
    for path in (SUPERVISOR, LIVE, STAGED, WARM):
        replica = read_replica(folder / path)
        if replica and alive(replica):
            terminate(replica)
            stopped.append(path.removesuffix(".json"))
    (folder / WARM).unlink(missing_ok=True)
    return stopped
