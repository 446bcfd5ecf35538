"""`stack.yml`, the declared truth of the fleet, and `docker stack`, which brings it about.

The file is the user's. Ratchet fills in variables and derives two small stacks from it: everything but the bot, for
the first release, and the canaries of a release, which are the service `bot` off the traffic path.
"""

from __future__ import annotations

import copy
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ratchet.adapters.bot import channel
from ratchet.adapters.settings import SOURCE, Settings
from ratchet.adapters.system import commands, yaml_text
from ratchet.adapters.system.files import refuse_pointers, sha256, write_text
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release

BOT, PROXY = "bot", "proxy"
BOT_PORT, PROXY_PORT, OPERATION_PORT = 5005, 8080, 8405
"""Ports within the fleet's networks; which ports the nodes open is for settings to say."""
STACK_SECONDS = 120
RECIPES = ("stack.yml", "bot/Dockerfile", "bot/model.Dockerfile", "bot/healthy.py", "proxy/haproxy.cfg")
"""What a release on the swarm is made with; a workspace may have some of its own."""


def recipes(settings: Settings) -> dict[str, Path]:
    """Return where each file of `RECIPES` is: in the workspace's own `deployments/`, else in Ratchet's."""
    own, ours = settings.workspace / "deployments", SOURCE / "deployments"
    return {name: own / name if (own / name).is_file() else ours / name for name in RECIPES}


def read(settings: Settings) -> dict[str, Any]:
    """Read stack.yml; raises `RatchetError` when it declares no service `bot`, or Git LFS keeps a file beside it."""
    files = recipes(settings)
    path, own = files["stack.yml"], settings.workspace / "deployments"
    beside = (file for file in sorted(own.rglob("*")) if file.is_file())
    refuse_pointers([*files.values(), *beside], settings.workspace)
    try:
        document = yaml_text.load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml_text.NotYaml) as error:
        raise RatchetError(
            f"{path} cannot be read: {error}.", "Correct it, or restore it with Git."
        ) from error
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(services, dict) or not isinstance(services.get(BOT), dict):
        raise RatchetError(
            f"{path} declares no service `{BOT}`.", "See deployments/stack.yml of Ratchet for one."
        )
    return anchored(document, own, SOURCE / "deployments")


def anchored(document: Mapping[str, Any], own: Path, ours: Path) -> dict[str, Any]:
    """Return a stack whose files have absolute paths: in the workspace's folder, else in Ratchet's."""
    made = copy.deepcopy(dict(document))

    def place(name: Any) -> Any:
        if not isinstance(name, str) or name.startswith(("$", "/")):
            return name
        return str(
            (ours / name if (ours / name).is_file() and not (own / name).is_file() else own / name).absolute()
        )

    for kind in ("configs", "secrets"):
        for entry in (made.get(kind) or {}).values():
            if isinstance(entry, dict) and "file" in entry:
                entry["file"] = place(entry["file"])
    for service in (made.get("services") or {}).values():
        if isinstance(service, dict) and "env_file" in service:
            listed = service["env_file"]
            service["env_file"] = (
                [place(one) for one in listed] if isinstance(listed, list) else place(listed)
            )
    return made


def variables(settings: Settings, release: Release | None = None) -> dict[str, str]:
    """The RATCHET_* variables that stack.yml may use; those of the release are empty without one."""
    proxy = recipes(settings)["proxy/haproxy.cfg"]
    clients, staging = client_tokens(settings), channel.staging_token(settings)
    return {
        "RATCHET_STACK": settings.stack,
        "RATCHET_PORT": str(settings.port),
        "RATCHET_OPERATION_PORT": str(settings.operation_port),
        "RATCHET_HAPROXY_HASH": sha256(proxy)[:12] if proxy.exists() else "",
        "RATCHET_CLIENT_TOKENS_FILE": str(clients),
        "RATCHET_CLIENT_TOKENS_HASH": sha256(clients)[:12],
        "RATCHET_STAGING_TOKEN_FILE": str(staging),
        "RATCHET_STAGING_TOKEN_HASH": sha256(staging)[:12],
        "RATCHET_EVENTS_URL": settings.events_url.get_secret_value() if settings.events_url else "",
        "RATCHET_EVENTS_DAYS": f"{settings.params.monitor.retention_days:g}",
        "RATCHET_CONVERSATION_MESSAGES": str(settings.conversation_messages),
        "RATCHET_IMAGE": release.bundle if release else "",
        "RATCHET_RELEASE": release.id if release else "",
        "RATCHET_MODEL_VERSION": release.model_version if release else "",
    }


def client_tokens(settings: Settings) -> Path:
    """The file of the client applications' tokens; without a configured one, one client `web` is made once."""
    path = settings.client_tokens_file or settings.state / "secrets" / "client-tokens.yml"
    if not path.exists() and settings.client_tokens_file is None:
        write_text(
            path, yaml.safe_dump([{"name": "web", "token": secrets.token_urlsafe(32), "rights": ["chat"]}])
        )
        path.chmod(0o600)
    if not path.exists():
        raise RatchetError(
            f"{path}, the file of the clients' tokens, does not exist.", "Correct RATCHET_CLIENT_TOKENS_FILE."
        )
    return path.absolute()


def surroundings(document: Mapping[str, Any]) -> dict[str, Any]:
    """Derive everything but the bot: what has to be there before the first canary."""
    derived = copy.deepcopy(dict(document))
    del derived["services"][BOT]
    return derived


def canaries(
    document: Mapping[str, Any], stack: str, node: str, services: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """Derive one single-replica service for each name, each with its own RATCHET_* variables.

    They use the networks, secrets and configs of the stack, lie on the named node and listen on a port of that
    node which the engine chooses. One that fails is not started again.
    """
    networks, outside = _external(document, stack)
    staging = document.get("x-staging") or {}
    derived: dict[str, Any] = {
        "version": str(document.get("version", "3.8")),
        "services": {},
        "networks": networks,
        **outside,
    }
    for name, values in services.items():
        service = _fill(copy.deepcopy(dict(document["services"][BOT])), values)
        service["environment"] = _pairs(service.get("environment")) | _pairs(staging.get("environment"))
        service["networks"] = list(networks)
        service["ports"] = [{"target": BOT_PORT, "mode": "host", "protocol": "tcp"}]
        service["deploy"] = {
            "replicas": 1,
            "endpoint_mode": "dnsrr",
            "resources": (service.get("deploy") or {}).get("resources") or {},
            "placement": {"constraints": [f"node.id == {node}"]},
            "restart_policy": {"condition": "none"},
        }
        derived["services"][name] = service
    return derived


def _external(document: Mapping[str, Any], stack: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Refer to the stack's networks, secrets and configs by the names that they have on the engine."""
    used = document["services"][BOT].get("networks") or ["default"]

    def named(kind: str, key: str) -> str:
        return str(((document.get(kind) or {}).get(key) or {}).get("name") or f"{stack}_{key}")

    networks = {key: {"external": True, "name": named("networks", key)} for key in used}
    outside = {
        kind: {key: {"external": True, "name": named(kind, key)} for key in document[kind]}
        for kind in ("secrets", "configs")
        if document.get(kind)
    }
    return networks, outside


def _fill(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _fill(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_fill(value, values) for value in node]
    if isinstance(node, str):
        for name, value in values.items():
            node = node.replace(f"${{{name}}}", value)
    return node


def _pairs(environment: Any) -> dict[str, Any]:
    """Read either of the two forms that an environment may have."""
    if isinstance(environment, list):
        return dict(str(entry).partition("=")[::2] for entry in environment)
    return dict(environment or {})


def deploy(
    settings: Settings, name: str, document: Mapping[str, Any], values: Mapping[str, str], *over: Path
) -> None:
    """Hand a stack to the engine, which begins to change towards it; images are taken as they are named.

    Further files are laid `over` it.
    """
    path = settings.state / "swarm" / f"{name}.yml"
    write_text(path, yaml.safe_dump(dict(document), sort_keys=False))
    argv = ["docker", "stack", "deploy", "--with-registry-auth", "--resolve-image", "never"]
    argv += [word for file in (path, *over) for word in ("-c", str(file))] + [name]
    commands.run(argv, cwd=path.parent, env={**values, **docker_environment(settings)}, timeout=STACK_SECONDS)


def remove(settings: Settings, name: str) -> None:
    """Take a stack away; one that is not there is fine."""
    commands.run(
        ["docker", "stack", "rm", name], env=docker_environment(settings), timeout=STACK_SECONDS, check=False
    )


def docker_environment(settings: Settings) -> dict[str, str]:
    """The environment of the Docker CLI; a registry login that Ratchet made is in the workspace's state."""
    own = settings.state / "docker"
    return (
        {"DOCKER_CONFIG": str(own)}
        if (own / "config.json").exists() and "DOCKER_CONFIG" not in os.environ
        else {}
    )
