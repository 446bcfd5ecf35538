"""The workspaces of this machine that something runs of, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ratchet.adapters.service import running
from ratchet.adapters.settings import Settings, read_settings
from ratchet.adapters.targets.choice import choose_target
from ratchet.adapters.targets.target import ReplicaStatus
from ratchet.adapters.workspace import owners
from ratchet.domain.errors import RatchetError
from ratchet.domain.record import Record


@dataclass(frozen=True)
class Listed(Record):
    """A workspace: the release that serves ("" for none), how many of its replicas are ready, whether its service runs.

    `fault` says why it cannot be read, "" where it can.
    """

    workspace: str
    name: str = ""
    target: str = ""
    port: int = 0
    prefect_port: int = 0
    release: str = ""
    ready: int = 0
    replicas: int = 0
    service: bool = False
    fault: str = ""


def all_here(settings: Settings | None) -> list[Listed]:
    """Return this workspace (None outside of one) and all others of which something runs, by their folders."""
    here = settings.workspace if settings else Path("/")
    folders = owners.neighbours(here) | ({here} if settings else set())
    return [look(folder) for folder in sorted(folders)]


def look(folder: Path) -> Listed:
    """Return what a workspace is doing; one that cannot be read is listed with the reason."""
    try:
        settings = read_settings(folder)
        replicas = choose_target(settings).replicas()
    except RatchetError as error:
        return Listed(str(folder), fault=error.fact)
    return Listed(
        workspace=str(folder),
        name=settings.name or folder.name,
        target=settings.target,
        port=settings.port,
        prefect_port=settings.prefect_port,
        release=newest(replicas),
        ready=sum(one.ready for one in replicas),
        replicas=len(replicas),
        service=running.running(settings) is not None,
    )


def newest(replicas: Iterable[ReplicaStatus]) -> str:
    """Return the releases that the replicas name, usually one."""
    return ", ".join(sorted({one.release for one in replicas if one.release}))
