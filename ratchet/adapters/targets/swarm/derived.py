"""The stacks that are derived from stack.yml: what all releases share, and the bot in one colour."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ratchet.adapters.targets.swarm import companions

BOT, PROXY, SWITCH = "bot", "proxy", "switch"
BOT_PORT, PROXY_PORT, OPERATION_PORT = 5005, 8080, 8405
"""Ports within the fleet's networks; which ports the nodes open is for settings to say."""
RELEASE, SECRETS, WARM_UNTIL = "ratchet.release", "ratchet.secrets", "ratchet.warm-until"
"""Labels of a colour's service: its release, a digest of the secrets it was started with, how long it stays warm."""
LONGEST_NAME = 64
"""Longest name of a secret or a configuration (Docker's own limit)."""

Document = dict[str, Any]


def completed(document: Mapping[str, Any], ours: Mapping[str, Any]) -> Document:
    """Return a stack with what it lacks for two colours, taken from Ratchet's own.

    A stack from before there were colours has a proxy that mounts its configuration and no service `switch`.
    """
    made = companions.completed(document, ours)
    services = made["services"]
    if SWITCH in services or PROXY not in services:
        return made
    services[SWITCH] = copy.deepcopy(ours["services"][SWITCH])
    wanted, proxy = ours["services"][PROXY], services[PROXY]
    proxy["entrypoint"] = wanted["entrypoint"]
    own = [one for one in proxy.get("configs") or [] if not is_configuration(one)]
    proxy["configs"] = own + copy.deepcopy(wanted["configs"])
    proxy["volumes"] = [*(proxy.get("volumes") or []), *copy.deepcopy(wanted["volumes"])]
    proxy.pop("command", None)
    proxy["networks"] = {**networks_of(proxy), "control": None}
    made["networks"] = {**(made.get("networks") or {}), "control": copy.deepcopy(ours["networks"]["control"])}
    configs = made["configs"] = dict(made.get("configs") or {})
    for name in ("haproxy", "proxy-start", "switch"):
        configs.setdefault(name, copy.deepcopy(ours["configs"][name]))
    return made


def is_configuration(config: Any) -> bool:
    """Say whether a service's entry mounts HAProxy's configuration."""
    target = config.get("target", "") if isinstance(config, dict) else config
    return "haproxy" in str(target)


def base(document: Mapping[str, Any]) -> Document:
    """Derive what all releases share: everything but the bot, with no secret and no configuration of it."""
    derived = copy.deepcopy(dict(document))
    del derived["services"][BOT]
    if companions.own_actions(document):
        derived["services"].pop(companions.ACTIONS, None)
    for kind in ("secrets", "configs"):
        used = {name for service in derived["services"].values() for name in sources(service, kind)}
        kept = {name: entry for name, entry in (derived.get(kind) or {}).items() if name in used}
        derived.pop(kind, None)
        if kept:
            derived[kind] = kept
    return {key: value for key, value in derived.items() if not key.startswith("x-")}


def coloured(
    document: Mapping[str, Any],
    fleet: str,
    name: str,
    key: str,
    values: Mapping[str, str],
    digest: Callable[[Path], str],
) -> Document:
    """Derive the stack `name`: the bot as it serves, as a service `key`, on the networks of the stack `fleet`.

    `key` is what the proxies call it. Secrets and configurations, its custom actions' too, are copies of its own, so
    that no other colour changes with them; `digest` returns that of a file. Raises what `digest` raises.
    """
    service = copy.deepcopy(dict(document["services"][BOT]))
    networks = networks_of(service)
    deploy = service["deploy"] = dict(service.get("deploy") or {})
    derived: Document = {"version": str(document.get("version", "3.8")), "services": {key: service}}
    derived["networks"] = {
        network: {"external": True, "name": named(document, "networks", network, fleet)}
        for network in [*networks, *companions.networks_besides(document, networks)]
    }
    if volumes := sorted(volumes_of(service) & set(document.get("volumes") or {})):
        derived["volumes"] = {
            volume: {**(document["volumes"][volume] or {}), "name": named(document, "volumes", volume, fleet)}
            if not (document["volumes"][volume] or {}).get("external")
            else document["volumes"][volume]
            for volume in volumes
        }
    own, told = own_files(document, [service, *companions.of_release(document)], name, values, digest)
    derived |= own
    labels = pairs(deploy.get("labels"))
    deploy["labels"] = {**labels, RELEASE: values["RATCHET_RELEASE"], SECRETS: fingerprint(told)}
    return derived


def own_files(
    document: Mapping[str, Any],
    services: Sequence[Mapping[str, Any]],
    name: str,
    values: Mapping[str, str],
    digest: Callable[[Path], str],
) -> tuple[Document, list[str]]:
    """Return what services have as secrets and configurations, named for the stack `name`, and a line for each."""
    own: Document = {}
    told: list[str] = []
    for kind in ("configs", "secrets"):
        entries: Document = {}
        for source in sorted({one for service in services for one in sources(service, kind)}):
            entry = copy.deepcopy(dict((document.get(kind) or {}).get(source) or {}))
            if "file" in entry:
                content = digest(Path(filled(entry["file"], values)))
                entry["name"] = f"{f'{name}-{source}'[: LONGEST_NAME - 13]}-{content[:12]}"
                told.append(f"{kind} {source} {content}")
            else:
                told.append(f"{kind} {source} {filled(str(entry.get('name') or source), values)}")
            entries[source] = entry
        if entries:
            own[kind] = entries
    return own, told


def single(derived: Document, node: str, published: bool = False) -> Document:
    """Return such a stack with one replica on a node, never started again; `published` on a port of that node."""
    made = copy.deepcopy(derived)
    for service in made["services"].values():
        deploy = service["deploy"]
        service["deploy"] = {
            "replicas": 1,
            "endpoint_mode": "dnsrr",
            "labels": deploy["labels"],
            "resources": deploy.get("resources") or {},
            "placement": {"constraints": [f"node.id == {node}"]},
            "restart_policy": {"condition": "none"},
        }
        if published:
            service["ports"] = [{"target": BOT_PORT, "mode": "host", "protocol": "tcp"}]
        service["stop_grace_period"] = "1s"  # no user's message is in flight
    return made


def fingerprint(told: Iterable[str]) -> str:
    """Return the digest of what secrets hold; configurations do not count."""
    secret = sorted(line for line in told if line.startswith("secrets "))
    return hashlib.sha256("\n".join(secret).encode()).hexdigest()[:16]


def named(document: Mapping[str, Any], kind: str, key: str, fleet: str) -> str:
    """Return the name that a stack's network or volume has on the engine."""
    entry = (document.get(kind) or {}).get(key) or {}
    outside = entry.get("external")
    if outside:
        return str(entry.get("name") or (outside.get("name") if isinstance(outside, dict) else None) or key)
    return str(entry.get("name") or f"{fleet}_{key}")


def networks_of(service: Mapping[str, Any]) -> Document:
    """Return a service's networks with their options, whichever of the two forms they are written in."""
    networks = service.get("networks") or ["default"]
    return dict(networks) if isinstance(networks, dict) else dict.fromkeys(networks)


def volumes_of(service: Mapping[str, Any]) -> set[str]:
    """Return the names of the volumes that a service mounts."""
    found = set()
    for volume in service.get("volumes") or []:
        if isinstance(volume, dict):
            found |= {str(volume.get("source") or "")} if volume.get("type", "volume") == "volume" else set()
        else:
            found.add(str(volume).partition(":")[0])
    return found - {""}


def sources(service: Mapping[str, Any], kind: str) -> set[str]:
    """Return the names of the secrets or configurations that a service uses."""
    listed = service.get(kind) or []
    return {str(one["source"] if isinstance(one, dict) else one) for one in listed}


def filled(text: str, values: Mapping[str, str]) -> str:
    """Put the values of variables into a text, as the engine does it for the whole stack."""
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def pairs(environment: Any) -> Document:
    """Read either of the two forms that an environment or labels may have."""
    if isinstance(environment, list):
        return dict(str(entry).partition("=")[::2] for entry in environment)
    return dict(environment or {})
