"""A channel class of a project's own, as its team would write it: it takes updates as Telegram sends them."""

import os
from typing import Any

import aiohttp
from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from sanic import Blueprint, response


class Output(OutputChannel):
    """Posts each message to the platform."""

    @classmethod
    def name(cls) -> str:
        return "chatter"

    async def send_text_message(self, recipient_id: str, text: str, **options: Any) -> None:
        async with aiohttp.ClientSession() as session:
            said = {"to": recipient_id, "text": text}
            async with session.post(os.environ["FAKE_PLATFORM"], json=said) as answer:
                answer.raise_for_status()


class Chatter(InputChannel):
    """Believes who knows its token."""

    def __init__(self, token: str) -> None:
        self.token = token

    @classmethod
    def name(cls) -> str:
        return "chatter"

    @classmethod
    def from_credentials(cls, credentials: Any) -> "Chatter":
        return cls(credentials["access_token"])

    def get_output_channel(self) -> Output:
        return Output()

    def blueprint(self, on_new_message: Any) -> Blueprint:
        routes = Blueprint("chatter_webhook")

        @routes.post("/webhook")
        async def webhook(request: Any) -> Any:
            if request.headers.get("x-token") != self.token:
                return response.text("no", status=403)
            said = request.json["message"]
            await on_new_message(
                UserMessage(said["text"], Output(), said["chat"]["id"], input_channel=self.name())
            )
            return response.text("ok")

        return routes


class NoChannel:
    """Not a channel."""
