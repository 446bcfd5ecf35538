"""Serve a release: `python -m ratchet_bot.tools.serve --model F --sha256 D --port N --release ID --model-version V`."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ratchet_bot.tools._errors import ToolError, cause, require_libraries, run
from ratchet_bot.tools._model import verify

DRAIN_SECONDS = 9  # whoever stops a server waits 10
EVENTS_SECONDS = 3
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
    parser.add_argument("--credentials", type=Path, help="Rasa credentials file with further channels")
    parser.add_argument(
        "--trust-context", action="store_true", help="callers without a token may claim a context"
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Load the model and answer until the process is told to stop."""
    arguments = parse(argv)
    if not arguments.sha256:
        raise ToolError(
            "--sha256 is empty, so nobody says which model this must be.", "Give the digest of the manifest."
        )
    digest = verify(arguments.model, arguments.sha256)
    _check_port(arguments.host, arguments.port)
    app = make_app(arguments, digest)
    app.run(host=arguments.host, port=arguments.port, access_log=False, debug=False)
    return 0


def make_app(arguments: argparse.Namespace, digest: str) -> Any:
    """The Sanic application with the model loaded."""
    from rasa.core.channels.channel import register
    from rasa.core.run import create_http_input_channels
    from sanic import Sanic

    from ratchet_bot.channel import access, directory, framing, memory
    from ratchet_bot.channel.chat import ChatInput
    from ratchet_bot.channel.conversation import Conversations, Service
    from ratchet_bot.channel.events import RETENTION_DAYS, Broker
    from ratchet_bot.channel.handoff import Handoff
    from ratchet_bot.channel.settings import secret, secret_file

    redis_url = secret("redis_url")
    clients = access.load(
        arguments.host, secret_file("client_tokens"), secret_file("staging_token"), arguments.trust_context
    )
    chat = ChatInput(clients, directory.load(arguments.directory))
    handoff = Handoff(secret("handoff_url"))
    others = create_http_input_channels(None, str(arguments.credentials)) if arguments.credentials else []
    for other in others:
        require_libraries(f"The channel {other.name()}", type(other))
    # Not Rasa's own application: its API could train and replace models, and its page on `/` says its version.
    app = Sanic("ratchet_bot", configure_logging=False)
    register([chat, *others], app, route="/")
    app.add_signal(framing.check, "http.lifecycle.read_head")
    app.config.KEEP_ALIVE_TIMEOUT = KEEP_ALIVE_SECONDS
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = DRAIN_SECONDS
    app.config.REQUEST_MAX_SIZE = MOST_BYTES

    app.ctx.agent = load_agent(
        arguments.model, arguments.domain, memory.endpoints(redis_url, secret("actions_url"), _messages())
    )
    started = datetime.now(UTC).isoformat(timespec="seconds")
    service = Service(arguments.release, arguments.model_version, digest, started)
    replies = memory.RedisReplies(redis_url) if redis_url else memory.MemoryReplies()
    events = Broker(secret("events_url"), float(os.environ.get("RATCHET_EVENTS_DAYS", RETENTION_DAYS)))
    chat.conversations = Conversations(app.ctx.agent, service, replies, handoff, events)

    async def announce(app: Any, loop: Any) -> None:
        print(f"release {arguments.release} answers on {arguments.host}:{arguments.port}", flush=True)

    async def drain(app: Any, loop: Any) -> None:
        await handoff.drain(DRAIN_SECONDS - EVENTS_SECONDS)
        events.close(EVENTS_SECONDS)

    app.register_listener(announce, "after_server_start")
    app.register_listener(drain, "after_server_stop")
    return app


def _messages() -> int:
    """How many messages of a person a conversation keeps at least."""
    from ratchet_bot.channel.trackers import MESSAGES

    said = os.environ.get("RATCHET_CONVERSATION_MESSAGES") or str(MESSAGES)
    if not said.isdecimal() or int(said) < 1:
        raise ToolError(f"RATCHET_CONVERSATION_MESSAGES is {said!r}.", "Write a number, 10 for instance.")
    return int(said)


def load_agent(model: Path, domain: Path, endpoints: Any) -> Any:
    """Rasa's agent with the model. The domain file's responses replace the model's: a wording needs no training."""
    from rasa.core.agent import Agent
    from rasa.core.tracker_store import TrackerStore
    from rasa.shared.core.domain import Domain

    from ratchet_bot.channel import locks

    try:
        trackers = TrackerStore.create(endpoints.tracker_store)
        locks.name_connections(trackers)
        agent = Agent.load(
            str(model),
            tracker_store=trackers,
            lock_store=locks.store(endpoints.lock_store),
            action_endpoint=endpoints.action,
        )
        if domain.exists():
            agent.nlg.responses = {**agent.domain.responses, **Domain.load(str(domain)).responses}
    except Exception as error:  # any broken archive, or a Redis that does not answer
        raise ToolError(
            f"{model} cannot be served: {cause(error)}.", "Train it again, or see what it needs."
        ) from error
    return agent


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
