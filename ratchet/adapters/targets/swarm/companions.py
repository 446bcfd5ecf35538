"""What is beside the bot in a colour's stack: its custom actions and the project's own variables."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ratchet.domain.release.colours import Colour

BOT, ACTIONS, VARIABLES = "bot", "actions", "ratchet_variables"
ADDRESS = "RATCHET_ACTIONS_URL"
"""Tells the bot a server of custom actions; it also reads a file (…_FILE), or the secret of this name in lower case."""
PORT = 5055
WHERE = "RATCHET_ACTIONS_SERVICE"
"""Tells the replicas where the action service of their release is."""
Document = dict[str, Any]


def key(colour: Colour) -> str:
    """Return what a colour's service of custom actions is called in its stack, and by the replicas."""
    return f"{ACTIONS}-{colour}"


def beside(service: str) -> str:
    """Return the engine's name of the action service beside a colour's replicas; "" beside those of before colours."""
    stack, found, colour = service.rpartition(f"_{BOT}-")
    return f"{stack}_{ACTIONS}-{colour}" if found else ""


def completed(document: Mapping[str, Any], ours: Mapping[str, Any]) -> Document:
    """Return a stack with what it lacks for channels and custom actions, taken from Ratchet's own.

    A stack from before has no such secret; a service `actions` of its own, whose address its bot is told, stays.
    """
    made = copy.deepcopy(dict(document))
    services = made["services"]
    if not tells_actions(services[BOT]):
        services.setdefault(ACTIONS, copy.deepcopy(ours["services"][ACTIONS]))
    secrets = made["secrets"] = dict(made.get("secrets") or {})
    secrets.setdefault(VARIABLES, copy.deepcopy(ours["secrets"][VARIABLES]))
    listed = list(services[BOT].get("secrets") or [])
    if VARIABLES not in [one.get("source") if isinstance(one, dict) else one for one in listed]:
        services[BOT]["secrets"] = [*listed, VARIABLES]
    return made


def tells_actions(service: Mapping[str, Any]) -> bool:
    """Say whether the bot is told the address of a server of custom actions of the team's, or has it as a secret."""
    names = {str(one).partition("=")[0] for one in service.get("environment") or {}}
    mounted = {
        str(one.get("target") or one["source"] if isinstance(one, dict) else one).rpartition("/")[2]
        for one in service.get("secrets") or []
    }
    return bool(names & {ADDRESS, f"{ADDRESS}_FILE"} or ADDRESS.lower() in mounted)


def own_actions(document: Mapping[str, Any]) -> bool:
    """Say whether the stack's service `actions` is a release's own, and so starts with each colour."""
    services = document["services"]
    return ACTIONS in services and not tells_actions(services[BOT])


def with_actions(made: Document, bot: str, name: str, document: Mapping[str, Any]) -> Document:
    """Add the release's action service to a colour's stack, and tell its bot where it is.

    `bot` and `name` are what the two are called in that stack. It shares the bot's networks, secrets and
    configurations, so only those that the bot has are there.
    """
    if not own_actions(document):
        return made
    service = copy.deepcopy(dict(document["services"][ACTIONS]))
    replica = made["services"][bot]
    for kind in ("secrets", "configs"):
        kept = [one for one in service.get(kind) or [] if _source(one) in (made.get(kind) or {})]
        service.pop(kind, None)
        if kept:
            service[kind] = kept
    networks = service.get("networks") or ["default"]
    shared = [one for one in networks if one in made["networks"]] or list(made["networks"])
    service["networks"] = {one: networks[one] if isinstance(networks, dict) else None for one in shared}
    environment = replica.get("environment") or {}
    told = {WHERE: f"http://{name}:{PORT}"}
    if isinstance(environment, list):
        replica["environment"] = [*environment, *(f"{key}={value}" for key, value in told.items())]
    else:
        replica["environment"] = {**environment, **told}
    made["services"][name] = service
    return made


def _source(entry: Any) -> str:
    return str(entry["source"] if isinstance(entry, dict) else entry)
