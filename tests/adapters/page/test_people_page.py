"""People: the conversations that were handed to a person are seen, answered and ended, over the bot's own routes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from ratchet.adapters.bot.desk import Desk, OldBot
from ratchet.adapters.page import handoffs, record
from ratchet.adapters.targets import desks
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.people import Role
from tests.adapters.page.conftest import Served, Visitor
from tests.adapters.page.hostile import TEXTS, tags

FIGURES = {"waiting": 1, "taken": 0, "longest_seconds": 60.0, "open": True, "hours": 24.0, "opened": 1, "replied": 1,
           "first_reply_p50_seconds": 75.0, "first_reply_p90_seconds": None}  # fmt: skip
NAME = "web/anna@shop.example"
HTMX = {"hx-request": "true"}


class Queue(Desk):
    """A bot with one conversation that was handed off, without the way to it.

    `refusal` is what it answers to a change.
    """

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9", "secret")
        self.row: dict[str, Any] = {"conversation": NAME, "since": 1_799_999_700.0, "taken_by": None,
                                    "taken_until": 0.0, "unanswered": 1, "left_out": 0}  # fmt: skip
        self.before = [
            {"at": "2026-11-27T09:00:00+00:00", "from": "person", "text": "Write to anna@shop.example"}
        ]
        self.lines: list[dict[str, Any]] = []
        self.figures_said, self.refusal, self.gone = dict(FIGURES), "", False
        self.over: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str, Any]] = []

    def _ask(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Answer as the bot's routes do."""
        self.asked.append((method, path, content))
        if self.refusal and method == "POST":
            return self._understood(httpx.Response(409, json={"error": self.refusal}))
        said: dict[str, Any] = {
            "/handoff": {"conversations": [] if self.gone else [self.row]},
            "/handoff/figures": self.figures_said,
            "/handoff/ended": {"conversations": self.over},
            "/handoff/conversation": {**self.row, "before": self.before, "lines": self.lines},
        }
        return self._understood(httpx.Response(200, json=said.get(path, self.row)))

    def changes(self) -> list[tuple[str, Any]]:
        """Return what was asked to change."""
        return [(path, body) for method, path, body in self.asked if method == "POST"]

    def said(self, text: str, number: int = 1, **more: Any) -> None:
        """Let something be said."""
        line = {
            "number": number,
            "at": 1_800_000_000.0,
            "said_by": "person",
            "name": "",
            "text": text,
            "received": True,
        }
        self.lines.append({**line, **more})


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    """The bot that the page asks."""
    bot = Queue()
    monkeypatch.setattr(desks, "for_person", lambda settings: bot)
    return bot


def place(visitor: Visitor) -> str:
    """Return the address of the one conversation."""
    found = re.search(r'href="(/conversations/[0-9a-f]{20})"', visitor.get("/conversations").text)
    assert found
    return found[1]


def test_who_waits_is_in_the_list(served: Served, queue: Queue) -> None:
    """With how long, how fast people are, and who has it; whoever has it is called you."""
    ben = served.visitor(Role.LABEL, "Ben")
    page = ben.get("/conversations").text
    for fact in (NAME, "waits", "5 min", "1 conversation waiting for a person", "first reply after"):
        assert fact in page, fact
    for holder, said in (
        ("people/Ben", "you for 5 min"),
        ("people/Ana", "Ana for 5 min"),
        ("Ben", "you for"),
    ):
        queue.row |= {"taken_by": holder, "taken_until": served.now + 300}
        assert said in ben.get("/conversations/now").text
    queue.figures_said["open"] = False
    assert "outside the opening hours" in ben.get("/conversations/now").text
    queue.gone = True
    page = ben.get("/conversations/now").text
    assert "No conversation is with a person." in page
    assert "<html" not in page


def test_whoever_only_reads_sees_no_personal_data(served: Served, queue: Queue) -> None:
    """Neither in texts nor in names nor in addresses, and nothing can be done; who answers sees it."""
    queue.said("my mail is anna@shop.example", said_by="colleague", name="people/ben@shop.example")
    reader, ben = served.visitor(Role.READ), served.visitor(Role.LABEL, "Ben")
    for path in ("/conversations", "/conversations/now", place(reader), f"{place(reader)}/lines"):
        page = reader.get(path).text
        assert "@shop.example" not in page, path
        assert 'action="/conversations' not in page, path
    assert "&lt;e-mail&gt;" in reader.get(place(reader)).text
    page = ben.get(place(ben)).text
    assert page.count("anna@shop.example") >= 3
    assert f'action="{place(ben)}/take"' in page
    assert f'action="{place(ben)}/reply"' not in page
    queue.row["taken_by"] = "people/Ben"
    assert f'action="{place(ben)}/reply"' in ben.get(place(ben)).text


def test_each_act_has_the_persons_name(served: Served, queue: Queue) -> None:
    """It is asked of the bot once, for the right conversation; no text of it is in the record."""
    ben = served.visitor(Role.LABEL, "Ben")
    here = place(ben)
    acts: list[tuple[str, dict[str, str], dict[str, Any], str]] = [
        ("take", {"minutes": "30"}, {"minutes": 30.0}, here),
        ("take", {}, {"minutes": 15.0}, here),
        ("reply", {"text": "asked\r\nb", "new": "0" * 16}, {"text": "asked\nb", "id": "0" * 16}, here),
        ("note", {"text": "asked", "new": "1" * 16}, {"text": "asked", "id": "1" * 16}, here),
        ("close", {}, {}, "/conversations"),
        ("return", {}, {}, "/conversations"),
    ]
    for number, (verb, fields, asked, to) in enumerate(acts, start=1):
        answer = ben.post(f"{here}/{verb}", fields)
        assert answer.headers["location"].startswith(f"{to}?done=")
        assert len(queue.changes()) == number
        assert queue.changes()[-1] == (f"/handoff/{verb}", {"conversation": NAME, "by": "Ben", **asked})
        act = next(record.newest(served.settings))
        assert (act.by, act.route) == ("Ben", f"/conversations/{{id}}/{verb}")
        assert "asked" not in act.sentence
        assert NAME not in act.sentence


def test_a_form_that_is_sent_twice_writes_once(served: Served, queue: Queue) -> None:
    """Both times under the form's own number; another form has another, and one that is none is not taken."""
    ben = served.visitor(Role.LABEL, "Ben")
    queue.row["taken_by"] = "people/Ben"
    here = place(ben)
    forms = [re.findall(r'name="new" value="([0-9a-f]{16})"', ben.get(here).text)[0] for _ in range(2)]
    assert forms[0] != forms[1]
    for new in (forms[0], forms[0], "../x"):
        ben.post(f"{here}/reply", {"text": "hello", "new": new})
    ids = [body["id"] for _, body in queue.changes()]
    assert ids[0] == ids[1] == forms[0]
    assert re.fullmatch(r"[0-9a-f]{16}", ids[2])
    assert ids[2] != ids[0]


def test_what_the_bot_refuses_is_said_and_the_text_stays(served: Served, queue: Queue) -> None:
    """Another person has it: htmx gets that sentence alone, beside the form with what was written."""
    ben = served.visitor(Role.LABEL, "Ben")
    here = place(ben)
    queue.refusal = "Ana has this conversation"
    answer = ben.post(f"{here}/reply", {"text": "hello"}, **HTMX)
    assert answer.status_code == 400
    assert "Ana has this conversation" in answer.text
    assert "<html" not in answer.text
    for fields in ({"text": " "}, {"text": "a" * 4001}, {}):
        assert ben.post(f"{here}/reply", fields).status_code == 400
    for minutes in ("0", "1e9", "nan", "15.0"):
        assert ben.post(f"{here}/take", {"minutes": minutes}).status_code == 400


def test_only_what_is_new_comes_again(served: Served, queue: Queue) -> None:
    """The piece names what it shows; the same is answered with nothing, and a new line with all of it."""
    ben = served.visitor(Role.LABEL, "Ben")
    here = place(ben)
    found = re.search(rf'hx-get="({here}/lines\?seen=[0-9a-f]+)"', ben.get(here).text)
    assert found
    assert ben.get(found[1], **HTMX).status_code == 204
    queue.said("Are you there?")
    page = ben.get(found[1], **HTMX).text
    assert "Are you there?" in page
    assert "<html" not in page
    assert found[1] not in page


def test_a_conversation_that_is_over_is_said(served: Served, queue: Queue) -> None:
    """Someone else closed it meanwhile, or there never was such a one."""
    ben = served.visitor(Role.LABEL, "Ben")
    here = place(ben)
    queue.gone = True
    for answer in (ben.get(here), ben.get(f"{here}/lines"), ben.post(f"{here}/reply", {"text": "x"})):
        assert answer.status_code == 404
        assert "not with a person any more" in answer.text
    queue.gone = False
    assert ben.get("/conversations/" + "0" * 20).status_code == 404
    assert ben.get("/conversations/ä").status_code == 404
    assert queue.changes() == []


def test_what_a_silent_bot_means_is_in_words(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """No bot, an old one, no token, a wrong token: each says what becomes of those who wait."""
    ben = served.visitor(Role.LABEL)

    def refuses(error: RatchetError) -> Any:
        def ask(settings: object) -> Desk:
            raise error

        return ask

    assert "Hand-offs to people are not turned on" in ben.get("/conversations").text
    monkeypatch.setattr(desks, "for_person", lambda settings: Desk("http://127.0.0.1:9", "secret"))
    for path in ("/conversations", "/conversations/now"):
        answer = ben.get(path)
        assert answer.status_code == 200
        assert "no one gets an answer now" in answer.text
    monkeypatch.setattr(desks, "for_person", refuses(OldBot("It is old.", "Release.")))
    assert "it answers everyone itself" in ben.get("/conversations").text
    settings = served.settings.model_copy(update={"client_tokens_file": served.settings.workspace / "x.yml"})
    assert "does not let this page answer" in handoffs.meaning(settings, RatchetError("The token.", ""))


def test_figures_of_another_release_are_left_out(served: Served, queue: Queue) -> None:
    """The list is there without them."""
    queue.figures_said = {"waiting": 1}
    page = served.visitor(Role.LABEL).get("/conversations").text
    assert NAME in page
    assert "first reply" not in page


def test_hostile_conversations_stay_texts(served: Served, queue: Queue) -> None:
    """Whatever a user, a name, a note or a refusal says, the pages have the same elements."""
    pages = []
    ben = served.visitor(Role.LABEL, "Ben")
    for text in ("plain", "\n".join(TEXTS)):
        queue.row |= {"conversation": f"web/{text}", "taken_by": f"people/{text}", "taken_until": served.now}
        queue.before[0] |= {"text": text, "from": text}
        queue.lines.clear()
        for said_by in ("person", "colleague", "note"):
            queue.said(text, said_by=said_by, name=text)
        here = place(ben)
        answers = [ben.get(path) for path in ("/conversations", "/conversations/now", here, f"{here}/lines")]
        queue.refusal = text
        answers += [ben.post(f"{here}/note", {"text": "x"})]
        queue.refusal = ""
        pages.append([tags(answer.text) for answer in answers])
    assert pages[0] == pages[1]
