"""See slack_sdk."""

import os
from typing import Any

import aiohttp


class AsyncWebClient:
    """Posts messages."""

    def __init__(self, token: str, *arguments: Any, **options: Any) -> None:
        self.token = token

    async def chat_postMessage(self, **message: Any) -> None:
        """Send a message to a channel."""
        async with aiohttp.ClientSession() as session:
            said = {"to": message["channel"], "text": message["text"], "token": self.token}
            async with session.post(os.environ["FAKE_PLATFORM"], json=said) as answer:
                answer.raise_for_status()
