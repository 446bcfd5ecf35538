"""The way of a reply to a platform, under the platform's own name of the person."""

from __future__ import annotations

import copy
from typing import Any

from rasa.core.channels.channel import OutputChannel


class Relay(OutputChannel):
    """Hands replies on to a channel's own output.

    A conversation's name says its channel (`webhooks/telegram/42`), and so differs from the person's name there.
    """

    def __init__(self, inner: OutputChannel, recipient: str) -> None:
        self.messages: list[dict[str, Any]] = []
        self._inner = inner
        self._recipient = recipient

    def name(self) -> str:  # type: ignore[override]
        """The channel's name, by which a response may have a variation for it."""
        return self._inner.name()

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Send one message, and keep it."""
        self.messages.append(copy.deepcopy(message))
        await self._inner.send_response(self._recipient, message)

    async def again(self, messages: list[dict[str, Any]]) -> None:
        """Send messages that another request with the same id was answered with."""
        for message in messages:
            await self._inner.send_response(self._recipient, copy.deepcopy(message))
