"""The channels of `credentials.yml`, each under Rasa's own path: `/webhooks/slack/webhook`, `/socket.io`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasa.core.channels import BUILTIN_CHANNELS
from rasa.core.channels.channel import InputChannel
from rasa.core.channels.socketio import SocketIOInput
from rasa.core.lock_store import LockStore
from rasa.shared.utils.common import class_from_module_path
from sanic import Blueprint, Sanic

from ratchet_bot.channel import credentials
from ratchet_bot.channel.credentials import Entry
from ratchet_bot.channel.inbound import Inbound, guarded
from ratchet_bot.channel.naming import PREFIX
from ratchet_bot.channel.outbox import Outbox
from ratchet_bot.channel.sockets import Sockets
from ratchet_bot.tools._errors import ToolError, cause, require_libraries

logger = logging.getLogger(__name__)

NEEDED = {
    "slack": ("slack_token", "slack_signing_secret"),
    "telegram": ("access_token", "verify", "webhook_url"),
    "facebook": ("verify", "secret", "page-access-token"),
    "twilio": ("account_sid", "auth_token", "twilio_number"),
    "mattermost": ("url", "token", "webhook_url"),
    "botframework": ("app_id", "app_password"),
    "webexteams": ("access_token",),
    "rocketchat": ("user", "password", "server_url"),
    "callback": ("url",),
}
"""Options without which a channel cannot talk to its platform, or would trust every sender."""
CLOSED = {("telegram", "/set_webhook")}
"""Routes of Rasa's that are not for the public: Telegram is told its address when the bot starts."""


@dataclass(frozen=True)
class Platform:
    """A channel of the file; `path` is what its name and its route have in common, as in `slack/sales`."""

    channel: InputChannel
    path: str
    kind: str
    where: str


def load(entries: Iterable[Entry]) -> list[Platform]:
    """Return the channels of a file; raises ToolError, with file and line, for one that cannot be served."""
    found: list[Platform] = []
    for entry in entries:
        kind = _class(entry)
        built_in = _kind(kind)
        _check(entry, built_in)
        require_libraries(f"{entry.where}: the channel {entry.name}", kind)
        try:
            channel = kind.from_credentials(dict(entry.options) if entry.options is not None else None)
            path = channel.url_prefix().strip("/") + (f"/{entry.label}" if entry.label else "")
        except Exception as error:  # a class of the project, or Rasa's of what is missing
            raise ToolError(
                f"{entry.where}: the channel {entry.name} cannot be made: {cause(error)}.",
                "Correct its options.",
            ) from error
        if (
            isinstance(channel, SocketIOInput)
            and entry.label
            and "socketio_path" not in (entry.options or {})
        ):
            channel.socketio_path = f"/socket.io/{entry.label}"
        if twin := next(
            (one for one in found if path == one.path or _same_socket(channel, one.channel)), None
        ):
            raise ToolError(
                f"{entry.where}: the channel {entry.name} has the same path as that in {twin.where}.",
                f"Write `{entry.kind}/LABEL:` for a second one of its kind.",
            )
        found.append(Platform(channel, path, built_in, entry.where))
    return found


def mount(
    app: Sanic, platforms: Sequence[Platform], inbound: Inbound, outbox: Outbox, locks: LockStore
) -> list[Sockets]:
    """Give the channels their routes; returns those of Socket.IO. Raises ToolError for one that does not start."""
    sockets = []
    if any(one.kind == "facebook" for one in platforms):
        from ratchet_bot.channel import batches

        batches.install()
    for one in platforms:
        own = (
            Sockets(one.channel, one.path, outbox, locks) if isinstance(one.channel, SocketIOInput) else None
        )
        take = inbound.taker(one.path, own.prepare if own else None)
        try:
            routes = _routes(one, take)
        except Exception as error:  # Telegram is asked, for instance
            raise ToolError(
                f"{one.where}: the channel {one.path} does not start: {cause(error)}.",
                "Correct its options, or take it out.",
            ) from error
        if own:
            own.attach()
            sockets.append(own)
        app.blueprint(routes, url_prefix=f"/{PREFIX}/{one.path}")
        logger.info("channel %s serves /%s/%s", one.kind or type(one.channel).__name__, PREFIX, one.path)
    app.ctx.input_channels = [*getattr(app.ctx, "input_channels", []), *(one.channel for one in platforms)]
    return sockets


def _routes(one: Platform, take: Callable[..., Any]) -> Blueprint:
    """Return a channel's routes under names of their own, so that there may be several channels of a class."""
    routes = one.channel.blueprint(take)
    name = f"{PREFIX}_{one.path.replace('/', '_').replace('.', '_')}"
    kept = [
        route._replace(
            handler=guarded(route.handler, one.channel, one.kind),
            name=f"{name}.{number}",
        )
        for number, route in enumerate(
            sorted(routes._future_routes, key=lambda route: (route.uri, route.name))
        )
        if (one.kind, route.uri) not in CLOSED
    ]
    routes._future_routes.clear()
    routes._future_routes.update(kept)
    routes.name = name
    return routes


def _class(entry: Entry) -> type[InputChannel]:
    if entry.kind in BUILTIN_CHANNELS:
        return BUILTIN_CHANNELS[entry.kind]
    remedy = (
        f"Rasa's are {', '.join(sorted(BUILTIN_CHANNELS))}; name a class of your own as package.module.Class."
    )
    try:
        found = class_from_module_path(entry.kind)
    except Exception as error:  # the module is the project's: anything may be wrong in it
        raise ToolError(
            f"{entry.where}: the channel {entry.kind} cannot be loaded: {cause(error)}.", remedy
        ) from error
    if not (isinstance(found, type) and issubclass(found, InputChannel)):
        raise ToolError(f"{entry.where}: {entry.kind} is no class of a channel.", remedy)
    return found


def _kind(found: type[InputChannel]) -> str:
    """Return Rasa's name of the channel that a class is or derives from, "" if it is not one."""
    names = {kind: name for name, kind in BUILTIN_CHANNELS.items()}
    return next((names[base] for base in found.__mro__ if base in names), "")


def _check(entry: Entry, kind: str) -> None:
    """Refuse a channel that lacks what it needs, by the name of the option."""
    if entry.kind not in NEEDED:
        return
    for option in NEEDED[kind]:
        if (entry.options or {}).get(option) in (None, ""):
            what = "secret" if credentials.is_secret(kind, option) else "option"
            name = f"{kind}_{option}".replace("-", "_").upper() if kind not in option else option.upper()
            raise ToolError(
                f"{entry.where}: the channel {entry.name} lacks its {what} {option}.",
                f"Write `{option}: ${{{name}}}`, and {name}=… into the workspace's .env.",
            )


def _same_socket(one: InputChannel, other: InputChannel) -> bool:
    both = isinstance(one, SocketIOInput) and isinstance(other, SocketIOInput)
    return both and one.socketio_path.strip("/") == other.socketio_path.strip("/")


def paths(platforms: Iterable[Platform]) -> list[str]:
    """Return the paths that people and platforms send messages to."""
    return [
        f"/{one.channel.socketio_path.strip('/')}"
        if isinstance(one.channel, SocketIOInput)
        else f"/{PREFIX}/{one.path}/webhook"
        for one in platforms
    ]


def read(path: Path, values: Mapping[str, str]) -> list[Platform]:
    """Return the channels that a file names; see `credentials.read` and `load`."""
    return load(credentials.read(path, values))
