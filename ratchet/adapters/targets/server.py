"""The server of a release on the `process` target: how it is started, and with which variables."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from ratchet.adapters.bot import channel, encoders, project, rasa, traffic
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.processes import Replica, free_port, launch
from ratchet.adapters.targets import colours
from ratchet.domain.release.manifest import Release


def start(settings: Settings, release: Release, bundle: Path, log: Path) -> Replica:
    """Start the server of a release on a free port; it knows by which secrets it was started."""
    port = free_port()
    model = ("--model", bundle / "model.tar.gz", "--port", str(port))
    argv = rasa.tool(settings, bundle / "bot", "serve", *model)
    argv += ["--release", release.id, "--model-version", release.model_version]
    argv += ["--sha256", release.model_sha256]
    directory = settings.workspace / "directory.csv"
    if directory.exists():
        argv += ["--directory", str(directory)]
    env = environment(settings, bundle)
    told = colours.secrets_told(env)
    started = launch(argv, cwd=bundle / "bot", env=env, log=log, release=release.id, port=port)
    return replace(started, secrets=told)


def environment(settings: Settings, bundle: Path) -> dict[str, str]:
    """Return the variables with which a server of a bundle is started now."""
    return {**rasa.environment(bundle / "bot"), **variables(settings)}


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
