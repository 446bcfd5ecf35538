"""The bot's routes for people who answer in its place, as their client sees them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.bot import desk
from ratchet.adapters.bot.channel import BotSilent
from ratchet.adapters.bot.desk import Desk, OldBot
from ratchet.adapters.targets import desks
from ratchet.domain.errors import RatchetError
from tests.workspaces import fake_workspace


class Bot:
    """Answers each request with `status` and `body`, after it took and did not answer the first `lost` ones."""

    def __init__(self) -> None:
        self.status, self.body, self.lost = 200, b"{}", 0
        self.asked: list[tuple[str, str, str | None, Any]] = []
        bot = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                bot.asked.append((self.command, self.path, self.headers.get("Authorization"), body))
                if bot.lost:
                    bot.lost -= 1
                    self.close_connection = True
                    return
                self.send_response(bot.status)
                self.send_header("Content-Length", str(len(bot.body)))
                self.end_headers()
                self.wfile.write(bot.body)

            do_POST = do_PUT = do_DELETE = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def says(self, status: int, body: Any) -> Desk:
        """Answer with this from now on; gives its client."""
        self.status, self.body = status, body if isinstance(body, bytes) else json.dumps(body).encode()
        return Desk(self.url, "secret")


@pytest.fixture
def bot() -> Iterator[Bot]:
    bot = Bot()
    yield bot
    bot.server.shutdown()
    bot.server.server_close()


def test_a_reply_whose_answer_was_lost_is_sent_again_under_the_same_id(bot: Bot) -> None:
    """So it arrives once."""
    found = bot.says(200, {"id": 3})
    bot.lost = 2
    assert found.change("reply", "web/anna", "mia", text="hello") == {"id": 3}
    assert len(bot.asked) == 3
    assert bot.asked[0] == bot.asked[1] == bot.asked[2]
    method, path, token, body = bot.asked[0]
    assert (method, path, token) == ("POST", "/handoff/reply", "Bearer secret")
    assert {**body, "id": ""} == {"conversation": "web/anna", "by": "mia", "text": "hello", "id": ""}
    found.change("reply", "web/anna", "mia", text="hello")
    assert bot.asked[-1][3]["id"] != body["id"]


def test_a_conversation_is_named_whatever_is_in_its_name(bot: Bot) -> None:
    """`&` and `=` in it end nothing."""
    bot.says(200, {"lines": []}).read("web/a&b=c")
    assert bot.asked[0][1] == "/handoff/conversation?conversation=web%2Fa%26b%3Dc"


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (409, {"error": "mia has this conversation."}, RatchetError, "refused: mia has this conversation"),
        (403, {"error": "web has no right to handoff."}, RatchetError, "token: web has no right"),
        (401, {"error": "A valid bearer token is needed."}, RatchetError, "token"),
        (404, {"error": "No conversation 'x' was handed off."}, RatchetError, "No conversation 'x'"),
        (404, b"<html>404</html>", OldBot, "haproxy.cfg"),
        (404, {"description": "Not Found", "status": 404, "message": "…"}, OldBot, "haproxy.cfg"),
        (503, b"no release is live", BotSilent, "No replica"),
        (503, {"error": "The memory of conversations is not reachable; try again."}, RatchetError, "memory"),
        (200, b"<html>", RatchetError, "200"),
    ],
)
def test_a_refusal_is_told_in_the_bots_words(
    bot: Bot, status: int, body: Any, kind: type[RatchetError], said: str
) -> None:
    """With what helps; a bot or a proxy that does not know the routes is named as that."""
    with pytest.raises(RatchetError, match=said) as found:
        bot.says(status, body).conversations()
    assert type(found.value) is kind
    assert found.value.remedy


def test_a_bot_that_is_not_there_is_said() -> None:
    """Nothing listens."""
    with pytest.raises(BotSilent, match="does not answer"):
        Desk("http://127.0.0.1:9", "secret").resume()


def test_a_pause_is_given_read_and_ended(bot: Bot) -> None:
    """And None is no pause."""
    pause = {"say": "Later.", "handoff": True, "since": 1.0, "by": "mia"}
    found = bot.says(200, {"paused": pause, "before": pause})
    assert found.pause("Later.", True, "mia") == pause == found.paused() == found.resume()
    assert [one[:2] for one in bot.asked] == [("PUT", "/pause"), ("GET", "/pause"), ("DELETE", "/pause")]
    found = bot.says(200, {"paused": None, "before": None})
    assert found.paused() is None
    assert found.resume() is None


def test_the_token_is_the_setting_else_that_of_the_clients_file(tmp_path: Path) -> None:
    """The first client with the right; without one, and with a file that is none, it says what to do."""
    file = tmp_path / "clients.yml"
    file.write_text(
        "- {name: web, token: wwwwwwwwwwwwwwww}\n- {name: p, token: pppp, rights: [chat, handoff]}\n"
    )
    named = fake_workspace(tmp_path / "a", client_tokens_file=file)
    assert desk.person_token(named) == "pppp"
    assert desk.person_token(fake_workspace(tmp_path / "b", handoff_token="of-mine")) == "of-mine"
    with pytest.raises(RatchetError, match="No client has the right") as found:
        desk.person_token(fake_workspace(tmp_path / "c"))
    assert "right handoff" in found.value.remedy
    for text in ("3", "- 3", "{", "- {rights: [handoff]}"):
        file.write_text(text)
        with pytest.raises(RatchetError, match="not a valid list of clients"):
            desk.person_token(named)


def test_figures_of_people_are_read(bot: Bot, tmp_path: Path) -> None:
    """None of a bot that is silent, or of before; a bot that refuses says why."""
    settings = fake_workspace(tmp_path, port=bot.server.server_port)
    said = {
        "waiting": 2,
        "taken": 1,
        "longest_seconds": 5.0,
        "open": True,
        "hours": 24.0,
        "opened": 3,
        "replied": 1,
    }
    said |= {"first_reply_p50_seconds": 1.0, "first_reply_p90_seconds": None, "of_a_later_release": 1}
    bot.says(200, said)
    found = desks.figures(settings)
    assert found is not None
    assert (found.waiting, found.longest_seconds) == (2, 5.0)
    assert bot.asked[-1][1] == "/handoff/figures?hours=24"
    for status, body in ((404, b"404"), (503, b"none")):
        bot.says(status, body)
        assert desks.figures(settings) is None
    bot.says(403, {"error": "no right"})
    with pytest.raises(RatchetError):
        desks.figures(settings)


def test_what_is_said_of_a_pause(bot: Bot, tmp_path: Path) -> None:
    """Nothing of a bot that answers or is of before, not known of one that is silent, and why of one that refuses."""
    settings = fake_workspace(tmp_path, port=bot.server.server_port)
    bot.says(200, {"paused": {"say": "Later.", "handoff": False, "since": 1.0, "by": "mia"}})
    assert "by mia" in desks.said(settings)
    for status, body in ((200, {"paused": None}), (404, b"404")):
        bot.says(status, body)
        assert desks.seen(settings) == desks.said(settings) == ""
    bot.says(503, b"none")
    assert desks.seen(settings) is None
    assert desks.said(settings) == ""
    bot.says(401, {"error": "A valid bearer token is needed."})
    assert desks.said(settings).startswith("not known")
    with pytest.raises(RatchetError):
        desks.seen(settings)
    assert {one[2] for one in bot.asked} == {f"Bearer {desk.operator_token(settings)}"}
