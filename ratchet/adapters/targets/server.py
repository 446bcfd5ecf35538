"""The server of a release on the `process` target: how it is started, and with which variables."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from ratchet.adapters.bot import channel, encoders, project, rasa, traffic
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.processes import Replica, free_port, launch
from ratchet.adapters.targets import colours
from ratchet.domain.release.manifest import Release


def start(settings: Settings, release: Release, bundle: Path, log: Path) -> Replica:
    """Start the server of a release on a free port; it knows by which secrets it was started."""
    given = Given(release.id, release.model_version, release.model_sha256, bundle / "model.tar.gz")
    return run(settings, given, bundle / "bot", log)


@dataclass(frozen=True)
class Given:
    """What a server serves: the name that it says, the model's version and SHA-256, and the model's archive."""

    name: str
    version: str
    sha256: str
    archive: Path


def run(settings: Settings, given: Given, code: Path, log: Path) -> Replica:
    """Start a server with a bot's code on a free port; it knows by which secrets it was started."""
    port = free_port()
    argv = rasa.tool(settings, code, "serve", "--model", given.archive, "--port", str(port))
    argv += ["--release", given.name, "--model-version", given.version, "--sha256", given.sha256]
    directory = settings.workspace / "directory.csv"
    if directory.exists():
        argv += ["--directory", str(directory)]
    env = environment(settings, code)
    told = colours.secrets_told(env)
    started = launch(argv, cwd=code, env=env, log=log, release=given.name, port=port)
    return replace(started, secrets=told)


def environment(settings: Settings, code: Path) -> dict[str, str]:
    """Return the variables with which a server with a bot's code is started now."""
    return {**rasa.environment(code), **variables(settings)}


def as_today(settings: Settings, replica: Replica) -> bool:
    """Say whether a server was started with the settings and secrets of today; one of before that noted none counts."""
    today = variables(settings)
    told = {name: value for name, value in replica.env if name.startswith("RATCHET_")}
    return not replica.secrets or (told, replica.secrets) == (today, colours.secrets_told(today))


def variables(settings: Settings) -> dict[str, str]:
    """Return those of them that hold for any code."""
    return {
        **encoders.variables(settings),
        "RATCHET_STAGING_TOKEN_FILE": str(channel.staging_token(settings)),
        "RATCHET_VARIABLES_FILE": str(project.variables_file(settings)),
        **traffic.environment(settings),
        "RATCHET_CONVERSATION_MESSAGES": str(settings.conversation_messages),
        "RATCHET_HANDOFF": settings.handoff,
        "RATCHET_HANDOFF_HOURS": json.dumps(settings.params.desk.for_bot()),
        "RATCHET_PAUSE_FILE": str(settings.state / "pause.json"),
        **handoff_tokens(settings),
        **({"RATCHET_ACTIONS_URL": settings.actions_url} if settings.actions_url else {}),
    }


def handoff_tokens(settings: Settings) -> dict[str, str]:
    """Return the variable with the clients' file, of which a server on loopback takes those with `handoff`."""
    file = settings.client_tokens_file
    return {"RATCHET_HANDOFF_TOKENS_FILE": str(file.absolute())} if file and file.is_file() else {}
