"""Make a copied or moved folder a workspace that acts on nothing but itself. Every step can be done twice."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path

from dotenv import dotenv_values

from ratchet.adapters.monitoring import monitor
from ratchet.adapters.prefect import server
from ratchet.adapters.registry import relocate
from ratchet.adapters.service import running
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import write_text
from ratchet.adapters.system.lock import hold
from ratchet.adapters.targets import ports
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.adapters.targets.target import Say
from ratchet.adapters.workspace import identity, owned
from ratchet.adapters.workspace.owned import Owned
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.identity import Identity, Standing, settle

PROCESSES = (
    "process/supervisor.json",
    "process/live.json",
    "process/staged.json",
    "process/warm.json",
    "prefect/server.json",
    "service/*.json",
    *("run.json", "service.json", "watch/watch.json", "monitor/monitor.json"),  # who holds a lock
)
"""What names processes by number."""
OWN = (*ports.USES, "metrics_port", "stack", "name")
"""Settings that two workspaces on one machine, or on one Prefect server, cannot both have."""
SHARED = (
    "tracking_uri",
    "artifact_root",
    "registry",
    "prefect_api_url",
    "prefect_database",
    "events_url",
    "inbox",
)
"""Settings that name what two workspaces would both write to."""
NAMING = (".env", ".dvc/config", ".dvc/config.local")
"""The files of a person in which the old folder may be named."""


def adopt(settings: Settings, said: Standing | None, say: Say) -> Standing:
    """Correct what the state of a copied or moved folder names; returns what the folder was taken for.

    `said` is what a person says it is. Raises `RatchetError` where that contradicts what can be seen, and where
    nothing can be seen and no one says anything.
    """
    workspace = settings.workspace
    seen, known = identity.standing(workspace)
    standing = settle(seen, said)
    if known is None or standing is Standing.HOME:
        identity.claim(workspace)
        return Standing.HOME
    if standing is None:
        raise contradiction(workspace, known, seen)
    if standing is Standing.UNKNOWN:
        identity.require(workspace)
    if standing is Standing.COPY:
        refuse_shared_state(settings, Path(known.home))  # before its lock is taken, which is the original's
    with hold(settings.state / "run.lock", "An adoption"):
        if standing is Standing.COPY:
            as_copy(settings, known, say)
        else:
            as_moved(settings, known, say)
    name_leftovers(workspace, known, say)
    return standing


def contradiction(workspace: Path, known: Identity, seen: Standing) -> RatchetError:
    """Return the error for a person whose answer contradicts what can be seen."""
    if seen is Standing.COPY:
        fact = f"{workspace} was not moved: the workspace {known.home} is still there."
    else:
        fact = f"{workspace} is no copy: it is the very folder that was {known.home}."
    return RatchetError(fact, f"Run `{identity.command(workspace)}` without an option.")


def as_copy(settings: Settings, known: Identity, say: Say) -> None:
    """Give a copy an identity, ports and a fleet of its own; nothing of the original is touched."""
    workspace, home = settings.workspace, Path(known.home)
    forget_processes(settings)
    forget_runs(settings, say)
    relocate.artifacts(settings, home, shared=True)
    memory = monitor.recall(settings)
    monitor.keep(settings, replace(memory, incidents=(), outbox=(), fleet=None))
    drop_own_settings(workspace, home, say)
    fresh = Identity(identity.new_id(), str(workspace), identity.place(settings.state))
    owned.write(workspace, Owned(stack=f"ratchet-{fresh.id}", avoid=known.home))
    shared = [ports.variable(name) for name in SHARED if settings.explicit(name)]
    if shared:
        say(f"shares with {home}, as long as both are set so: {', '.join(shared)}")
    identity.write(workspace, fresh)


def as_moved(settings: Settings, known: Identity, say: Say) -> None:
    """Stop what was started under the old path, and let the records name the new one."""
    workspace = settings.workspace
    running.down(settings, say)
    ProcessTarget(settings).stop(say)
    if server.stop_server(settings):
        say("stopped: Prefect server")
    forget_processes(settings)
    changed = relocate.artifacts(settings, Path(known.home), shared=False)
    say(f"registry: {changed} addresses of artifacts name the new place")
    identity.write(
        workspace, Identity(known.id or identity.new_id(), str(workspace), identity.place(settings.state))
    )


def refuse_shared_state(settings: Settings, home: Path) -> None:
    """Refuse a copy whose state folder is the original's own, by a link or a mount."""
    theirs = home / identity.STATE_FOLDER
    if theirs.is_dir() and theirs.samefile(settings.state):
        link = settings.state.is_symlink()
        raise RatchetError(
            f"{settings.state} is the state folder of {home} itself, not a copy of it.",
            f"Remove the link, `rm {shlex.quote(str(settings.state))}`: this folder is then used like a fresh clone."
            if link
            else "Take that mount away: this folder is then used like a fresh clone.",
        )


def forget_processes(settings: Settings) -> None:
    """Remove what names processes, and the file by which Prefect's own commands find a server."""
    for pattern in PROCESSES:
        for file in settings.state.glob(pattern):
            file.unlink()
    (settings.workspace / "prefect.toml").unlink(missing_ok=True)


def forget_runs(settings: Settings, say: Say) -> None:
    """Remove a copied database of Prefect: its runs, deployments and schedules are the original's."""
    files = [*(settings.state / "prefect").glob("prefect.db*")]
    for file in files:
        file.unlink()
    if files:
        say("Prefect's pages start over: the runs so far are the original's")


def drop_own_settings(workspace: Path, home: Path, say: Say) -> None:
    """Turn into comments the settings of a copied .env that belong to the original: ports, and the fleet's name."""
    file = workspace / ".env"
    if not file.is_file():
        return
    ours, text = dotenv_values(file), file.read_text(encoding="utf-8")
    theirs = dotenv_values(home / ".env") if (home / ".env").is_file() else ours
    for setting in (ports.variable(name) for name in OWN):
        if ours.get(setting) and ours[setting] == theirs.get(setting):
            line = re.compile(rf"^[ \t]*(export[ \t]+)?{setting}[ \t]*=", re.MULTILINE | re.IGNORECASE)
            text = line.sub(lambda found: f"# of {home}: {found[0].lstrip()}", text)
            say(f".env: {setting}={ours[setting]} is {home}'s own, and is a comment here now")
    write_text(file, text)


def name_leftovers(workspace: Path, known: Identity, say: Say) -> None:
    """Name the files of a person that still name the old folder."""
    for name in NAMING:
        file = workspace / name
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
        if any(f"{known.home}/" in line and not line.lstrip().startswith("#") for line in lines):
            say(f"{name} still names {known.home}: change it where this workspace is meant")
