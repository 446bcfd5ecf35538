"""The routes of client applications, each against every right, and ratings; over HTTP and without a model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from ratchet_bot.channel.access import Access, Client
from ratchet_bot.channel.chat import ChatInput
from ratchet_bot.channel.conversation import Turn
from ratchet_bot.channel.ratings import Rating
from tests.routes import RIGHTS, routes_served

OF_RIGHTS = {right: Client(f"only-{right}", f"token-of-{right}-only", frozenset({right})) for right in RIGHTS}
ROUTES = {
    ("POST", "/chat"): "chat",
    ("POST", "/chat/rating"): "chat",
    ("POST", "/parse"): "parse",
    ("DELETE", "/checks"): "checks",
    ("GET", "/status"): "",
    ("GET", "/alive"): "",
}
"""What a route needs, "" where anybody may ask."""
RATED = {"sender": "anna", "message_id": "m1", "rating": "down", "text": "<b>no</b>"}


@dataclass
class Recorded:
    """What stands for a bot that answers, and keeps what is rated."""

    ratings: list[Rating] = field(default_factory=list)
    written: int = 0
    dropped: int = 0
    service: Any = field(
        default_factory=lambda: SimpleNamespace(release="r", model_version="1", sha256="", started_at="")
    )
    agent: Any = field(default_factory=lambda: SimpleNamespace(model_id="m", processor=SimpleNamespace()))

    @property
    def events(self) -> Recorded:
        return self

    def put(self, rating: Rating) -> bool:
        self.ratings.append(rating)
        return True

    async def reply(self, turn: Turn) -> dict[str, Any]:
        return {"messages": []}

    async def forget_checks(self) -> int:
        return 0


@dataclass
class Served:
    url: str
    bot: Recorded

    def ask(self, method: str, path: str, right: str | None, **body: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {OF_RIGHTS[right].token}"} if right else {}
        return requests.request(method, self.url + path, headers=headers, data=json.dumps(body), timeout=20)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    bot = Recorded()
    chat = ChatInput(Access(list(OF_RIGHTS.values())), SimpleNamespace(context=lambda person: {}))  # type: ignore[arg-type]
    chat.conversations = chat.memory = bot  # type: ignore[assignment]
    with routes_served("chat_routes", chat.blueprint(None)) as (url, _):  # type: ignore[arg-type]
        yield Served(url, bot)


def test_each_route_needs_its_right_and_no_other_will_do(served: Served) -> None:
    """401 without a token, 403 with every other right; and each route is in the table."""
    chat = ChatInput(Access([]), SimpleNamespace())  # type: ignore[arg-type]
    found = {(next(iter(one.methods)), one.uri) for one in chat.blueprint(None)._future_routes}  # type: ignore[arg-type]
    assert found == set(ROUTES)
    for (method, path), needed in ROUTES.items():
        assert (served.ask(method, path, None).status_code == 401) == bool(needed), path
        for right in RIGHTS:
            status = served.ask(method, path, right).status_code
            assert (status == 403) == (needed not in ("", right)), (path, right, status)


def test_a_user_rates_an_answer_of_their_own_conversation(served: Served) -> None:
    """The conversation is the application's own, whatever the sender is called; what was said stays text."""
    served.bot.ratings.clear()
    assert served.ask("POST", "/chat/rating", "chat", **RATED).json() == {"recorded": True}
    assert served.ask("POST", "/chat/rating", "chat", **{**RATED, "sender": "../web/bea"}).status_code == 200
    first, second = served.bot.ratings
    assert (first.conversation, first.message_id, first.rating, first.text) == (
        "only-chat/anna",
        "m1",
        "down",
        "<b>no</b>",
    )
    assert second.conversation == "only-chat/../web/bea"


@pytest.mark.parametrize(
    "wrong",
    [
        {"rating": "5 stars"},
        {"rating": True},
        {"rating": None},
        {"sender": ""},
        {"message_id": None},
        {"message_id": "x" * 201},
        {"text": "x" * 4001},
        {"text": ["no"]},
    ],
)
def test_what_is_no_rating_is_refused(served: Served, wrong: dict[str, Any]) -> None:
    """In a sentence, and nothing is kept."""
    before = len(served.bot.ratings)
    answer = served.ask("POST", "/chat/rating", "chat", **{**RATED, **wrong})
    assert answer.status_code in (400, 413)
    assert list(answer.json()) == ["error"]
    assert len(served.bot.ratings) == before
