"""Facebook puts several events into one request: each becomes a turn of its own, known by its own id.

Rasa's channel ends with the first of them, and the rest would be lost.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from rasa.core.channels.facebook import Messenger

from ratchet_bot.channel import event_ids
from ratchet_bot.channel.inbound import Arrival, arrival

logger = logging.getLogger(__name__)

_handle_first = Messenger.handle


def install() -> None:
    """Let Rasa's channel for Facebook, and classes of a project that derive from it, take each event of a request."""
    Messenger.handle = handle_each


async def handle_each(messenger: Messenger, payload: Any, metadata: dict[str, Any] | None) -> None:
    """Hand each event of a request to Rasa's channel by itself.

    One that cannot be handled does not stop those after it; its exception is raised at the end, so that the answer is
    an error and Facebook sends the request again. What was answered by then is known by its id.
    """
    came, failed = arrival.get() or Arrival(), None
    for event in events(payload):
        came.begin(event_ids.facebook(event))
        try:
            await _handle_first(messenger, {"entry": [{"messaging": [event]}]}, metadata)
        except (
            Exception
        ) as error:  # of the body, or of Facebook's library, which tells the person that one types
            logger.warning("an event of Facebook's cannot be handled: %r", error)
            failed = failed or error
    if failed:
        raise failed


def events(payload: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the events of a request; raises one of Python's errors for a body that is not Facebook's."""
    for entry in payload["entry"]:
        yield from entry.get("messaging") or ()  # one that another app handles now has `standby` in its place
