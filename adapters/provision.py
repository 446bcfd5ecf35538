"""What Ratchet needs on a Prefect server: `python -m adapters.provision`, run at each start of the service.

A process of its own, because it imports Prefect, which reads the server's address from its environment then.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import yaml
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.variables import Variable

from adapters import commands
from adapters.files import sha256
from adapters.prefect import POOL, SLOT, environment
from adapters.settings import SOURCE, Settings, load_settings
from domain.errors import RatchetError
from domain.training import fingerprint

QUEUES = {"main": 1, "side": None}
"""Queues of the pool, with the number of runs that each lets run at a time."""
LOADED = "ratchet_deployments"
"""The Prefect variable that holds the digest of the loaded deployments."""
DEPLOY_SECONDS = 180.0


def file_of(settings: Settings, name: str) -> Path:
    """Return a file of `deployments/`: the workspace's own where it has one, else Ratchet's."""
    own = settings.workspace / "deployments" / name
    return own if own.exists() else SOURCE / "deployments" / name


async def provide(client: PrefectClient, automations: list[dict[str, Any]]) -> None:
    """Make work pool, queues, the slot and the automations, or change them to what they have to be."""
    with contextlib.suppress(ObjectAlreadyExists):
        await client.create_work_pool(WorkPoolCreate(name=POOL, type="process", description="Ratchet's runs"))
    for name, limit in QUEUES.items():
        try:
            queue = await client.read_work_queue_by_name(name, work_pool_name=POOL)
        except ObjectNotFound:
            queue = await client.create_work_queue(name, work_pool_name=POOL)
        if queue.concurrency_limit != limit:
            await client.update_work_queue(queue.id, concurrency_limit=limit)
    await client.upsert_global_concurrency_limit_by_name(SLOT, 1)
    known = {found.name: found for found in await client.read_automations()}
    for wanted in automations:
        automation = AutomationCore.model_validate(wanted)
        found = known.get(automation.name)
        if found is None:
            await client.create_automation(automation)
        else:
            await client.update_automation(found.id, automation)


def digest(settings: Settings) -> str:
    """Return one SHA-256 over all that the deployments are made from: their file, the schedule, the flows."""
    files = [file_of(settings, "prefect.yaml"), *sorted((SOURCE / "flows").glob("*.py"))]
    parts = {path.name: sha256(path) for path in files}
    return fingerprint(parts | schedule(settings))


def schedule(settings: Settings) -> dict[str, str]:
    """Return the variables that the deployments' file leaves open."""
    triggers = settings.params.triggers
    return {"RATCHET_SCHEDULE": triggers.schedule, "RATCHET_TIME_ZONE": triggers.time_zone}


def deploy(settings: Settings) -> None:
    """Load the deployments with Prefect's own command; already so is a no-op: pauses made by hand stay."""
    wanted = digest(settings)
    if Variable.get(LOADED) == wanted:
        return
    file = file_of(settings, "prefect.yaml")
    argv = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(file)]
    env = {**environment(settings, os.environ["PREFECT_API_URL"]), **schedule(settings)}
    commands.run(argv, env=env, cwd=settings.state, timeout=DEPLOY_SECONDS)
    Variable.set(LOADED, wanted, overwrite=True)


async def provision(settings: Settings) -> None:
    """Provide what the deployments build on."""
    automations = yaml.safe_load(file_of(settings, "automations.yaml").read_text(encoding="utf-8"))
    async with get_client() as client:
        await provide(client, automations)


def main() -> None:
    """Provision the server that the environment names for the workspace that it names."""
    try:
        settings = load_settings()
        asyncio.run(provision(settings))
        deploy(settings)
    except RatchetError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
