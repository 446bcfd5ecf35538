"""The ports of a workspace: its own, chosen free at first use and kept in `.ratchet/owned.json`.

What a setting names is taken as it is, and refused where someone else has it.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection
from pathlib import Path

from dotenv import dotenv_values

from ratchet.adapters.settings import Settings
from ratchet.adapters.system.lock import hold
from ratchet.adapters.system.processes import alive, free_port, listening, read_replica
from ratchet.adapters.targets.swarm import haproxy
from ratchet.adapters.workspace import owned, owners
from ratchet.adapters.workspace.owned import PortName
from ratchet.adapters.workspace.owners import Owner
from ratchet.domain.errors import RatchetError

USES: dict[PortName, str] = {
    "port": "the bot",
    "operation_port": "the fleet's figures and checks",
    "prefect_port": "the Prefect server",
    "mlflow_port": "MLflow's pages",
    "page_port": "the page for the bot's owners",
}
"""The settings that name a port, with what listens there."""
PUBLIC: tuple[PortName, ...] = ("port", "operation_port")
"""What others have written down: never moved to another port by itself."""
NEXT_TO = 100
"""A port is looked for among this many after the preferred one."""
PATIENCE_SECONDS = 60.0


class PortTaken(RatchetError):
    """A port that this workspace needs is another's; `name` is that of its setting, `free` one that no one has."""

    def __init__(self, settings: Settings, name: PortName, taken: Owner, free: int) -> None:
        port, setting = getattr(settings, name), variable(name)
        fact = f"Port {port} on 127.0.0.1 cannot be opened for {USES[name]}: {taken} has it."
        if setting in os.environ:
            remedy = f"Take another in place of it, for instance `export {setting}={free}`."
        else:
            remedy = (
                f"Take another: `echo {setting}={free} >> {shlex.quote(str(settings.workspace / '.env'))}`."
            )
        if taken.workspace == settings.workspace and name in PUBLIC:
            fact = f"Port {port} on 127.0.0.1 cannot be opened for {USES[name]}: this workspace's own bot has it."
            remedy = f"Stop that one with `ratchet --workspace {shlex.quote(str(settings.workspace))} stop`."
        super().__init__(fact, remedy)
        self.name = name
        self.free = free


def variable(name: str) -> str:
    """Return the variable of a setting."""
    return f"RATCHET_{name.upper()}"


def needed(settings: Settings) -> list[PortName]:
    """Return the names of the ports that a whole service with its bot listens on."""
    names: list[PortName] = ["port"]
    if settings.target == "swarm":
        names.append("operation_port")
    if not settings.prefect_api_url:
        names.append("prefect_port")
    if not (settings.tracking_uri or "").startswith("http"):
        names.append("mlflow_port")
    return [*names, "page_port"]


def choose(settings: Settings) -> Settings:
    """Return the settings with a port of its own for each use; what is chosen for the first time is noted.

    Nothing is refused here: a run that needs a port asks for it with `require`.
    """
    return assign(settings, needed(settings), ())


def take(settings: Settings, names: Collection[PortName]) -> Settings:
    """Return the settings with ports that this workspace can listen on now, or listens on already.

    A page's port that was chosen once and is another's now is chosen again. Raises `PortTaken` where a setting
    names one that is taken, and for the bot's: its address is known to others.
    """
    chosen = assign(settings, names, [name for name in names if name not in PUBLIC])
    for name in names:
        require(chosen, name)
    return chosen


def require(settings: Settings, name: PortName) -> None:
    """Raise `PortTaken`, naming the owner, unless a port is free or this workspace's own part has it."""
    port = getattr(settings, name)
    if port == running(settings, name) or (on_swarm(settings, name) and haproxy.host() != haproxy.LOCAL):
        return
    if taken := owners.owner(port):
        raise PortTaken(settings, name, taken, first_free(settings, name, set()))


def assign(settings: Settings, names: Collection[PortName], movable: Collection[PortName]) -> Settings:
    """Choose what was not chosen yet, and of the `movable` ones those that someone else has."""
    open_ = [name for name in names if not settings.explicit(name)]
    with hold(settings.state / "ports.lock", "The choice of ports", PATIENCE_SECONDS):
        known = owned.read(settings.workspace).ports
        fresh: dict[PortName, int] = {}
        used = {getattr(settings, name) for name in USES if settings.explicit(name)}
        for name in open_:
            now = running(settings, name)
            # A fleet's port is what its nodes open, whichever clone of the workspace told them to.
            before = (now if on_swarm(settings, name) else None) or known.get(name)
            lost = name in movable and before not in (None, now) and listening(before or 0)
            if before is None or lost:
                before = now or first_free(settings, name, used | set(known.values()))
            if before != known.get(name):
                fresh[name] = before
            used.add(before)
        if fresh:
            owned.note(settings.workspace, fresh)
    return settings.with_chosen({str(name): port for name, port in {**known, **fresh}.items()})


def first_free(settings: Settings, name: PortName, used: Collection[int]) -> int:
    """Return the preferred port, or the next one that no one listens on and no running workspace calls its own."""
    preferred = Settings.model_fields[name].default
    taken = {*used, *of_neighbours(settings.workspace)}
    for port in range(preferred, preferred + NEXT_TO):
        if port not in taken and not listening(port):
            return port
    return free_port()


def of_neighbours(workspace: Path) -> set[int]:
    """Return the ports of the workspaces beside this one, running parts or not; one that cannot be read has none."""
    found: set[int] = set()
    for other in owners.neighbours(workspace):
        found |= ports_of(other)
    avoided = owned.read(workspace).avoid
    return found | (ports_of(Path(avoided)) if avoided else set())


def ports_of(workspace: Path) -> set[int]:
    """Return the ports that a workspace was given or chose."""
    try:
        chosen = set(owned.read(workspace).ports.values())
        named = dotenv_values(workspace / ".env")
    except (RatchetError, OSError, UnicodeDecodeError):
        return set()
    given = (named.get(variable(name)) or "" for name in USES)
    return chosen | {int(port) for port in given if port.isascii() and port.isdigit()}


def on_swarm(settings: Settings, name: PortName) -> bool:
    """Say whether a port is one that the nodes of a swarm open, not this process."""
    return name in PUBLIC and settings.target == "swarm"


def running(settings: Settings, name: PortName) -> int | None:
    """Return the port on which this workspace's own part for a use listens now; None when it does not run."""
    if on_swarm(settings, name):
        from ratchet.adapters.targets.swarm import fleet_owner

        return fleet_owner.published(settings, name)
    file = {
        "port": settings.state / "process" / "supervisor.json",
        "prefect_port": settings.state / "prefect" / "server.json",
        "mlflow_port": settings.state / "service" / "mlflow.json",
        "page_port": settings.state / "service" / "page.json",
    }.get(name)
    replica = read_replica(file) if file else None
    return replica.port if replica and alive(replica) else None
