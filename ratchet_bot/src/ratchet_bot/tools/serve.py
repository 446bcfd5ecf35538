"""Serve a release: `python -m ratchet_bot.tools.serve --model F --sha256 D --port N --release ID --model-version V`."""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ratchet_bot.tools._errors import ToolError, refused, run
from ratchet_bot.tools._model import verify
from ratchet_bot.tools._yaml import domain_of

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 9  # a stop waits 10
EVENTS_SECONDS = 3
TURNS_SECONDS = 5
KEEP_ALIVE_SECONDS = 120  # as Rasa has it; longer than the proxies'
MOST_BYTES = 2_000_000


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Arguments of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m ratchet_bot.tools.serve", description="Serve a release over HTTP."
    )
    parser.add_argument("--model", type=Path, required=True, help="model archive")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default=os.environ.get("RATCHET_HOST", "127.0.0.1"))
    parser.add_argument("--release", required=True, help="id of the release, as /status says it")
    parser.add_argument("--model-version", required=True, help="version of the model in the registry")
    parser.add_argument(
        "--sha256", required=True, help="digest that the archive must have; any other is refused"
    )
    parser.add_argument(
        "--domain", type=Path, default=Path("domain.yml"), help="its responses replace the model's"
    )
    parser.add_argument(
        "--directory",
        default=os.environ.get("RATCHET_DIRECTORY"),
        help="people's context: .csv, .sqlite or package.module:Class",
    )
    parser.add_argument(
        "--credentials",
        type=Path,
        default=Path("credentials.yml"),
        help="Rasa's file of further channels; it need not be there",
    )
    parser.add_argument(
        "--trust-context", action="store_true", help="callers without a token may claim a context"
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Load the model and answer until the process is told to stop."""
    arguments = parse(argv)
    if not arguments.sha256:
        raise ToolError(
            "--sha256 is empty, so nothing says which model this must be.", "Give the digest of the manifest."
        )
    digest = verify(arguments.model, arguments.sha256)
    _check_port(arguments.host, arguments.port)
    app = make_app(arguments, digest)
    app.run(host=arguments.host, port=arguments.port, access_log=False, debug=False)
    return 0


def make_app(arguments: argparse.Namespace, digest: str) -> Any:
    """The Sanic application with the model loaded."""
    from rasa.core.channels.channel import register
    from sanic import Sanic

    from ratchet_bot.channel import (
        access,
        actions,
        credentials,
        desk_events,
        desk_redis,
        directory,
        framing,
        hours,
        memory,
        outbox,
        platforms,
        readiness,
        silence,
        store,
        ways,
    )
    from ratchet_bot.channel.chat import ChatInput
    from ratchet_bot.channel.conversation import Conversations, Service
    from ratchet_bot.channel.desk_routes import DeskRoutes
    from ratchet_bot.channel.events import RETENTION_DAYS, Broker
    from ratchet_bot.channel.handoff import Handoff
    from ratchet_bot.channel.inbound import Inbound
    from ratchet_bot.channel.push import Pusher
    from ratchet_bot.channel.settings import secret, secret_file

    patience = _seconds("RATCHET_STORE_PATIENCE", store.PATIENCE_SECONDS)
    chat_memory = memory.make(secret("redis_url"), _messages(), patience)
    clients = access.load(
        arguments.host,
        secret_file("client_tokens"),
        secret_file("staging_token"),
        arguments.trust_context,
        secret_file("handoff_tokens"),
    )
    pause_file = os.environ.get("RATCHET_PAUSE_FILE")
    told = desk_events.address(secret("handoff_events_url"), secret("handoff_events_secret"))
    people_desk = desk_redis.make(
        chat_memory.store, Path(pause_file) if pause_file else None, told is not None
    )
    telling = desk_events.made(people_desk, chat_memory.locks, told)
    open_hours = hours.read(os.environ.get("RATCHET_HANDOFF_HOURS"))
    people = directory.load(arguments.directory)
    chat, inbound = ChatInput(clients, people), Inbound(people)
    file = arguments.credentials
    os.environ.update(credentials.variables())  # classes of the project may look there
    others = platforms.read(file, os.environ) if file.exists() else []
    chosen = silence.chosen(clients, os.environ)
    handoff = Handoff(secret("handoff_url"), others=chosen)
    silent = silence.Silence(people_desk, chosen, open_hours, ways.reached(others))
    desks = DeskRoutes(clients, silent)
    # Not Rasa's own application: its API could train and replace models, and its page on `/` says its version.
    app = Sanic("ratchet_bot", configure_logging=False)
    register([chat], app, route="/")
    app.blueprint(desks.blueprint())
    sockets = platforms.mount(app, others, inbound, outbox.make(chat_memory.store), chat_memory.locks)
    app.add_signal(framing.check, "http.lifecycle.read_head")
    app.config.KEEP_ALIVE_TIMEOUT = KEEP_ALIVE_SECONDS
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = DRAIN_SECONDS
    app.config.REQUEST_MAX_SIZE = MOST_BYTES

    own = actions.place(secret("actions_url"), os.environ.get("RATCHET_ACTIONS_SERVICE"), Path.cwd())
    app.ctx.agent = load_agent(
        arguments.model, arguments.domain, chat_memory, actions.Actions(own.url) if own.url else None
    )
    started = datetime.now(UTC).isoformat(timespec="seconds")
    service = Service(arguments.release, arguments.model_version, digest, started)
    events = Broker(secret("events_url"), float(os.environ.get("RATCHET_EVENTS_DAYS", RETENTION_DAYS)))
    chat.conversations = Conversations(app.ctx.agent, service, chat_memory.replies, handoff, events, silent)
    inbound.conversations = desks.conversations = chat.conversations
    chat.memory = chat_memory
    chat.conditions = [*readiness.conditions(app.ctx.agent, chat_memory.store), *own.conditions]

    ways_to_users = ways.of(others, sockets, app.ctx.agent) if chosen else {}
    pusher = Pusher(people_desk, chat_memory.locks, ways_to_users)

    async def announce(app: Any, loop: Any) -> None:
        own.watch()
        pusher.start()
        if telling:
            telling.start()
        print(f"release {arguments.release} answers on {arguments.host}:{arguments.port}", flush=True)

    async def part(app: Any, loop: Any) -> None:
        desks.close()
        await pusher.drain(TURNS_SECONDS)
        if telling:
            await telling.drain(TURNS_SECONDS)
        await inbound.drain(TURNS_SECONDS)
        for one in sockets:
            await one.close()

    async def drain(app: Any, loop: Any) -> None:
        await inbound.drain(TURNS_SECONDS)
        await chat.conversations.drain(TURNS_SECONDS)
        await handoff.drain(DRAIN_SECONDS - EVENTS_SECONDS)
        events.close(EVENTS_SECONDS)
        own.stop()

    app.register_listener(announce, "after_server_start")
    app.register_listener(part, "before_server_stop")
    app.register_listener(drain, "after_server_stop")
    return app


def _messages() -> int:
    """How many messages of a person a conversation keeps at least."""
    from ratchet_bot.channel.trackers import MESSAGES

    said = os.environ.get("RATCHET_CONVERSATION_MESSAGES") or str(MESSAGES)
    if not said.isdecimal() or int(said) < 1:
        raise ToolError(f"RATCHET_CONVERSATION_MESSAGES is {said!r}.", "Write a number, 10 for instance.")
    return int(said)


def _seconds(name: str, normally: float) -> float:
    """A number of seconds in an environment variable. Raises ToolError for anything else."""
    said = os.environ.get(name)
    try:
        seconds = float(said) if said else normally
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ToolError(f"{name} is {said!r}.", f"Write a number of seconds, {normally:g} for instance.")
    return seconds


def load_agent(model: Path, domain: Path, memory: Any, actions: Any = None) -> Any:
    """Rasa's agent with the model, on a `Memory`, with the endpoint of its custom actions.

    The domain file's responses replace the model's: a wording needs no training. Raises ToolError for an invalid
    archive, or whose sentence encoder is not here. Redis need not be there: readiness asks for it.
    """
    from rasa.core.agent import Agent
    from rasa.shared.core.domain import Domain

    try:
        agent = Agent.load(
            str(model), tracker_store=memory.trackers, lock_store=memory.locks, action_endpoint=actions
        )
        agent.tracker_store._on_tracker_store_error = _raise_store
        if (domain := domain_of(domain)).exists():
            agent.nlg.responses = {**agent.domain.responses, **Domain.load(str(domain)).responses}
    except Exception as error:  # any broken archive
        raise refused(f"{model} cannot be served", error, "Train it again, or see what it needs.") from error
    return agent


def _raise_store(error: Exception) -> None:
    """Where Redis fails, Rasa would continue with an empty conversation, and write it over the person's own."""
    from redis.exceptions import RedisError

    if isinstance(error, RedisError):
        raise error
    logger.error("a conversation cannot be read or saved, and begins again: %s", error)


def _check_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ToolError(
                f"{host}:{port} cannot be listened on: {error.strerror}.", "Choose another port."
            ) from error


if __name__ == "__main__":
    sys.modules["ratchet_bot.tools.serve"] = sys.modules["__main__"]
    run(main)
