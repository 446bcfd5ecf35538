"""What may be wrong on the `process` target besides that the live release does not serve, and how it is put right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ratchet.adapters.bot import channel
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.processes import Replica, alive, read_replica, strays, terminate
from ratchet.adapters.targets import ports
from ratchet.adapters.targets.secret_files import SECRETS, close, exposed
from ratchet.adapters.targets.target import Say
from ratchet.domain.operations.doctor import MEND, SERVE, Fault

STRAY, PORT, PYTHON = "stray replica", "port", "environment"


def faults(settings: Settings) -> list[Fault]:
    """Return them; reads only."""
    live = read_replica(settings.state / "process" / "live.json")
    return [
        *forgotten(settings),
        *missing(settings, live),
        *exposed(settings),
        *taken(settings),
        *without_python(live),
    ]


def mend(settings: Settings, fault: Fault, say: Say) -> None:
    """Put one right."""
    if fault.name == STRAY:
        for stray in found_strays(settings):
            if str(stray.pid) == fault.subject:
                terminate(stray, settings.params.rollout.drain_seconds)
                say(f"stopped process {stray.pid}")
    if fault.name == SECRETS:
        token = channel.staging_token(settings)
        close(settings)
        say(f"{token.parent} is whole, and only its owner's")


def found_strays(settings: Settings) -> list[Replica]:
    """Return the servers of this workspace's bundles that no record names: live, staged, or any other."""
    known = [read_replica(file) for file in (settings.state / "process").glob("*.json")]
    return strays(settings.state / "bundles", [one.pid for one in known if one])


def forgotten(settings: Settings) -> Iterator[Fault]:
    """Yield each server that runs and that no record names."""
    for stray in found_strays(settings):
        fact = f"Process {stray.pid} serves a release and no record names it: a killed run left it."
        yield Fault(STRAY, fact, MEND, True, str(stray.pid))


def missing(settings: Settings, live: Replica | None) -> Iterator[Fault]:
    """Yield a fault if a replica that has to restart would find no token."""
    token = settings.state / "secrets" / "staging-token"
    if live is not None and not token.is_file():
        fact = f"{token} is missing: a replica that has to start again finds no token in it."
        yield Fault(SECRETS, fact, MEND, True, token.name)


def taken(settings: Settings) -> Iterator[Fault]:
    """Yield a fault if another program listens on the bot's port."""
    try:
        ports.require(settings, "port")
    except ports.PortTaken as error:
        yield Fault(PORT, error.fact, error.remedy)


def without_python(live: Replica | None) -> Iterator[Fault]:
    """Yield a fault if the live replica could not restart because the environment that it runs from is gone."""
    if live is None or not live.argv or Path(live.argv[0]).exists():
        return
    remedy = "Run `ratchet stop`, then `ratchet serve`: it installs the environment again."
    if not alive(live):
        remedy = f"{SERVE} It installs the environment again."
    yield Fault(PYTHON, f"{live.argv[0]}, which the live replica is started with, is gone.", remedy)
