"""`stack.yml`, the declared truth of the fleet, and `docker stack`, which brings it about.

The file is the user's. Ratchet fills in variables and derives stacks from it (`derived`).
"""

from __future__ import annotations

import copy
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ratchet.adapters.bot import channel, encoders, project
from ratchet.adapters.settings import SOURCE, Settings
from ratchet.adapters.system import commands, yaml_text
from ratchet.adapters.system.files import refuse_pointers, sha256, write_text
from ratchet.adapters.targets.swarm import derived, tls
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release

STACK_SECONDS = 120
HAPROXY, START, SWITCH = "proxy/haproxy.cfg", "proxy/proxy.sh", "proxy/switch.cfg"
RECIPES = (
    *("stack.yml", "bot/Dockerfile", "bot/encoder.Dockerfile", "bot/model.Dockerfile", "bot/healthy.py"),
    *(HAPROXY, START, SWITCH),
)
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
    if not isinstance(services, dict) or not isinstance(services.get(derived.BOT), dict):
        raise RatchetError(
            f"{path} declares no service `{derived.BOT}`.", "See deployments/stack.yml of Ratchet for one."
        )
    ours = yaml_text.load((SOURCE / "deployments" / "stack.yml").read_text(encoding="utf-8"))
    made = anchored(derived.completed(document, ours), own, SOURCE / "deployments")
    return tls.terminated(made, settings)


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


def variables(settings: Settings, release: Release | None = None, colour: str = "") -> dict[str, str]:
    """The RATCHET_* variables that stack.yml may use; those of the release are empty without one.

    `colour` is the one that has the traffic, "" where none has.
    """
    files = recipes(settings)
    clients, staging = client_tokens(settings), channel.staging_token(settings)
    own = project.variables_file(settings)
    return {
        "RATCHET_STACK": settings.stack,
        "RATCHET_PORT": str(settings.port),
        "RATCHET_OPERATION_PORT": str(settings.operation_port),
        "RATCHET_COLOUR": colour,
        "RATCHET_HAPROXY_HASH": sha256(files[HAPROXY])[:12],
        "RATCHET_PROXY_HASH": sha256(files[START])[:12],
        "RATCHET_SWITCH_HASH": sha256(files[SWITCH])[:12],
        "RATCHET_CLIENT_TOKENS_FILE": str(clients),
        "RATCHET_CLIENT_TOKENS_HASH": sha256(clients)[:12],
        "RATCHET_STAGING_TOKEN_FILE": str(staging),
        "RATCHET_STAGING_TOKEN_HASH": sha256(staging)[:12],
        "RATCHET_VARIABLES_FILE": str(own),
        "RATCHET_VARIABLES_HASH": sha256(own)[:12],
        "RATCHET_EVENTS_URL": settings.events_url.get_secret_value() if settings.events_url else "",
        "RATCHET_EVENTS_DAYS": f"{settings.params.monitor.retention_days:g}",
        "RATCHET_CONVERSATION_MESSAGES": str(settings.conversation_messages),
        "RATCHET_HANDOFF": settings.handoff,
        "RATCHET_HANDOFF_HOURS": json.dumps(settings.params.desk.for_bot()),
        "RATCHET_IMAGE": release.bundle if release else "",
        "RATCHET_RELEASE": release.id if release else "",
        "RATCHET_MODEL_VERSION": release.model_version if release else "",
        "RATCHET_REPLICA_MEMORY": f"{encoders.reserved_mib(release.lineage.encoder if release else '')}M",
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
