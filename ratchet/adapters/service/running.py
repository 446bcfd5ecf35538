"""The running service: Prefect server, worker, watcher, monitor and web pages, under one supervisor.

Each part is a process of its own, described in `.ratchet/service/`. The supervisor starts them in order,
restarts one that exited, and stops them in the reverse order. Parts that outlived a killed supervisor are
adopted.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import psutil

from ratchet.adapters.environment import access
from ratchet.adapters.prefect import server as prefect
from ratchet.adapters.prefect.client import healthy
from ratchet.adapters.prefect.server import JOIN, REFUSED
from ratchet.adapters.service.declared import Declarations
from ratchet.adapters.service.service_parts import (
    DOWN_SECONDS,
    PARTS,
    RATCHET,
    Part,
    folder,
    listens,
    parts,
    prefect_toml,
)
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import commands
from ratchet.adapters.system.files import write_json, write_text
from ratchet.adapters.system.lock import LockHeld, hold
from ratchet.adapters.system.processes import Replica, alive, await_ready, launch, read_replica, terminate
from ratchet.adapters.targets import ports
from ratchet.adapters.workspace.owners import served_by
from ratchet.domain.errors import RatchetError

POLL_SECONDS = 0.5
BACKOFF_SECONDS = (0.0, 1.0, 5.0, 15.0, 60.0)
STEADY_SECONDS = 120.0
"""A part that has run at least this long restarts at once when it dies, however often it died before."""
READY_SECONDS = 120.0
STOP_SECONDS = 10.0
READY = "ready.json"
"""Describes the supervisor's process once everything answers."""

Say = Callable[[str], None]


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Be the workspace's only supervisor; raises `LockHeld` when the service runs already."""
    files = [folder(settings) / name for name in (READY, "supervisor.json")]
    try:
        with hold(settings.state / "service.lock", "The service"):
            write_json(files[-1], Replica.of_this_process(0).as_dict())
            try:
                yield
            finally:
                for file in files:
                    file.unlink(missing_ok=True)
    except LockHeld as error:
        raise already_running() from error


def running(settings: Settings) -> Replica | None:
    """Return the supervisor's process; None when the service does not run."""
    found = read_replica(folder(settings) / "supervisor.json")
    return found if found and alive(found) else None


def up(settings: Settings, names: frozenset[str], say: Say, ready: Callable[[list[Part]], None]) -> None:
    """Run the service until a signal ends it; `ready` is called once everything answers.

    What takes long and needs nothing else is started first.

    Raises `LockHeld` when it runs already, `PortTaken` before anything is started where a port is another's, and
    `RatchetError` when a part does not start.
    """
    with alone(settings):
        end_on_signals()
        started: dict[str, Replica] = {}
        try:
            settings = ports.take(settings, listens(settings, names))
            start_each(settings, parts(settings, {"mlflow"} & names), started)
            api_url = serve_prefect(settings, say)
            write_text(settings.workspace / "prefect.toml", prefect_toml(settings, api_url))
            provide(settings, names, api_url, say)  # before anything works under this workspace's name
            start_each(
                settings, parts(settings, {"worker", "watch", "monitor", "page"} & names, api_url), started
            )
            serve_bot(settings, api_url, names)
            wanted = parts(settings, names, api_url)
            for part in wanted:
                await_part(settings, part, started[part.name])
            write_json(folder(settings) / READY, Replica.of_this_process(0).as_dict())
            ready(wanted)
            declarations = Declarations(settings, lambda: provide(settings, names, api_url, say), say)
            watch_over(settings, wanted, started, declarations, say)
        except KeyboardInterrupt:
            say("stopping …")
        finally:
            ignore_signals()
            stop(settings, say)


def detach(settings: Settings, names: Collection[str]) -> None:
    """Start the service as a process of its own, and return once everything answers.

    Raises `LockHeld` when it runs already, and `RatchetError` with the end of its log when it does not start.
    """
    if running(settings):
        raise already_running()
    settings = ports.take(settings, listens(settings, names or PARTS))
    log = folder(settings) / "up.log"
    only = [word for name in sorted(names) for word in ("--only", name)]
    argv = [
        RATCHET,
        "--workspace",
        str(settings.workspace),
        "up",
        *(["--port", str(settings.prefect_port)] if settings.explicit("prefect_port") else []),
        *only,
    ]
    started = launch(argv, cwd=settings.workspace, env=access(settings), log=log, port=0)

    def ready() -> bool:
        found = read_replica(folder(settings) / READY)
        return found is not None and found.pid == started.pid

    try:
        await_ready(started, ready, READY_SECONDS * len(PARTS), log)
    except BaseException as error:
        terminate(started, DOWN_SECONDS)
        if isinstance(error, RatchetError):
            raise RatchetError("The service did not start.", error.remedy) from error
        raise


def already_running() -> LockHeld:
    """Return the error for a second service in a workspace."""
    return LockHeld("The service of this workspace runs already.", "`ratchet down` stops it.")


def serve_bot(settings: Settings, api_url: str, names: Collection[str]) -> None:
    """Let the live release serve again, after a reboot; a worker for another machine does not."""
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


def provide(settings: Settings, names: Collection[str], api_url: str, say: Say) -> None:
    """Make pool, queues, automations and deployments, in a process that knows the server's address.

    Raises `RatchetError` where the server knows another workspace by this one's name.
    """
    argv = [
        sys.executable,
        "-m",
        "ratchet.adapters.prefect.provisioning",
        *([] if "watch" in names else [JOIN]),
    ]
    env = prefect.environment(settings, api_url)
    try:
        commands.run(argv, cwd=settings.workspace, env=env, timeout=READY_SECONDS * 2)
    except commands.CommandFailed as error:
        said = [line for line in error.completed.output.splitlines() if line.startswith(REFUSED)]
        if said:
            raise RatchetError(*json.loads(said[-1].removeprefix(REFUSED))) from None
        raise
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
    log = folder(settings) / f"{part.name}.log"
    try:
        await_ready(replica, lambda: healthy(part.url) and served_by(part.port, replica), READY_SECONDS, log)
    except RatchetError as error:
        raise RatchetError(f"The part {part.name} did not start at {part.url}.", error.remedy) from error


def watch_over(
    settings: Settings, wanted: list[Part], started: dict[str, Replica], declarations: Declarations, say: Say
) -> None:
    """reStart each part that died, with a growing delay while it keeps dying; never returns."""
    deaths = dict.fromkeys([*started, "server"], 0)
    since = dict.fromkeys(deaths, time.monotonic())
    due = dict.fromkeys(deaths, 0.0)
    while True:
        time.sleep(POLL_SECONDS)
        declarations.renew()
        end_if_gone(settings, started)
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
            say(f"{name} exited; restarting")
            deaths[name] += 1
            with contextlib.suppress(RatchetError):
                if name == "server":
                    prefect.ensure_server(settings)
                else:
                    started[name] = start(settings, next(part for part in wanted if part.name == name))
            since[name], due[name] = time.monotonic(), 0.0


def end_if_gone(settings: Settings, started: Mapping[str, Replica]) -> None:
    """End the service of a workspace that was moved or deleted: it would write to a place that no longer exists."""
    if settings.state.is_dir():
        return
    for replica in started.values():
        terminate(replica, STOP_SECONDS)
    raise RatchetError(
        f"{settings.workspace} is no longer there, and its service ends.",
        "If you moved it, run `ratchet adopt` where it is now.",
    )


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
