"""Take away from a Prefect server what no workspace uses any more: it would keep starting runs that no one takes."""

from __future__ import annotations

import contextlib
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.events.filters import AutomationFilter, AutomationFilterTags
from prefect.exceptions import ObjectNotFound

from ratchet.domain.operations.scope import POOL, Scope

PAGE = 200
NAMELESS = "ratchet_deployments"
"""The Prefect variable of a Ratchet whose names on a server did not carry the workspace's."""
DEAD_RUN = "Dead run → crashed"
RENAMED = {"flows.override.override": ("release/override",)}
"""Deployments whose flow was called otherwise, by their entrypoints."""


async def workspace(client: PrefectClient, own: Scope) -> None:
    """Remove the deployments, automations, pool, slot and record of a workspace; its runs stay on record."""
    tagged = DeploymentFilter(tags=DeploymentFilterTags(all_=[own.tag]))
    while found := await client.read_deployments(deployment_filter=tagged, limit=PAGE):
        for deployment in found:
            await delete(client, deployment.id)
    marked = AutomationFilter(tags=AutomationFilterTags(all_=[own.tag]))
    for automation in await client.read_automations(automations=marked, limit=PAGE):
        await client.delete_automation(automation.id)
    with contextlib.suppress(ObjectNotFound):
        await client.delete_work_pool(own.pool)
    with contextlib.suppress(ObjectNotFound):
        await client.delete_global_concurrency_limit_by_name(own.slot)
    with contextlib.suppress(ObjectNotFound):
        await client.delete_variable_by_name(own.record)


async def delete(client: PrefectClient, deployment: UUID) -> None:
    """Remove a deployment with the automations that its triggers made, which Prefect would leave."""
    await client.delete_resource_owned_automations(f"prefect.deployment.{deployment}")
    await client.delete_deployment(deployment)


def former(one: dict[str, Any]) -> list[str]:
    """Return the names, as FLOW/NAME, that a deployment had: before `release-manual` several were called `manual`."""
    flow = one["entrypoint"].rpartition(".")[2]
    short = one["name"].removeprefix(f"{flow}-")
    return [f"{flow}/{short}"] if short != one["name"] else []


async def renamed(client: PrefectClient, own: Scope, content: dict[str, Any]) -> None:
    """Remove the workspace's deployments that have another name now: each would start its runs a second time."""
    wanted = {own.deployment(one["name"]) for one in content["deployments"]}
    for one in content["deployments"]:
        for name in former(one):
            flow, _, short = name.partition("/")
            if own.deployment(short) in wanted:
                continue
            with contextlib.suppress(ObjectNotFound):
                found = await client.read_deployment_by_name(f"{flow}/{own.deployment(short)}")
                if found.entrypoint == one["entrypoint"] and own.tag in found.tags:
                    await delete(client, found.id)


async def unnamed(client: PrefectClient, content: dict[str, Any]) -> None:
    """Remove what an older Ratchet made, whose automation marked every team's runs under names that any team may use.

    Only where that Ratchet left its mark, and only deployments of Ratchet's flows: others may have the same names.
    """
    mark = await client.read_variable_by_name(NAMELESS)
    if mark is None or not isinstance(mark.value, str):
        return
    for one in content["deployments"]:
        flow = one["entrypoint"].rpartition(".")[2]
        names = (f"{flow}/{one['name']}", *former(one), *RENAMED.get(one["entrypoint"], ()))
        for name in names:
            with contextlib.suppress(ObjectNotFound):
                found = await client.read_deployment_by_name(name)
                if found.entrypoint == one["entrypoint"]:
                    await delete(client, found.id)
    for automation in await client.read_automations_by_name(DEAD_RUN):
        await client.delete_automation(automation.id)
    with contextlib.suppress(ObjectNotFound):
        pool = await client.read_work_pool(POOL)
        if pool.description == "Ratchet's runs":
            await client.delete_work_pool(POOL)
    await client.delete_variable_by_name(NAMELESS)
