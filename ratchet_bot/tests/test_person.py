"""A person at the other end, with real replicas on one real Redis: the bot is silent, and no word is lost."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import Trained
from tests.replicas import CLEAR, UNKNOWN, RedisServer, until
from tests.test_handoff import Desk
from tests.test_serve import WEB, Server, launch

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed"),
]
PEOPLE, STAGING = "p" * 24, "s" * 24
SILENCE = {"messages": [], "handed_off": True}


@dataclass
class Fleet:
    """Two replicas; `launch` gives another one, as a restart or a release does."""

    trained: Trained
    settings: dict[str, str]
    desk: Desk
    redis: RedisServer
    servers: list[Server] = field(default_factory=list)

    def launch(self) -> Server:
        server = launch(self.trained, **self.settings)
        server.await_ready()
        return server

    def at(self, number: int) -> Server:
        return self.servers[number % len(self.servers)]

    def person(self, what: str, sender: str, number: int = 0, **more: Any) -> dict[str, Any]:
        body = {"conversation": f"web/{sender}", **more}
        answer = self.at(number).post(f"/handoff/{what}", body, PEOPLE)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wrote(self, sender: str) -> tuple[list[str], list[str]]:
        """What a user wrote to the bot, and to a person."""
        headers, url = {"Authorization": f"Bearer {PEOPLE}"}, f"{self.at(0).url}/handoff/conversation"
        read = requests.get(url, params={"conversation": f"web/{sender}"}, headers=headers, timeout=30).json()
        to_bot = [one["text"] for one in read["before"] if one["from"] == "person"]
        return to_bot, [one["text"] for one in read["lines"] if one["said_by"] == "person"]

    def replies(self, sender: str, number: int = 0, **asked: Any) -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {WEB}"}
        url, params = f"{self.at(number).url}/chat/replies", {"sender": sender, **asked}
        answer = requests.get(url, params=params, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()["replies"]

    def handed_off(self, sender: str, message_id: str = "") -> dict[str, Any]:
        """Two messages that the bot does not understand; `message_id` is of the second one."""
        self.at(0).say(UNKNOWN, sender)
        return self.at(1).say(UNKNOWN, sender, **({"message_id": message_id} if message_id else {}))

    def forget(self, sender: str, *steps: str) -> None:
        """Leave what a replica leaves that dies in the turn of a hand-off before these last steps of it."""
        with self.redis.client() as client:
            if "pause" in steps:
                tracker = json.loads(client.get(f"ratchet:tracker:web/{sender}"))
                assert tracker["events"].pop()["event"] == "pause"
                client.set(f"ratchet:tracker:web/{sender}", json.dumps(tracker))
            if "desk" in steps:
                client.delete(f"ratchet:desk:web/{sender}")
                client.zrem("ratchet:desks", f"web/{sender}")
            assert client.delete(*client.keys("ratchet:reply:*"))


@pytest.fixture(scope="module")
def fleet(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("person")
    (folder / "clients.yml").write_text(
        f"- {{name: web, token: {WEB}}}\n- {{name: people, token: {PEOPLE}, rights: [handoff]}}\n"
    )
    (folder / "staging").write_text(STAGING)
    redis, desk = RedisServer(folder), Desk(failures=0)
    redis.start()
    settings = {
        "RATCHET_CLIENT_TOKENS_FILE": str(folder / "clients.yml"),
        "RATCHET_STAGING_TOKEN_FILE": str(folder / "staging"),
        "RATCHET_HANDOFF_URL": desk.url,
        "RATCHET_REDIS_URL": redis.url,
    }
    made = Fleet(trained, settings, desk, redis)
    made.servers = [made.launch(), made.launch()]
    yield made
    for server in made.servers:
        server.process.terminate()
        server.process.wait(timeout=15)
    desk.server.shutdown()
    redis.kill()


def test_the_bot_is_silent_until_it_is_given_back(fleet: Fleet) -> None:
    """It says that a colleague comes, and then nothing, whatever the user writes; it answers again afterwards."""
    last = fleet.handed_off("anna")
    assert (last["intent"]["name"], last["handed_off"]) == ("nlu_handoff", True)
    assert last["messages"] == [{"text": "A colleague takes over."}]
    for number, text in enumerate([CLEAR, "/restart", "/session_start", UNKNOWN, "help"], start=1):
        said = fleet.at(number).say(text, "anna", message_id=f"m{number}")
        assert {**said, **SILENCE, "kept": number} == said
        assert fleet.at(number + 1).say(text, "anna", message_id=f"m{number}") == said
    until(lambda: fleet.desk.received, "the webhook's post, as ever")
    assert fleet.person("take", "anna", by="mia")["unanswered"] == 5
    fleet.person("reply", "anna", 1, by="mia", text="Here I am.", id="r1")
    assert [one["text"] for one in fleet.replies("anna", wait=5)] == ["Here I am."]
    headers = {"Authorization": f"Bearer {PEOPLE}"}
    url = f"{fleet.at(1).url}/handoff/conversation"
    read = requests.get(url, params={"conversation": "web/anna"}, headers=headers, timeout=30).json()
    assert [one["text"] for one in read["before"] if one["from"] == "person"] == [UNKNOWN, UNKNOWN]
    assert len(read["lines"]) == 6
    fleet.person("return", "anna", by="mia")
    answered = fleet.at(0).say(CLEAR, "anna")
    assert answered["intent"]["name"] == "book_room"
    assert answered["messages"]
    assert "handed_off" not in answered
    assert fleet.handed_off("anna")["handed_off"]
    fleet.person("close", "anna")


@pytest.mark.parametrize("steps", [(), ("pause",), ("pause", "desk")], ids=["reply", "pause", "desk"])
def test_a_replica_dies_in_the_turn_of_a_hand_off(fleet: Fleet, steps: tuple[str, ...]) -> None:
    """Who sends the message again gets the same answer; it is there once, and the bot is silent from then on."""
    sender = f"dora{len(steps)}"
    last = fleet.handed_off(sender, "m1")
    assert last["messages"] == [{"text": "A colleague takes over."}]
    fleet.forget(sender, *steps)
    assert fleet.at(0).say(UNKNOWN, sender, message_id="m1") == last
    said = fleet.at(1).say(CLEAR, sender)
    assert {**said, **SILENCE, "kept": 1} == said
    assert fleet.wrote(sender) == ([UNKNOWN, UNKNOWN], [CLEAR])
    fleet.person("return", sender)
    fleet.forget(sender)
    assert fleet.at(0).say(UNKNOWN, sender, message_id="m1") == last
    assert fleet.at(0).say(CLEAR, sender)["intent"]["name"] == "book_room"
    assert fleet.wrote(sender) == ([UNKNOWN, UNKNOWN, CLEAR], [CLEAR])


def test_it_is_silent_after_every_replica_was_replaced(fleet: Fleet) -> None:
    """As a restart and a release do; what was written and answered before is there."""
    fleet.handed_off("bea")
    fleet.at(0).say("before", "bea")
    fleet.person("take", "bea")
    fleet.person("reply", "bea", text="one", id="1")
    for number in (0, 1):
        fleet.servers[number].process.kill()
        fleet.servers[number].process.wait(timeout=15)
        fleet.servers[number] = fleet.launch()
    said = fleet.at(1).say(CLEAR, "bea")
    assert {**said, **SILENCE} == said
    assert [one["text"] for one in fleet.replies("bea", 1)] == ["one"]
    assert fleet.person("close", "bea", 1)["status"] == "bot"
    assert fleet.at(0).say(CLEAR, "bea")["messages"]


def test_a_check_is_answered_by_the_bot(fleet: Fleet) -> None:
    """A release is verified as ever, also while the bot is stopped; and a stop holds on both replicas."""
    answer = requests.put(
        f"{fleet.at(0).url}/pause",
        json={"say": "Back at 2 pm."},
        headers={"Authorization": f"Bearer {STAGING}"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    try:
        for number in (0, 1):
            said = fleet.at(number).say(CLEAR, f"carl{number}")
            assert (said["messages"], said["paused"]) == ([{"text": "Back at 2 pm."}], True)
            assert fleet.at(number).say(CLEAR, "check", STAGING)["intent"]["name"] == "book_room"
    finally:
        headers = {"Authorization": f"Bearer {PEOPLE}"}
        requests.delete(f"{fleet.at(1).url}/pause", headers=headers, timeout=30)
    assert fleet.at(0).say(CLEAR, "carl0")["intent"]["name"] == "book_room"


def test_many_conversations_lose_nothing_and_get_nothing_twice(fleet: Fleet) -> None:
    """Twenty users write five messages each over two replicas while three persons answer each: all in order, once."""
    users = [f"user{number}" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        assert all(last["handed_off"] for last in pool.map(fleet.handed_off, users))
        got: dict[str, list[str]] = defaultdict(list)
        over = threading.Event()

        def listen(user: str) -> None:
            after = 0
            while not over.is_set():
                for one in fleet.replies(user, users.index(user), after=after, wait=1):
                    got[user].append(one["text"])
                    after = one["id"]

        def write(user: str) -> None:
            for number in range(5):
                said = fleet.at(number).say(f"{user} says {number}", user, message_id=str(number))
                assert not said["messages"]

        def answer(user: str) -> None:
            who = f"person{users.index(user) % 3}"
            fleet.person("take", user, by=who)
            for number in range(5):
                fleet.person("reply", user, number, by=who, text=f"{who} to {user} {number}", id=str(number))

        with ThreadPoolExecutor(len(users)) as listeners:
            waiting = [listeners.submit(listen, user) for user in users]
            written = [pool.submit(work, user) for user in users for work in (write, answer)]
            for one in written:
                one.result(120)
            until(lambda: all(len(got[user]) == 5 for user in users), "all replies")
            time.sleep(0.5)  # one that comes twice would come now
            over.set()
            for one in waiting:
                one.result(30)
    for user in users:
        who = f"person{users.index(user) % 3}"
        assert got[user] == [f"{who} to {user} {number}" for number in range(5)]
        assert fleet.wrote(user)[1] == [f"{user} says {number}" for number in range(5)]
        fleet.person("return", user, by=who)


def test_without_a_person_the_bot_continues(trained: Trained, tmp_path: Path) -> None:
    """Where no client has the right, a hand-off is what it was."""
    (tmp_path / "clients.yml").write_text(f"- {{name: web, token: {WEB}}}\n")
    server = launch(trained, RATCHET_CLIENT_TOKENS_FILE=str(tmp_path / "clients.yml"))
    try:
        server.await_ready()
        server.say(UNKNOWN, "anna")
        last = server.say(UNKNOWN, "anna")
        assert set(last) == {"messages", "intent", "release", "model_id"}
        assert server.say(CLEAR, "anna")["intent"]["name"] == "book_room"
    finally:
        server.process.terminate()
        server.process.wait(timeout=15)
