"""The routes of people who answer in the bot's place, of the pause and of replies, over HTTP and without a model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from ratchet_bot.channel.access import Access, Client
from ratchet_bot.channel.desk import MemoryDesk
from ratchet_bot.channel.desk_routes import DeskRoutes
from ratchet_bot.channel.silence import Silence
from tests.routes import RIGHTS, routes_served

OF_RIGHTS = [Client(f"only-{right}", f"token-of-{right}-only", frozenset({right})) for right in RIGHTS]
WEB = Client("web", "token-of-the-web-page")
PEOPLE = Client("people", "token-of-the-people", frozenset({"handoff"}))
MIA, BEN = {"by": "mia"}, {"by": "ben"}
HOSTILE = '<img src=x onerror=alert(1)>"\u2028</script>'


class Said:
    """What stands for the conversations of a bot: what was said before."""

    async def said(self, conversation: str) -> list[dict[str, Any]]:
        return [{"from": "person", "text": f"hello from {conversation}", "at": "2026-01-01T00:00:00+00:00"}]


@dataclass
class Served:
    url: str
    routes: DeskRoutes
    silence: Silence
    loop: asyncio.AbstractEventLoop

    def ask(self, method: str, path: str, client: Client | None = PEOPLE, **body: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {client.token}"} if client else {}
        asked = {"params": body} if method == "GET" else {"data": json.dumps(body)}
        return requests.request(method, self.url + path, headers=headers, timeout=20, **asked)

    def do(self, method: str, path: str, client: Client = PEOPLE, **body: Any) -> dict[str, Any]:
        answer = self.ask(method, path, client, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def replies(self, sender: str, client: Client = WEB, **asked: Any) -> list[tuple[int, str]]:
        found = self.do("GET", "/chat/replies", client, sender=sender, **asked)["replies"]
        return [(one["id"], one["text"]) for one in found]

    def handed_off(self, conversation: str, *texts: str) -> None:
        """The bot hands it off, and its user writes on."""
        asyncio.run_coroutine_threadsafe(self.silence.hand_over(conversation), self.loop).result(10)
        for text in texts:
            self.says(conversation, text)

    def says(self, conversation: str, text: str, message_id: str | None = None) -> Any:
        turn = self.silence.instead(conversation, text, message_id)
        return asyncio.run_coroutine_threadsafe(turn, self.loop).result(10)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    silence = Silence(MemoryDesk(), silent=True)
    routes = DeskRoutes(Access([*OF_RIGHTS, WEB, PEOPLE]), silence)
    routes.conversations = Said()  # type: ignore[assignment]
    with routes_served("desk_routes", routes.blueprint()) as (url, loop):
        yield Served(url, routes, silence, loop)


ROUTES = [
    ("GET", "/chat/replies", {"chat"}),
    ("GET", "/handoff", {"handoff"}),
    ("GET", "/handoff/ended", {"handoff"}),
    ("GET", "/handoff/conversation", {"handoff"}),
    ("GET", "/handoff/figures", {"handoff", "pause"}),
    ("POST", "/handoff/take", {"handoff"}),
    ("POST", "/handoff/reply", {"handoff"}),
    ("POST", "/handoff/note", {"handoff"}),
    ("POST", "/handoff/close", {"handoff"}),
    ("POST", "/handoff/return", {"handoff"}),
    ("GET", "/pause", {"handoff", "pause"}),
    ("PUT", "/pause", {"handoff", "pause"}),
    ("DELETE", "/pause", {"handoff", "pause"}),
]


@pytest.mark.parametrize(("method", "path", "rights"), ROUTES)
def test_each_route_needs_its_right(served: Served, method: str, path: str, rights: set[str]) -> None:
    """With every right alone: 403 where it is another one; 401 without a token."""
    assert served.ask(method, path, None).status_code == 401
    for client in OF_RIGHTS:
        [right] = client.rights
        status = served.ask(method, path, client).status_code
        assert (status == 403) == (right not in rights), (right, status)
        assert status != 500


def test_every_route_is_in_this_table(served: Served) -> None:
    """A route that is added is tested against every right."""
    routes = served.routes.blueprint()._future_routes
    assert {(next(iter(route.methods)), route.uri) for route in routes} == {one[:2] for one in ROUTES}


def test_a_conversation_is_taken_answered_and_given_back(served: Served) -> None:
    """The user's messages and the colleague's replies are there in order; the bot is silent until it is given back."""
    served.handed_off("web/anna", "is anybody there", "/restart")
    [row] = [
        one for one in served.do("GET", "/handoff")["conversations"] if one["conversation"] == "web/anna"
    ]
    assert (row["status"], row["taken_by"], row["unanswered"]) == ("waiting", None, 2)
    assert served.ask("POST", "/handoff/reply", conversation="web/anna", text="x", id="x").status_code == 409
    taken = served.do("POST", "/handoff/take", conversation="web/anna", **MIA)
    assert (taken["status"], taken["taken_by"]) == ("taken", "people/mia")
    refused = served.ask("POST", "/handoff/take", conversation="web/anna", **BEN)
    assert (refused.status_code, refused.json()) == (409, {"error": "people/mia has this conversation."})
    for path in ("reply", "close", "return"):
        assert (
            served.ask(
                "POST", f"/handoff/{path}", conversation="web/anna", text="x", id="x", **BEN
            ).status_code
            == 409
        )
    served.do("POST", "/handoff/reply", conversation="web/anna", text="I am", id="r1", **MIA)
    served.do("POST", "/handoff/note", conversation="web/anna", text="angry", id="n1", **BEN)
    assert served.says("web/anna", "good", "m1").kept == 5
    assert served.says("web/anna", "good", "m1").kept == 5
    read = served.do("GET", "/handoff/conversation", conversation="web/anna")
    assert read["before"][0]["text"] == "hello from web/anna"
    assert [(line["said_by"], line["text"], line["name"]) for line in read["lines"]] == [
        ("person", "is anybody there", ""),
        ("person", "/restart", ""),
        ("colleague", "I am", "people/mia"),
        ("note", "angry", "people/ben"),
        ("person", "good", ""),
    ]
    assert read["unanswered"] == 1
    assert served.do("POST", "/handoff/return", conversation="web/anna", **MIA)["status"] == "bot"
    assert served.says("web/anna", "and now?") is None
    assert served.do("GET", "/chat/replies", WEB, sender="anna")["handed_off"] is False


def test_those_that_ended_are_listed_and_can_be_read(served: Served) -> None:
    """With who ended them and when; not those that are open."""
    for name in ("web/over", "web/open"):
        served.handed_off(name, "Are you there?")
    served.do("POST", "/handoff/close", conversation="web/over", **MIA)
    rows = served.do("GET", "/handoff/ended", hours=1)["conversations"]
    found = {one["conversation"]: one for one in rows}
    assert "web/open" not in found
    assert found["web/over"]["ended"] == "closed by people/mia"
    assert found["web/over"]["ended_at"] >= found["web/over"]["since"]
    read = served.do("GET", "/handoff/conversation", conversation="web/over")
    assert [line["text"] for line in read["lines"]] == ["Are you there?"]
    assert served.ask("GET", "/handoff/ended", hours="x").status_code == 400


def test_replies_come_in_order_until_they_are_acknowledged(served: Served) -> None:
    """What was not acknowledged comes again; what was does not, also without a number; a user gets no note."""
    served.handed_off("web/bea")
    served.do("POST", "/handoff/take", conversation="web/bea")
    ids = [
        served.do("POST", "/handoff/reply", conversation="web/bea", text=text, id=text)["id"]
        for text in ("one", "two", "two", "three")
    ]
    served.do("POST", "/handoff/note", conversation="web/bea", text="secret", id="n")
    one, two, again, three = ids
    assert two == again
    every = [(one, "one"), (two, "two"), (three, "three")]
    assert served.replies("bea") == every == served.replies("bea", after=0)
    assert served.replies("bea", after=one) == every[1:] == served.replies("bea")
    assert served.replies("bea", after=10**9) == [] == served.replies("bea")
    served.do("POST", "/handoff/reply", conversation="web/bea", text="four", id="four")
    assert [text for _, text in served.replies("bea")] == ["four"]
    served.do("POST", "/handoff/close", conversation="web/bea")
    assert [text for _, text in served.replies("bea")] == ["four"]


def test_a_reply_reaches_who_waits_for_it(served: Served) -> None:
    """The request waits, and has the reply once it is given; who waits for nothing is answered without one."""
    served.handed_off("web/carl")
    served.do("POST", "/handoff/take", conversation="web/carl")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(served.replies, "carl", wait=5)
        served.do("POST", "/handoff/reply", conversation="web/carl", text="hello", id="r")
        assert [text for _, text in waiting.result(20)] == ["hello"]
    assert served.replies("carl", after=10**9, wait=0.4) == []


def test_nobody_reads_the_replies_of_another(served: Served) -> None:
    """Not of another user, nor of the same name at another application; and no way leads out of a name."""
    served.handed_off("web/dora")
    served.do("POST", "/handoff/take", conversation="web/dora")
    served.do("POST", "/handoff/reply", conversation="web/dora", text="for dora", id="r")
    assert served.replies("dora", OF_RIGHTS[0]) == []
    for name in ("anna", "Dora", "dora/", "../web/dora", "web/dora", "*"):
        assert "for dora" not in str(served.replies(name)), name
        assert "for dora" not in str(served.replies(name, OF_RIGHTS[0])), name
    assert served.replies("dora")[0][1] == "for dora"


def test_personal_data_is_masked_on_request(served: Served) -> None:
    """In what the user and colleagues wrote; what is kept and sent stays as it was."""
    text = "mail ana@example.org or call +49 (30) 123-4567, room 12, 2026-01-05"
    served.handed_off("web/hans", text)
    asked = {"conversation": "web/hans"}
    [line] = served.do("GET", "/handoff/conversation", **asked, mask="true")["lines"]
    assert line["text"].startswith("mail <e-mail> or call <number>, room 12")
    for more in ({}, {"mask": "false"}):
        [line] = served.do("GET", "/handoff/conversation", **asked, **more)["lines"]
        assert line["text"] == text
    assert served.ask("GET", "/handoff/conversation", **asked, mask="maybe").status_code == 400


def test_a_token_for_hand_offs_reads_no_other_conversation(served: Served) -> None:
    """What the bot has and always had is nobody's to read."""
    assert served.ask("GET", "/handoff/conversation", conversation="web/never").status_code == 404
    assert served.ask("POST", "/handoff/take", conversation="web/never").status_code == 409


def test_hostile_text_stays_text(served: Served) -> None:
    """It goes both ways as it was written, in JSON that no browser takes for a page."""
    served.handed_off("web/eve", HOSTILE)
    served.do("POST", "/handoff/take", conversation="web/eve")
    served.do("POST", "/handoff/reply", conversation="web/eve", text=HOSTILE, id="r")
    answer = served.ask("GET", "/chat/replies", WEB, sender="eve")
    assert answer.json()["replies"][0]["text"] == HOSTILE
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    read = served.do("GET", "/handoff/conversation", conversation="web/eve")
    assert [line["text"] for line in read["lines"]] == [HOSTILE, HOSTILE]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/handoff/take", {}, 400),
        ("POST", "/handoff/take", {"conversation": 3}, 400),
        ("POST", "/handoff/take", {"conversation": "x" * 402}, 413),
        ("POST", "/handoff/take", {"conversation": "web/x", "minutes": -1}, 400),
        ("POST", "/handoff/take", {"conversation": "web/x", "minutes": True}, 400),
        ("POST", "/handoff/take", {"conversation": "web/x", "minutes": 10**6}, 400),
        ("POST", "/handoff/take", {"conversation": "web/x", "by": ""}, 400),
        ("POST", "/handoff/reply", {"conversation": "web/x", "text": "x" * 4001}, 413),
        ("POST", "/handoff/note", {"conversation": "web/x", "text": " ", "id": "1"}, 400),
        ("POST", "/handoff/reply", {"conversation": "web/x", "text": "without an id"}, 400),
        ("PUT", "/pause", {}, 400),
        ("PUT", "/pause", {"say": "x", "handoff": "yes"}, 400),
        ("GET", "/handoff/conversation", {}, 400),
    ],
)
def test_what_is_no_such_request_is_refused(
    served: Served, method: str, path: str, body: dict[str, Any], status: int
) -> None:
    """In a sentence, and nothing is changed."""
    answer = served.ask(method, path, **body)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"sender": ""},
        {"sender": "a", "after": "-1"},
        {"sender": "a", "after": "nan"},
        {"sender": "a", "wait": "9"},
        {"sender": "a", "wait": "x"},
    ],
)
def test_a_question_for_replies_that_is_none_is_refused(served: Served, asked: dict[str, str]) -> None:
    """In a sentence."""
    answer = served.ask("GET", "/chat/replies", WEB, **asked)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_the_bot_is_stopped_and_goes_on(served: Served) -> None:
    """With a sentence alone, or so that each conversation that comes is handed off; who has one keeps it."""
    assert served.do("GET", "/pause") == {"paused": None}
    said = served.do("PUT", "/pause", say="Back at 2 pm.", by="mia")["paused"]
    assert (said["say"], said["handoff"], said["by"]) == ("Back at 2 pm.", False, "mia")
    assert served.do("GET", "/pause", OF_RIGHTS[4])["paused"] == said
    assert served.says("web/fred", "hello").said == "Back at 2 pm."
    assert served.says("webhooks/slack/U1", "hello").said == "Back at 2 pm."
    assert served.says("staging/check", "hello") is None
    served.do("PUT", "/pause", say="A colleague comes.", handoff=True)
    assert (served.says("web/fred", "hello").said, served.says("web/fred", "hm").said) == (
        "A colleague comes.",
        "",
    )
    assert served.says("webhooks/slack/U1", "hello").kept == 0
    assert served.do("DELETE", "/pause")["before"]["handoff"] is True
    assert served.do("DELETE", "/pause") == {"paused": None, "before": None}
    assert served.says("web/fred", "still with you?").kept == 3
    assert served.says("web/gina", "hello") is None


def test_a_server_that_stops_lets_nobody_wait() -> None:
    """Who waits for a reply is answered at once, and asks the next replica."""

    async def scenario() -> None:
        routes = DeskRoutes(Access([WEB]), Silence(MemoryDesk(), silent=True))
        waiting = asyncio.ensure_future(routes._until_a_reply("web/anna", None, 3600))
        await asyncio.sleep(0)
        assert not waiting.done()
        routes.close()
        await asyncio.wait_for(waiting, 10)

    asyncio.run(scenario())
