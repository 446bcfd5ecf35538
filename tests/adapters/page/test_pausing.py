"""Stopping the bot on Home: what will happen is said, it happens once, and it is on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from ratchet.adapters.bot.desk import Desk
from ratchet.adapters.page import looks, record
from ratchet.adapters.targets import desks
from ratchet.domain.operations.people import Role
from tests.adapters.page.conftest import Served
from tests.adapters.page.hostile import TEXTS, tags
from tests.adapters.page.sights import found


class Switch(Desk):
    """A bot that can be stopped, without the way to it; `refusal` is what it answers to that."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9", "secret")
        self.pause_now: dict[str, Any] | None = None
        self.refusal = ""

    def _ask(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Answer as the bot's routes do."""
        assert path == "/pause"
        if self.refusal:
            return self._understood(httpx.Response(409, json={"error": self.refusal}))
        before = self.pause_now
        if method == "PUT":
            self.pause_now = {**(content or {}), "since": 1_799_999_000.0}
        elif method == "DELETE":
            self.pause_now = None
        return self._understood(httpx.Response(200, json={"paused": self.pause_now, "before": before}))


@pytest.fixture
def switch(served: Served, monkeypatch: pytest.MonkeyPatch) -> Switch:
    """The bot that Home asks, and a look that says what it says."""
    bot = Switch()
    monkeypatch.setattr(desks, "for_operator", lambda settings: bot)

    def look(settings: Any) -> looks.Look:
        made = found()
        assert made.status is not None
        status = replace(made.status, paused=desks.said(settings))
        return replace(made, status=status)

    monkeypatch.setattr(looks, "look", look)
    return bot


def test_the_bot_is_stopped_and_answers_again(served: Served, switch: Switch) -> None:
    """With the text and the name, seen at once, and each act recorded."""
    ana = served.visitor(Role.RELEASE, "Ana")
    page = ana.get("/").text
    assert "answers every message with this text alone, at once and on all replicas" in page
    assert 'action="/resume"' not in page
    answer = ana.post("/pause", {"say": "Back at\r\n2 pm."})
    assert answer.headers["location"].startswith("/?done=")
    assert switch.pause_now == {
        "say": "Back at\n2 pm.",
        "handoff": False,
        "by": "Ana",
        "since": 1_799_999_000.0,
    }
    page = ana.get("/").text
    assert "stopped by Ana since" in page
    assert 'action="/pause"' not in page
    assert "Let the bot answer again" in page
    ana.post("/resume")
    assert switch.pause_now is None
    assert 'action="/pause"' in ana.get("/").text
    ana.post("/resume")
    sentences = [act.sentence for act in record.newest(served.settings) if act.route in ("/pause", "/resume")]
    assert sentences == [
        "The bot was not stopped.",
        "The bot answers again.",
        "The bot is stopped on all replicas: people are told your text until someone lets it answer again.",
    ]


def test_each_conversation_can_go_to_a_person(served: Served, switch: Switch) -> None:
    """Where hand-offs are turned on; what the bot refuses is said."""
    ana = served.visitor(Role.RELEASE)
    assert 'name="handoff"' not in ana.get("/").text
    ana.post("/pause", {"say": "Wait.", "handoff": "yes"})
    assert switch.pause_now is not None
    assert switch.pause_now["handoff"] is True
    switch.refusal = "No client has the right handoff"
    answer = ana.post("/pause", {"say": "Wait.", "handoff": "yes"})
    assert answer.status_code == 400
    assert "No client has the right handoff" in answer.text


@pytest.mark.parametrize("say", ["", "  ", "x" * 1001, "a\0"])
def test_a_text_is_needed(served: Served, switch: Switch, say: str) -> None:
    """The bot is not stopped without a word."""
    assert served.visitor(Role.RELEASE).post("/pause", {"say": say}).status_code == 400
    assert switch.pause_now is None


def test_a_hostile_text_stays_text(served: Served, switch: Switch) -> None:
    """Whatever people are told, Home has the same elements."""
    pages = []
    for say in ("plain", "".join(TEXTS)[:900].replace("\0", "")):
        served.visitor(Role.RELEASE).post("/pause", {"say": say})
        pages.append(served.visitor(Role.RELEASE).get("/").text)
    assert tags(pages[0]) == tags(pages[1])
