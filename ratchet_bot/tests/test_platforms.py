"""The channels of `credentials.yml` under Rasa's paths: each event is one turn, with the project's own actions."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
import requests

from ratchet_bot.channel.outbox import RedisOutbox
from tests import people
from tests.conftest import Trained
from tests.replicas import redis_server, train, until
from tests.test_serve import Server

pytestmark = pytest.mark.e2e

RESET = "i forgot my password"
"""A custom action answers it."""
PEOPLE = "p" * 24
UNKNOWN = "zyzzyva qwerty"


@dataclass
class Served:
    """Two replicas of a project on one Redis, and the platform that they speak with."""

    servers: list[Server]
    platform: people.Platform
    trained: Trained
    redis: str

    @property
    def url(self) -> str:
        return self.servers[0].url


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    trained, project, platform = train(folder), people.copied(folder), people.Platform()
    (folder / "desks.yml").write_text(f"- {{name: people, token: {PEOPLE}, rights: [handoff]}}\n")
    with contextlib.ExitStack() as ending, redis_server(folder) as url:
        servers = []
        for _ in range(2):
            server = people.serve(
                trained,
                project,
                RATCHET_REDIS_URL=url,
                RATCHET_VARIABLES_FILE=str(folder / "variables.json"),
                FAKE_PLATFORM=platform.url,
                RATCHET_HANDOFF_TOKENS_FILE=str(folder / "desks.yml"),
            )
            servers.append(server)
            ending.callback(server.process.wait, timeout=20)
            ending.callback(server.process.terminate)
        yield Served(servers, platform, trained, url)
    platform.server.shutdown()


def test_rest_answers_under_rasas_path(served: Served) -> None:
    """`/webhooks/rest/webhook`, and nowhere else; the custom action knows the person as the platform names her."""
    asked = {"sender": "anna", "message": RESET}
    said = requests.post(f"{served.url}/webhooks/rest/webhook", json=asked, timeout=30)
    assert said.json() == [{"recipient_id": "anna", "text": "Good day anna"}]
    assert requests.get(f"{served.url}/webhooks/rest/", timeout=30).json() == {"status": "ok"}
    for path in ("/rest/webhook", "/webhooks/slack/elsewhere", "/webhooks/rasa/webhook", "/webhooks/"):
        assert requests.post(f"{served.url}{path}", json=asked, timeout=30).status_code == 404


def test_a_message_with_one_id_is_answered_twice_and_processed_once(served: Served) -> None:
    """Whichever replica gets the second: an unknown message asked twice would be handed to a person."""
    asked = {"sender": "bert", "message": UNKNOWN, "message_id": "m1"}
    first, second = (
        requests.post(f"{one.url}/webhooks/rest/webhook", json=asked, timeout=30) for one in served.servers
    )
    assert first.json()
    assert second.json() == first.json()
    assert kept(served, "webhooks/rest/bert") == [UNKNOWN]


def test_slack_is_believed_by_its_signature(served: Served) -> None:
    """A right one gets an answer in Slack, through the token of its own workspace; a wrong one is refused."""
    said = people.slack(served.url, RESET, "E1")
    assert said.status_code == 200, said.text
    until(lambda: served.platform.texts("D-U1") == ["Good day U1"], "the reply in Slack")
    assert people.slack(served.url, RESET, "E2", secret="signed-two").status_code == 400
    assert people.slack(served.url, RESET, "E3", secret="signed-one", path="slack/sales").status_code == 400
    assert people.slack(served.url, RESET, "E4", "signed-two", "slack/sales", "U2").status_code == 200
    until(lambda: served.platform.texts("D-U2") == ["Good day U2"], "the reply in the other workspace")
    tokens = {one["to"]: one.get("token") for one in served.platform.got}
    assert (tokens["D-U1"], tokens["D-U2"]) == ("xoxb-one", "xoxb-two")
    assert kept(served, "webhooks/slack/U1") == [RESET]


def test_an_event_that_comes_twice_at_once_is_one_turn(served: Served) -> None:
    """A platform that got no answer in time sends it again, and it may go to the other replica."""
    with ThreadPoolExecutor(2) as pool:
        sent = [pool.submit(people.slack, one.url, RESET, "E9", person="U9") for one in served.servers]
        assert [one.result().status_code for one in sent] == [200, 200]
        sent = [pool.submit(people.chatter, one.url, RESET, 7, chat="9") for one in served.servers]
        assert [one.result().status_code for one in sent] == [200, 200]
    until(lambda: served.platform.texts("D-U9"), "the reply")
    assert served.platform.texts("D-U9") == ["Good day U9"]
    assert served.platform.texts("9") == ["Good day 9"]
    assert kept(served, "webhooks/slack/U9") == kept(served, "webhooks/chatter/9") == [RESET]


def test_a_channel_class_of_the_project_is_served(served: Served) -> None:
    """It checks who calls by itself; its events are told apart by what most platforms call them."""
    assert people.chatter(served.url, RESET, 1, token="wrong").status_code == 403
    assert people.chatter(served.url, RESET, 1).text == "ok"
    assert people.chatter(served.url, RESET, 2).text == "ok"
    assert served.platform.texts("42") == ["Good day 42"] * 2


def test_what_was_not_answered_is_not_taken(served: Served) -> None:
    """The platform hears so, and sends the event again; then it is answered, once."""
    served.platform.closed = True
    try:
        assert people.chatter(served.url, RESET, 1, chat="66").status_code == 500
        assert people.slack(served.url, RESET, "E66", person="U66").status_code == 500
    finally:
        served.platform.closed = False
    assert people.chatter(served.url, RESET, 1, chat="66").status_code == 200
    assert people.slack(served.url, RESET, "E66", person="U66").status_code == 200
    until(lambda: served.platform.texts("D-U66") == ["Good day U66"], "the reply")
    assert served.platform.texts("66") == ["Good day 66"]


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"message": 3}', "\udc80", '{"sender": {}, "message": "x"}']
)
def test_a_request_that_is_none_is_refused_in_words(served: Served, body: str) -> None:
    """No traceback, and no turn."""
    data = body.encode(errors="surrogateescape")
    headers = {"x-token": "chatter-secret", "content-type": "application/json"}
    answer = requests.post(f"{served.url}/webhooks/chatter/webhook", data=data, headers=headers, timeout=30)
    assert 400 <= answer.status_code < 500, answer.text


@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]])
def test_a_page_talks_through_socket_io(served: Served, transports: list[str]) -> None:
    """A real client, by each of its ways."""
    session = "-".join(transports)

    async def talk() -> list[str]:
        page = people.Page(served.url, session, transports)
        await page.open()
        await page.say(RESET)
        await page.until(lambda: page.got)
        await page.client.disconnect()
        return page.got

    assert asyncio.run(talk()) == [f"Good day {session}"]


def test_a_page_that_polls_and_leaves_is_let_go(served: Served) -> None:
    """Its last poll is answered before the next ping would end it, for a client waits for that before it is gone."""
    url = f"{served.url}/socket.io/?EIO=4&transport=polling"
    opened = json.loads(requests.get(url, timeout=20).text[1:])
    url = f"{url}&sid={opened['sid']}"
    requests.post(url, data="40", timeout=20)
    assert requests.get(url, timeout=20).text.startswith("40")
    with ThreadPoolExecutor(1) as pool:
        last = pool.submit(requests.get, url, timeout=opened["pingInterval"] / 1000 - 5)
        assert requests.post(url, data="1", timeout=20).text == "OK"
        assert last.result().status_code in (200, 400)  # 400 where the poll came after the leave


def test_a_reply_that_was_not_received_comes_again_from_the_other_replica(served: Served) -> None:
    """Once: what the client has is not sent again when it comes back."""

    async def talk() -> tuple[list[str], list[str], list[str]]:
        deaf = people.Page(served.url, "tunnel", ["websocket"])
        await deaf.open()
        deaf.client.eio._receive_packet = people.nothing  # the train goes into a tunnel
        await deaf.client.emit("user_uttered", {"message": RESET, "session_id": "tunnel"})
        waiting = RedisOutbox._key("webhooks/socketio/tunnel")
        with redis.from_url(served.redis) as client:
            await deaf.until(lambda: client.exists(waiting))
        await deaf.client.eio.disconnect(abort=True)
        back = people.Page(served.servers[1].url, "tunnel", ["websocket"])
        await back.open()
        await back.until(lambda: back.got)
        with redis.from_url(served.redis) as client:
            await back.until(lambda: not client.exists(waiting))
        await back.client.disconnect()
        third = people.Page(served.url, "tunnel", ["websocket"])
        await third.open()
        await third.say(RESET, "second")
        await third.say(RESET, "second")
        await third.until(lambda: third.got)
        await third.client.disconnect()
        return deaf.got, back.got, third.got

    deaf, back, third = asyncio.run(talk())
    assert (deaf, back, third) == ([], ["Good day tunnel"], ["Good day tunnel"])
    assert kept(served, "webhooks/socketio/tunnel") == [RESET, RESET]


def test_a_message_that_the_replica_of_before_answered_is_answered_on_the_new_connection(
    served: Served,
) -> None:
    """The page is with the other replica already when the first one answers; it says the message again, as it must."""

    async def talk() -> tuple[list[str], list[str]]:
        deaf = people.Page(served.url, "switched", ["websocket"])
        await deaf.open()
        page = people.Page(served.servers[1].url, "switched", ["polling"])
        await page.open()
        deaf.client.eio._receive_packet = people.nothing
        said = {"message": RESET, "session_id": "switched", "message_id": "one"}
        await deaf.client.emit("user_uttered", said)
        waiting = RedisOutbox._key("webhooks/socketio/switched")
        with redis.from_url(served.redis) as client:
            await deaf.until(lambda: client.exists(waiting))
            await page.say(RESET, "one")
            await page.until(lambda: not client.exists(waiting))
        await deaf.client.eio.disconnect(abort=True)
        await page.say(RESET, "one")
        await page.client.disconnect()
        return deaf.got, page.got

    assert asyncio.run(talk()) == ([], ["Good day switched"])
    assert kept(served, "webhooks/socketio/switched") == [RESET]


def test_a_persons_replies_are_pushed_to_slack_to_a_class_of_the_project_and_to_a_page(
    served: Served,
) -> None:
    """Whichever replica has the page, and takes the reply; the bot is silent there until it is given back."""

    def person(what: str, conversation: str, **more: str) -> None:
        asked = {"conversation": f"webhooks/{conversation}", **more}
        headers = {"Authorization": f"Bearer {PEOPLE}"}
        answer = requests.post(f"{served.url}/handoff/{what}", json=asked, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text

    def handed_off(send: Callable[[str, str], object]) -> None:
        for number in range(2):
            send(UNKNOWN, f"P{number}")

    async def talk() -> list[str]:
        page = people.Page(served.servers[1].url, "desk", ["websocket"])
        await page.open()
        await page.say(UNKNOWN)
        await page.say(UNKNOWN)
        await page.say("is anybody there")
        before = len(page.got)
        for what, more in (
            ("take", {}),
            ("reply", {"text": "One <b>", "id": "1"}),
            ("reply", {"text": "Two", "id": "2"}),
        ):
            await asyncio.to_thread(person, what, "socketio/desk", **more)
        await page.until(lambda: len(page.got) == before + 2)
        await asyncio.to_thread(person, "return", "socketio/desk")
        await page.say(RESET)
        await page.until(lambda: len(page.got) == before + 3)
        await page.client.disconnect()
        return page.got[before:]

    handed_off(lambda text, event: people.slack(served.url, text, event, person="U5"))
    handed_off(lambda text, event: people.chatter(served.url, text, int(event[1:]) + 50, chat="5"))
    until(lambda: served.platform.texts("D-U5")[1:] == served.platform.texts("5")[1:] != [], "the hand-offs")
    people.slack(served.url, RESET, "P9", person="U5")
    for conversation in ("slack/U5", "chatter/5"):
        person("take", conversation)
        person("reply", conversation, text="Hello from Mia", id="1")
    until(lambda: served.platform.texts("D-U5")[2:] == ["Hello from Mia"], "the reply in Slack")
    until(lambda: served.platform.texts("5")[2:] == ["Hello from Mia"], "the reply in the other channel")
    assert asyncio.run(talk()) == ["One <b>", "Two", "Good day desk"]


def test_readiness_names_actions_that_do_not_answer(served: Served) -> None:
    """The release's own server is part of the replica's readiness; it is started again when it ends."""
    server = served.servers[1]
    child = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()[0]
    os.kill(int(child), signal.SIGKILL)
    whys: list[str] = []

    def told() -> bool:
        whys.append(requests.get(f"{server.url}/status", timeout=5).json().get("why", ""))
        return bool(whys[-1])

    until(told, "the reason")
    assert whys[-1].startswith("actions: ")
    until(lambda: requests.get(f"{server.url}/status", timeout=5).json()["ready"], "the successor")


def kept(served: Served, conversation: str) -> list[str]:
    """What a person has written, as the conversation in Redis has it."""
    with redis.from_url(served.redis, decode_responses=True) as client:
        tracker = json.loads(client.get(f"ratchet:tracker:{conversation}") or '{"events": []}')
    return [event["text"] for event in tracker["events"] if event["event"] == "user"]
