"""Which channels of `credentials.yml` can be written to at any time, and how."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, OutputChannel
from rasa.shared.core.events import UserUttered

from ratchet_bot.channel import naming
from ratchet_bot.channel.platforms import Platform
from ratchet_bot.channel.push import OutputWay, SocketWay, Way
from ratchet_bot.channel.sockets import Sockets

PUSHED = frozenset(
    {"socketio", "slack", "telegram", "facebook", "twilio", "webexteams", "rocketchat", "callback"}
)
"""Rasa's channels that can; the others need a request, or what came with it."""


def reached(platforms: Sequence[Platform]) -> frozenset[str]:
    """Return the channels whose users a reply can reach, as they are named in conversations."""
    return frozenset(naming.of_path(one.path) for one in platforms if _writable(one))


def of(platforms: Sequence[Platform], sockets: Sequence[Sockets], agent: Agent) -> dict[str, Way]:
    """Return the way to the users of each channel that has one."""
    found: dict[str, Way] = {}
    tell = {one.path: one.tell for one in sockets}
    for one in platforms:
        if one.path in tell:
            found[naming.of_path(one.path)] = SocketWay(tell[one.path])
        elif _writable(one):
            found[naming.of_path(one.path)] = OutputWay(_output(one, agent))
    return found


def _writable(one: Platform) -> bool:
    """Whether a channel makes outputs apart from a request. One that only collects answers a request that is over."""
    if one.kind:
        return one.kind in PUSHED
    made = type(one.channel).get_output_channel is not InputChannel.get_output_channel
    return made and type(_make(one.channel)) is not CollectingOutputChannel


def _output(one: Platform, agent: Agent) -> Callable[[str], Awaitable[OutputChannel]]:
    kept: list[OutputChannel] = []

    async def output(person: str) -> OutputChannel:
        if (
            one.kind == "telegram"
        ):  # Rasa's own method would set the webhook again, in an event loop of its own
            from rasa.core.channels.telegram import TelegramOutput

            kept[:] = kept or [TelegramOutput(one.channel.access_token)]  # it keeps its connections
            return kept[0]
        if one.kind == "slack":  # where the person wrote: a channel, a thread
            last = await _metadata(agent, naming.conversation(one.path, person))
            return one.channel.get_output_channel(last.get("out_channel"), last.get("thread_id"))
        return await asyncio.to_thread(one.channel.get_output_channel)  # some log in first, and wait for that

    return output


async def _metadata(agent: Agent, conversation: str) -> dict[str, Any]:
    """What came with the last message that the bot answered in a conversation."""
    tracker = await agent.processor.get_tracker(conversation)
    said = next((event for event in reversed(tracker.events) if isinstance(event, UserUttered)), None)
    return dict(said.metadata or {}) if said else {}


def _make(channel: InputChannel) -> OutputChannel | None:
    try:
        return channel.get_output_channel()
    except (
        Exception
    ):  # a class of the project, or a library that wants a loop: it is asked again when it is needed
        return None
