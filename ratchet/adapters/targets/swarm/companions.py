"""What is beside the bot in a colour's stack: its custom actions and the project's own variables."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ratchet.domain.release.colours import Colour

BOT, ACTIONS, VARIABLES = "bot", "actions", "ratchet_variables"
ADDRESS = "RATCHET_ACTIONS_URL"
"""Tells the bot a server of custom actions; it also reads a file (…_FILE), or the secret of this name in lower case."""
PORT = 5055
WHERE = "RATCHET_ACTIONS_SERVICE"
"""Tells the replicas where the action service of their release is."""
Document = dict[str, Any]


def key(colour: Colour, release: str = "") -> str:
    """Return what a colour's service of custom actions is called in its stack, and by the replicas.

    Where replicas are replaced one by one, each `release` has one of its own.
    """
    own = f"-{hashlib.sha256(release.encode()).hexdigest()[:8]}" if release else ""
    return f"{ACTIONS}-{colour}{own}"


def of_colour(service: str, colour: Colour) -> str:
    """Return the engine's name of the action service of a colour, whose replicas are `service`."""
    return f"{service.rpartition(f'_{BOT}-')[0]}_{key(colour)}"


def beside(service: str, told: Mapping[str, str]) -> str:
    """Return the engine's name of the action service that replicas with an environment ask; "" where they ask none."""
    stack, found, _ = service.rpartition(f"_{BOT}-")
    asked = urlsplit(told.get(WHERE, "")).hostname
    return f"{stack}_{asked}" if found and asked else ""


def others(service: str, told: Mapping[str, str], known: Iterable[str]) -> list[str]:
    """Return which of the `known` services are action services beside those replicas that they do not ask."""
    start = f"{service.rpartition(f'_{BOT}-')[0]}_{ACTIONS}-"
    return [one for one in known if one.startswith(start) and one != beside(service, told)]


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


def of_release(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what starts with each colour beside its replicas: the release's own action service, or nothing."""
    return [document["services"][ACTIONS]] if own_actions(document) else []


def networks_besides(document: Mapping[str, Any], known: Iterable[str]) -> list[str]:
    """Return the networks that stack.yml declares for the release's own action service and that are not known yet."""
    listed = [name for service in of_release(document) for name in service.get("networks") or []]
    return [name for name in listed if name in (document.get("networks") or {}) and name not in known]


def with_actions(made: Document, bot: str, name: str, document: Mapping[str, Any]) -> Document:
    """Add the release's action service to a colour's stack, and tell its bot where it is.

    `bot` and `name` are what the two are called in that stack. It is on a network with its bot: on all of the bot's
    where stack.yml names none that both are on.
    """
    if not own_actions(document):
        return made
    service = copy.deepcopy(dict(document["services"][ACTIONS]))
    replica = made["services"][bot]
    own, theirs = service.get("networks") or {}, replica.get("networks") or ["default"]
    given = own if isinstance(own, dict) else dict.fromkeys(own)
    options = {one: given[one] for one in given if one in made["networks"]}
    service["networks"] = options if set(options) & set(theirs) else {**options, **dict.fromkeys(theirs)}
    environment = replica.get("environment") or {}
    told = {WHERE: f"http://{name}:{PORT}"}
    if isinstance(environment, list):
        replica["environment"] = [*environment, *(f"{key}={value}" for key, value in told.items())]
    else:
        replica["environment"] = {**environment, **told}
    made["services"][name] = service
    return made
