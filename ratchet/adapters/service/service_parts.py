"""What the running service consists of: each part's command, and what is written for systemd and Prefect."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ratchet.adapters.environment import access
from ratchet.adapters.prefect import server
from ratchet.adapters.settings import Settings
from ratchet.adapters.targets import ports
from ratchet.adapters.workspace.owned import PortName
from ratchet.domain.operations.environment import OWN

PARTS = ("server", "mlflow", "worker", "watch", "monitor", "page")
"""What a service consists of, in the order of its start."""
RATCHET = str(Path(sys.executable).with_name("ratchet"))
WORKER = {"PREFECT_WORKER_QUERY_SECONDS": "2", "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO"}
DOWN_SECONDS = 60.0
"""How long a stop of the service waits."""


@dataclass(frozen=True)
class Part:
    """One process of the service; `port` is 0 and `url` "" where it does not listen."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    port: int = 0
    url: str = ""


def folder(settings: Settings) -> Path:
    """Where the service keeps what it knows of its parts, and their logs."""
    return settings.state / "service"


def parts(settings: Settings, names: Collection[str], api_url: str = "") -> list[Part]:
    """Describe the parts of these names; where MLflow has a server of its own, no pages are started."""
    env = server.environment(settings, api_url)
    worker = ("prefect", "worker", "start", "--pool", server.scope(settings).pool, "--type", "process")
    found = [
        *mlflow(settings),
        Part("worker", (sys.executable, "-m", *worker), env | WORKER),
        Part("watch", (RATCHET, "watch"), env),
        Part("monitor", (RATCHET, "monitor"), env),
        page(settings, env),
    ]
    return [part for part in found if part.name in names]


def listens(settings: Settings, names: Collection[str]) -> list[PortName]:
    """Return which of the workspace's ports these parts, and the bot that they bring back, listen on."""
    owns = {"mlflow_port": "mlflow", "port": "watch", "operation_port": "watch", "page_port": "page"}
    return [name for name in ports.needed(settings) if owns.get(name, "") in {"", *names}]


def mlflow(settings: Settings) -> list[Part]:
    """Describe MLflow's pages, without the job queues that it brings; passwords stay off the command line."""
    backend = settings.tracking_uri or f"sqlite:///{settings.state / 'mlflow.db'}"
    if backend.startswith("http"):
        return []
    port = settings.mlflow_port
    argv = ("mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1")
    env = {
        **access(settings),
        **OWN,
        "RATCHET_WORKSPACE": str(settings.workspace),
        "MLFLOW_BACKEND_STORE_URI": backend,
        "MLFLOW_DEFAULT_ARTIFACT_ROOT": settings.artifact_root or str(settings.state / "artifacts"),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        **({"MLFLOW_S3_ENDPOINT_URL": settings.s3_endpoint} if settings.s3_endpoint else {}),
    }
    return [Part("mlflow", (sys.executable, "-m", *argv), env, port, f"http://127.0.0.1:{port}")]


def page(settings: Settings, env: Mapping[str, str]) -> Part:
    """Describe the page for the bot's owners."""
    port = settings.page_port
    return Part("page", (RATCHET, "page", "--port", str(port)), env, port, f"http://127.0.0.1:{port}")


def prefect_toml(settings: Settings, api_url: str) -> str:
    """Return the file by which Prefect's own commands, run in the workspace, find this server."""
    auth = settings.prefect_auth
    secret = f'auth_string = "{auth.get_secret_value()}"\n' if auth else ""
    return (
        "# Written by `ratchet up`: lets Prefect's own commands find this workspace's server. Not for Git.\n"
        f'home = "{settings.state / "prefect"}"\n\n'
        f'[api]\nurl = "{api_url}"\n{secret}\n'
        "[server]\nanalytics_enabled = false\n"
    )


def unit(settings: Settings) -> str:
    """Return a systemd unit that runs the service; bots started by it continue when it stops."""
    return f"""# ~/.config/systemd/user/ratchet.service; then: systemctl --user enable --now ratchet
# As a system service: /etc/systemd/system/ratchet.service with User=, and WantedBy=multi-user.target.
[Unit]
Description=Ratchet: schedules, triggers and pages of {settings.workspace}
After=network-online.target
Wants=network-online.target

[Service]
WorkingDirectory={settings.workspace}
ExecStart={RATCHET} --workspace {settings.workspace} up
Restart=on-failure
RestartSec=5
TimeoutStopSec={DOWN_SECONDS:.0f}
# Only the supervisor gets the signal: it stops its parts in order, and the bot keeps serving.
KillMode=process
# What differs by machine and is secret: RATCHET_…, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
EnvironmentFile=-%h/.config/ratchet.env

[Install]
WantedBy=default.target
"""
