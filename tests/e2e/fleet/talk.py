"""People who talk to a bot by three ways at once, until they are told to stop; run in the bot's environment.

`python talk.py URL PLATFORM_PORT`: it prints `started`, and in the end as JSON what each way sent and got back. The
fake platform that takes the bot's replies to Slack and to the project's own channel listens on the port, and says there
how often the pages have connected. Whoever gets no answer to an event sends it again under the same id, as platforms
do.
"""

import asyncio
import hashlib
import hmac
import json
import signal
import sys
import time
from collections import Counter
from typing import Any

import aiohttp
import socketio
from aiohttp import web

WISH = "i cannot open the building door"
PAUSE = 0.1
TRIES = 60
URL, PORT = sys.argv[1], int(sys.argv[2])


class Talk:
    """What was sent and what came back, by way and person."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.got: Counter[str] = Counter()
        self.done = asyncio.Event()
        self.refused = 0
        self.connections = 0

    async def platform(self) -> web.AppRunner:
        """Take what the bot sends to its people."""

        async def take(request: web.Request) -> web.Response:
            self.got[str((await request.json())["to"])] += 1
            return web.Response()

        async def tell(request: web.Request) -> web.Response:
            return web.json_response({"connections": self.connections})

        app = web.Application()
        app.router.add_post("/", take)
        app.router.add_get("/", tell)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "0.0.0.0", PORT).start()  # containers reach it
        return runner

    async def posted(
        self, session: aiohttp.ClientSession, path: str, body: str, headers: dict[str, str]
    ) -> int:
        """Send an event until it is taken; returns the last status."""
        status = 0
        for _ in range(TRIES):
            try:
                async with session.post(f"{URL}{path}", data=body, headers=headers) as answer:
                    status = answer.status
            except aiohttp.ClientError:
                status = 0
            if 200 <= status < 300 or status == 400:
                return status
            await asyncio.sleep(0.5)
        return status

    async def slack(self) -> None:
        """Signed messages of one person after the other, and now and then one with a wrong signature."""
        async with aiohttp.ClientSession() as session:
            number = 0
            while not self.done.is_set():
                number += 1
                person = f"D-U{number}"
                said = {
                    "type": "message",
                    "channel_type": "im",
                    "user": f"U{number}",
                    "channel": person,
                    "text": WISH,
                }
                event = {
                    "type": "event_callback",
                    "event_id": f"E{number}",
                    "authed_users": [],
                    "event": said,
                }
                body = json.dumps(event)
                self.sent[person] += 1
                await self.posted(session, "/webhooks/slack/webhook", body, signed(body, "signing-secret"))
                wrong = signed(body, "another-secret")
                status = await self.posted(session, "/webhooks/slack/webhook", body, wrong)
                self.refused += status == 400
                await asyncio.sleep(PAUSE)

    async def chatter(self) -> None:
        """Updates as Telegram sends them, each of them twice."""
        headers = {"x-token": "chatter-secret", "content-type": "application/json"}
        async with aiohttp.ClientSession() as session:
            number = 0
            while not self.done.is_set():
                number += 1
                chat = f"chat-{number}"
                body = json.dumps({"update_id": number, "message": {"text": WISH, "chat": {"id": chat}}})
                self.sent[chat] += 1
                for _ in range(2):
                    await self.posted(session, "/webhooks/chatter/webhook", body, headers)
                await asyncio.sleep(PAUSE)

    async def page(self, name: str, transports: list[str]) -> None:
        """A chat window, which connects again by itself."""
        client = socketio.AsyncClient(reconnection_delay=0.05, reconnection_delay_max=0.5)

        async def ask() -> None:
            self.connections += 1
            await client.emit("session_request", {"session_id": name})

        async def take(message: dict[str, Any]) -> None:
            self.got[name] += 1

        client.on("connect", ask)
        client.on("bot_uttered", take)
        await client.connect(URL, transports=transports, retry=True)
        while not self.done.is_set():
            self.sent[name] += 1
            await self.said(client, name, f"{name}-{self.sent[name]}")
            await asyncio.sleep(PAUSE)
        for _ in range(200):
            if self.got[name] >= self.sent[name]:
                break
            await asyncio.sleep(0.1)
        await client.disconnect()

    async def said(self, client: socketio.AsyncClient, session: str, message_id: str) -> None:
        """Say something until the bot acknowledges it."""
        for _ in range(TRIES):
            try:
                said = {"message": WISH, "session_id": session, "message_id": message_id}
                await client.call("user_uttered", said, timeout=10)
                return
            except (socketio.exceptions.SocketIOError, ValueError):
                await asyncio.sleep(0.2)


def signed(body: str, secret: str) -> dict[str, str]:
    """Return the headers of a request of Slack's."""
    at = str(int(time.time()))
    digest = hmac.new(secret.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    return {
        "X-Slack-Signature": f"v0={digest}",
        "X-Slack-Request-Timestamp": at,
        "Content-Type": "application/json",
    }


async def main() -> None:
    """Talk until the signal."""
    talk = Talk()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, talk.done.set)
    runner = await talk.platform()
    print("started", flush=True)
    await asyncio.gather(
        talk.slack(), talk.chatter(), talk.page("web", ["websocket"]), talk.page("poll", ["polling"])
    )
    for _ in range(200):
        if all(talk.got[name] for name in talk.sent):
            break
        await asyncio.sleep(0.1)
    await runner.cleanup()
    print(
        json.dumps(
            {
                "sent": dict(talk.sent),
                "got": dict(talk.got),
                "refused": talk.refused,
                "connections": talk.connections,
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    asyncio.run(main())
