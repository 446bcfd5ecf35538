"""The Prefect server that records runs: one of the team's own, or an embedded one under `.ratchet/`.

The embedded server is started at first use and stays: an ephemeral one would cost each run 5–12 s.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from ratchet.adapters.environment import access
from ratchet.adapters.prefect.client import healthy
from ratchet.adapters.settings import Settings, name_at
from ratchet.adapters.system.files import write_json
from ratchet.adapters.system.processes import Replica, alive, await_ready, launch, read_replica, terminate
from ratchet.adapters.targets import ports
from ratchet.adapters.workspace.owners import served_by
from ratchet.domain.operations.environment import OWN
from ratchet.domain.operations.scope import Scope, slug

START_SECONDS = 120.0
JOIN, REFUSED = "--join", "refused: "
"""How the provisioning is asked to only work for another machine's service, and how it says no."""
DATABASE_SECONDS = 30
"""How long the server waits for its database; Prefect's own 10 s fail a run while a database or its disk is busy."""
QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}


def scope(settings: Settings) -> Scope:
    """Return what on a Prefect server belongs to this workspace: named by RATCHET_NAME, else as its folder is."""
    return scope_at(settings.workspace, settings.name)


def scope_at(workspace: Path, name: str | None = None) -> Scope:
    """Return the same for a workspace whose `params.yaml` may not be valid: a newer commit may correct it."""
    return Scope((name_at(workspace) if name is None else name) or slug(workspace.name))


def environment(settings: Settings, api_url: str) -> dict[str, str]:
    """Return the variables under which a process of this workspace speaks to that server, and to its registry."""
    auth = settings.prefect_auth
    return {
        **access(settings),
        **QUIET,
        **OWN,
        "PREFECT_HOME": str(settings.state / "prefect"),
        "PREFECT_API_URL": api_url,
        **({"PREFECT_API_AUTH_STRING": auth.get_secret_value()} if auth else {}),
        "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
        "RATCHET_WORKSPACE": str(settings.workspace),
    }


def server_environment(settings: Settings, port: int) -> dict[str, str]:
    """Return the variables of the embedded server: loopback only, its leases on disk to outlive a restart."""
    auth, database = settings.prefect_auth, settings.prefect_database
    return {
        **environment(settings, local_url(port)),
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_DATABASE_TIMEOUT": str(DATABASE_SECONDS),
        "PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT": str(DATABASE_SECONDS),
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        **({"PREFECT_SERVER_API_AUTH_STRING": auth.get_secret_value()} if auth else {}),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database.get_secret_value()
        if database
        else f"sqlite+aiosqlite:///{settings.state / 'prefect' / 'prefect.db'}",
    }


def local_url(port: int) -> str:
    """Return the API's address of an embedded server."""
    return f"http://127.0.0.1:{port}/api"


def connect(settings: Settings) -> str:
    """Let this process's flows run against the workspace's server, started if need be; returns its API's URL.

    To be called before Prefect is imported: it reads its settings then.
    """
    url = settings.prefect_api_url or local_url(ensure_server(settings).port)
    os.environ.update(environment(settings, url))
    # Prefect sends log lines from a thread, and writes each failure between printed lines; a server
    # that is gone is told once, by the run that ends with it.
    logging.raiseExceptions = False
    return url


def join(settings: Settings) -> None:
    """Let this process's flows run against the workspace's server where one runs; none is started."""
    if url := running_url(settings):
        os.environ.update(environment(settings, url))


def running_url(settings: Settings) -> str | None:
    """Return the address of the API of the server that runs for this workspace; None when none does."""
    if settings.prefect_api_url:
        return settings.prefect_api_url
    running = read_replica(server_file(settings))
    return local_url(running.port) if running and alive(running) else None


def server_file(settings: Settings) -> Path:
    """The file that describes the embedded server's process; left behind only by a crash."""
    return settings.state / "prefect" / "server.json"


def ensure_server(settings: Settings) -> Replica:
    """Start the embedded server unless it runs; it listens on loopback only.

    It is noted before it answers: a command that is killed in these seconds leaves no server that no one knows,
    beside which the next command would start a second one on the same database.

    Raises `PortTaken` where a setting names a port that is another's.
    """
    file, log = server_file(settings), settings.state / "prefect" / "server.log"
    running = read_replica(file)
    if running and alive(running):
        await_ready(running, lambda: serves(running), START_SECONDS, log)
        return running
    port = ports.take(settings, ["prefect_port"]).prefect_port
    env = server_environment(settings, port)
    argv = [sys.executable, "-m", "prefect", "server", "start"]
    started = launch(argv, cwd=settings.workspace, env=env, log=log, port=port)
    write_json(file, started.as_dict())
    try:
        await_ready(started, lambda: serves(started), START_SECONDS, log)
    except BaseException:
        terminate(started)
        raise
    return started


def stop_server(settings: Settings) -> bool:
    """Stop the embedded server; false when none ran."""
    running = read_replica(server_file(settings))
    if running is None or not alive(running):
        return False
    terminate(running)
    server_file(settings).unlink(missing_ok=True)
    return True


def serves(server: Replica) -> bool:
    """Say whether this very server answers, not another one on its port."""
    return healthy(local_url(server.port)) and served_by(server.port, server)
