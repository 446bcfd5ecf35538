"""What Ratchet needs on a Prefect server; run as a program at each start of the service.

A process of its own, because it imports Prefect, which reads the server's address from its environment then. All
that it makes carries the workspace's name (ratchet/domain/operations/scope.py): the server may be shared.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import yaml
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.variables import Variable

from ratchet.adapters.prefect import removal
from ratchet.adapters.prefect.client import told
from ratchet.adapters.prefect.server import JOIN, REFUSED, environment, scope
from ratchet.adapters.settings import CODE, SOURCE, Settings, load_settings
from ratchet.adapters.system import commands
from ratchet.adapters.system.files import MALFORMED, sha256, write_text
from ratchet.adapters.system.git import first_commit
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations import scope as naming
from ratchet.domain.operations.owner import Owner, claim
from ratchet.domain.operations.scope import Scope, automations, deployments
from ratchet.domain.release.training import fingerprint

QUEUES = {"main": 1, "side": None}
"""Queues of the pool, with the number of runs that each lets run at a time."""
DEPLOY_SECONDS = 180.0


def file_of(settings: Settings, name: str) -> Path:
    """Return a file of `deployments/`: the workspace's own where it has one, else Ratchet's."""
    own = settings.workspace / "deployments" / name
    return own if own.exists() else SOURCE / "deployments" / name


def content_of(settings: Settings, name: str) -> Any:
    """Return what a file of `deployments/` says."""
    return yaml.safe_load(file_of(settings, name).read_text(encoding="utf-8"))


async def provide(client: PrefectClient, own: Scope, wanted: list[dict[str, Any]]) -> None:
    """Make work pool, queues, the slot and the automations, or change them to what they have to be."""
    with contextlib.suppress(ObjectAlreadyExists):
        about = f"Ratchet's runs of the workspace {own.name}"
        await client.create_work_pool(WorkPoolCreate(name=own.pool, type="process", description=about))
    for name, limit in QUEUES.items():
        try:
            queue = await client.read_work_queue_by_name(name, work_pool_name=own.pool)
        except ObjectNotFound:
            queue = await client.create_work_queue(name, work_pool_name=own.pool)
        if queue.concurrency_limit != limit:
            await client.update_work_queue(queue.id, concurrency_limit=limit)
    await client.upsert_global_concurrency_limit_by_name(own.slot, 1)
    for one in wanted:
        automation = AutomationCore.model_validate(one)
        named = await client.read_automations_by_name(automation.name)
        found = next((known for known in named if own.tag in known.tags), None)
        if found is None:
            await client.create_automation(automation)
        else:
            await client.update_automation(found.id, automation)


def digest(settings: Settings) -> str:
    """Return one SHA-256 over all that the deployments are made from: their file, the schedule, the flows."""
    files = [file_of(settings, "prefect.yaml"), *sorted((CODE / "flows").glob("*.py"))]
    parts = {path.name: sha256(path) for path in [*files, Path(naming.__file__)]}
    return fingerprint(parts | schedule(settings))


def schedule(settings: Settings) -> dict[str, str]:
    """Return the variables that the deployments' file leaves open."""
    triggers = settings.params.triggers
    return {"RATCHET_SCHEDULE": triggers.schedule, "RATCHET_TIME_ZONE": triggers.time_zone}


def deploy(settings: Settings, own: Scope) -> None:
    """Load the deployments, under this workspace's names, with Prefect's own command."""
    file = settings.state / "service" / "prefect.yaml"
    content = deployments(content_of(settings, "prefect.yaml"), own)
    write_text(file, f"# Written by `ratchet up`.\n{yaml.safe_dump(content, sort_keys=False)}")
    argv = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(file)]
    env = {**environment(settings, os.environ["PREFECT_API_URL"]), **schedule(settings)}
    commands.run(argv, env=env, cwd=settings.state, timeout=DEPLOY_SECONDS)


def owner(settings: Settings) -> Owner:
    """Say which workspace this is, for others who ask for its name."""
    workspace = settings.workspace
    return Owner(first_commit(workspace), socket.gethostname(), str(workspace), digest(settings))


async def known_owners(client: PrefectClient) -> dict[str, Owner]:
    """Return who has which name on this server; a variable of another team's may be called alike."""
    wanted = {"variables": {"name": {"like_": "ratchet_%"}}}
    found = {}
    for one in (await client.request("POST", "/variables/filter", json=wanted)).json():
        with contextlib.suppress(*MALFORMED):
            found[str(one["value"]["name"])] = Owner.from_dict(one["value"]["owner"])
    return found


async def provision(settings: Settings, own: Scope, asking: Owner, join: bool) -> Owner | None:
    """Provide what the deployments build on; returns who had the name before, None when no one had.

    Raises `RatchetError` where that is another workspace. Who joins another machine's service changes nothing.
    """
    async with get_client() as client:
        known = await known_owners(client)
        here = {name: one for name, one in known.items() if not (one.beside(asking) and gone(one))}
        claim(own.name, asking, here, join)
        if join and own.name in known:
            return known[own.name]
        for name in known.keys() - here.keys() - {own.name}:
            if known[name].same_history(asking):  # this workspace, before its folder was renamed
                await removal.workspace(client, Scope(name))
        declared, before = content_of(settings, "prefect.yaml"), known.get(own.name)
        await removal.unnamed(client, declared)
        if before is None or before.loaded != asking.loaded:
            await removal.renamed(client, own, declared)
        await provide(client, own, automations(content_of(settings, "automations.yaml"), own))
    return before


def gone(owner: Owner) -> bool:
    """Say whether the folder of a workspace of this machine does not exist any more."""
    return not Path(owner.path).exists()


def main() -> None:
    """Provision the server that the environment names for the workspace that it names.

    Deployments that are loaded already are left alone: pauses made by hand stay.
    """
    try:
        settings = load_settings()
        own, asking, join = scope(settings), owner(settings), JOIN in sys.argv
        with told(os.environ["PREFECT_API_URL"]):
            before = asyncio.run(provision(settings, own, asking, join))
            if before and (join or before == asking):
                return
            if before is None or before.loaded != asking.loaded:
                deploy(settings, own)
            Variable.set(own.record, {"name": own.name, "owner": asking.as_dict()}, overwrite=True)
    except RatchetError as error:
        print(f"{REFUSED}{json.dumps([error.fact, error.remedy])}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
