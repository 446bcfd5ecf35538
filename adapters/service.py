"""The running service: Prefect server, worker, watcher, monitor and MLflow's pages, under one supervisor.

Each part is a process of its own, described in `.ratchet/service/`. The supervisor starts them in order,
starts one that died anew, and stops them in the reverse order. Parts that outlived a killed supervisor are
adopted.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from adapters import commands, prefect
from adapters.files import write_json, write_text
from adapters.lock import LockHeld, hold
from adapters.replicas import Replica, alive, await_ready, launch, read_replica, terminate
from adapters.settings import Settings
from domain.errors import RatchetError

PARTS = ("server", "mlflow", "worker", "watch", "monitor")
"""What a service consists of, in the order of its start."""
POLL_SECONDS = 0.5
BACKOFF_SECONDS = (0.0, 1.0, 5.0, 15.0, 60.0)
STEADY_SECONDS = 120.0
"""A part that has run for so long is started at once when it dies, however often it died before."""
READY_SECONDS = 120.0
STOP_SECONDS = 10.0
DOWN_SECONDS = 60.0
RATCHET = str(Path(sys.executable).with_name("ratchet"))
WORKER = {"PREFECT_WORKER_QUERY_SECONDS": "2", "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO"}

Say = Callable[[str], None]


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
    env = prefect.environment(settings, api_url)
    worker = ("prefect", "worker", "start", "--pool", prefect.POOL, "--type", "process")
    found = [
        *mlflow(settings),
        Part("worker", (sys.executable, "-m", *worker), env | WORKER),
        Part("watch", (RATCHET, "watch"), env),
        Part("monitor", (RATCHET, "monitor"), env),
    ]
    return [part for part in found if part.name in names]


def mlflow(settings: Settings) -> list[Part]:
    """Describe MLflow's pages, as one process without the job queues that it brings."""
    artifacts = settings.artifact_root or str(settings.state / "artifacts")
    backend = settings.tracking_uri or f"sqlite:///{settings.state / 'mlflow.db'}"
    if backend.startswith("http"):
        return []
    argv = (
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(settings.mlflow_port),
    )
    stores = ("--workers", "1", "--backend-store-uri", backend, "--default-artifact-root", artifacts)
    env = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    if settings.s3_endpoint:
        env["MLFLOW_S3_ENDPOINT_URL"] = settings.s3_endpoint
    url = f"http://127.0.0.1:{settings.mlflow_port}"
    return [Part("mlflow", (*argv, *stores), env, settings.mlflow_port, url)]


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Be the workspace's only supervisor; raises `LockHeld` when the service runs already."""
    file = folder(settings) / "supervisor.json"
    try:
        with hold(settings.state / "service.lock", "The service"):
            write_json(file, Replica.of_this_process(0).as_dict())
            try:
                yield
            finally:
                file.unlink(missing_ok=True)
    except LockHeld as error:
        raise LockHeld("The service of this workspace runs already.", "`ratchet down` stops it.") from error


def running(settings: Settings) -> Replica | None:
    """Return the supervisor's process; None when the service does not run."""
    found = read_replica(folder(settings) / "supervisor.json")
    return found if found and alive(found) else None


def up(settings: Settings, names: frozenset[str], say: Say, ready: Callable[[list[Part]], None]) -> None:
    """Run the service until a signal ends it; `ready` is called once everything answers.

    What takes long and needs nothing else is started first.

    Raises `LockHeld` when it runs already, and `RatchetError` when a part does not start.
    """
    with alone(settings):
        end_on_signals()
        started: dict[str, Replica] = {}
        try:
            start_each(settings, parts(settings, {"mlflow"} & names), started)
            api_url = serve_prefect(settings, say)
            write_text(settings.workspace / "prefect.toml", prefect_toml(settings, api_url))
            start_each(settings, parts(settings, {"worker"} & names, api_url), started)
            provide(settings, api_url, say)
            start_each(settings, parts(settings, {"watch", "monitor"} & names, api_url), started)
            serve_bot(settings, api_url, names)
            wanted = parts(settings, names, api_url)
            for part in wanted:
                await_part(settings, part, started[part.name])
            ready(wanted)
            watch_over(settings, wanted, started, say)
        except KeyboardInterrupt:
            say("stopping …")
        finally:
            ignore_signals()
            stop(settings, say)


def serve_bot(settings: Settings, api_url: str, names: Collection[str]) -> None:
    """Let the live release serve again, after a reboot; whoever only works for another machine does not."""
    if "watch" in names:
        env = prefect.environment(settings, api_url)
        launch(
            [RATCHET, "serve"], cwd=settings.workspace, env=env, log=folder(settings) / "serve.log", port=0
        )


def start_each(settings: Settings, wanted: Sequence[Part], started: dict[str, Replica]) -> None:
    """Start parts, or adopt them, and note their processes."""
    for part in wanted:
        started[part.name] = start(settings, part)


def serve_prefect(settings: Settings, say: Say) -> str:
    """Make sure that the Prefect server runs, and return its API's address."""
    if settings.prefect_api_url:
        return settings.prefect_api_url
    known = prefect.running_url(settings)
    server = prefect.ensure_server(settings)
    say(f"{'adopted' if known else 'started'}: server")
    return prefect.local_url(server.port)


def provide(settings: Settings, api_url: str, say: Say) -> None:
    """Make pool, queues, automations and deployments, in a process that knows the server's address."""
    argv = [sys.executable, "-m", "adapters.provision"]
    env = prefect.environment(settings, api_url)
    commands.run(argv, cwd=settings.workspace, env=env, timeout=READY_SECONDS * 2)
    say("loaded: deployments and automations")


def start(settings: Settings, part: Part) -> Replica:
    """Start a part, or adopt its process where one runs with just this command."""
    file = folder(settings) / f"{part.name}.json"
    found = read_replica(file)
    if found and alive(found):
        if (found.argv, dict(found.env)) == (part.argv, dict(part.env)):
            return found
        terminate(found, STOP_SECONDS)
    log = folder(settings) / f"{part.name}.log"
    replica = launch(part.argv, cwd=settings.workspace, env=dict(part.env), log=log, port=part.port)
    write_json(file, replica.as_dict())
    return replica


def await_part(settings: Settings, part: Part, replica: Replica) -> None:
    """Wait until a part that listens answers."""
    if not part.url:
        return
    try:
        await_ready(replica, lambda: answers(part.url), READY_SECONDS, folder(settings) / f"{part.name}.log")
    except RatchetError as error:
        raise RatchetError(f"The part {part.name} did not start at {part.url}.", error.remedy) from error


def answers(url: str) -> bool:
    """Say whether a web server answers there."""
    try:
        return httpx.get(f"{url}/health", timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def watch_over(settings: Settings, wanted: list[Part], started: dict[str, Replica], say: Say) -> None:
    """Start each part that died anew, ever more slowly while it keeps dying; never returns."""
    deaths = dict.fromkeys([*started, "server"], 0)
    since = dict.fromkeys(deaths, time.monotonic())
    due = dict.fromkeys(deaths, 0.0)
    while True:
        time.sleep(POLL_SECONDS)
        for name in deaths:
            now = time.monotonic()
            if is_up(settings, name, started):
                due[name] = 0.0
                continue
            if not due[name]:
                deaths[name] = 0 if now - since[name] > STEADY_SECONDS else deaths[name]
                due[name] = now + BACKOFF_SECONDS[min(deaths[name], len(BACKOFF_SECONDS) - 1)]
            if now < due[name]:
                continue
            say(f"{name} died; starting it anew")
            deaths[name] += 1
            with contextlib.suppress(RatchetError):
                if name == "server":
                    prefect.ensure_server(settings)
                else:
                    started[name] = start(settings, next(part for part in wanted if part.name == name))
            since[name], due[name] = time.monotonic(), 0.0


def is_up(settings: Settings, name: str, started: Mapping[str, Replica]) -> bool:
    """Say whether a part's process runs."""
    return prefect.running_url(settings) is not None if name == "server" else alive(started[name])


def stop(settings: Settings, say: Say) -> None:
    """Stop every part that runs, the last one first; runs in progress are recorded as crashed."""
    for name in reversed(PARTS[1:]):
        file = folder(settings) / f"{name}.json"
        replica = read_replica(file)
        if replica and alive(replica):
            terminate(replica, STOP_SECONDS)
            say(f"stopped: {name}")
        file.unlink(missing_ok=True)
    if prefect.stop_server(settings):
        say("stopped: server")


def down(settings: Settings, say: Say) -> bool:
    """Stop the service, and parts that a killed supervisor left; false when nothing ran."""
    said: list[str] = []
    if supervisor := running(settings):
        psutil.Process(supervisor.pid).terminate()
        deadline = time.monotonic() + DOWN_SECONDS
        while alive(supervisor) and time.monotonic() < deadline:
            time.sleep(0.1)
        terminate(supervisor)
        said.append("stopped: service")
    stop(settings, said.append)
    for line in said:
        say(line)
    return bool(said)


def end_on_signals() -> None:
    """Let SIGTERM and SIGINT end the service in order.

    Both are set: a shell starts background jobs with SIGINT ignored, and children would inherit that.
    """

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(sign, end)


def ignore_signals() -> None:
    """Let nothing interrupt the stopping."""
    for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(sign, lambda number, frame: None)


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
    """Return a systemd unit that runs the service; bots started by it go on when it stops."""
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
# Only the supervisor gets the signal: it stops its parts in order, and the bot goes on serving.
KillMode=process
# What differs by machine and is secret: RATCHET_…, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
EnvironmentFile=-%h/.config/ratchet.env

[Install]
WantedBy=default.target
"""
