"""People: who is on duty, the opening hours, and conversations that ended."""

from __future__ import annotations

from typing import Any

import pytest

from ratchet.adapters.bot.desk import OldBot
from ratchet.adapters.page import duty, people, record
from ratchet.adapters.targets import desks
from ratchet.domain.operations.people import Role
from tests.adapters.page.conftest import Served
from tests.adapters.page.hostile import TEXTS, tags
from tests.adapters.page.test_people_page import Queue, place


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    """The bot that the page asks."""
    bot = Queue()
    monkeypatch.setattr(desks, "for_person", lambda settings: bot)
    return bot


def over(queue: Queue, served: Served, **more: Any) -> None:
    """Let the conversation have ended an hour ago."""
    ended = {"ended": "returned by people/Ana", "ended_at": served.now - 3600, **more}
    queue.over = [{**queue.row, **ended}]
    queue.gone = True


@pytest.mark.usefixtures("queue")
def test_a_person_goes_on_duty_and_off_it(served: Served) -> None:
    """Everybody sees it, at once; it ends with the person and after twelve hours."""
    ana, ben = served.visitor(Role.LABEL, "Ana"), served.visitor(Role.READ, "Ben")
    assert "No one is on duty." in ben.get("/conversations/now").text
    assert "I am on duty" not in ben.get("/conversations").text
    assert "I am on duty" in ana.get("/conversations").text
    assert ana.post("/conversations/duty", {"on": "yes"}).headers["location"].startswith("/conversations?")
    assert "On duty: Ana since" in ben.get("/conversations/now").text
    page = ana.get("/conversations").text
    assert "On duty: you since" in page
    assert "I am off duty" in page
    served.now += 11 * 3600
    assert "On duty: Ana since" in ben.get("/conversations/now").text
    served.now += 3600
    ana, ben = served.visitor(Role.LABEL, "Ana"), served.visitor(Role.READ, "Ben")
    assert "No one is on duty." in ben.get("/conversations/now").text
    ana.post("/conversations/duty", {"on": "yes"})
    people.remove(served.settings, "Ana")
    assert "No one is on duty." in ben.get("/conversations/now").text


@pytest.mark.usefixtures("queue")
def test_off_duty_is_said_and_recorded(served: Served) -> None:
    """What is neither on nor off is refused."""
    ana = served.visitor(Role.LABEL, "Ana")
    ana.post("/conversations/duty", {"on": "yes"})
    ana.post("/conversations/duty", {"on": "no"})
    assert duty.read(served.settings).turns == ()
    for on in ("", "maybe"):
        assert ana.post("/conversations/duty", {"on": on}).status_code == 400
    sentences = [act.sentence for act in record.newest(served.settings) if act.sentence.startswith("You")]
    assert sentences == ["You are off duty.", "You are on duty for 12 hours."]


@pytest.mark.usefixtures("queue")
def test_opening_hours_are_shown(served: Served) -> None:
    """As params.yaml has them."""
    visitor = served.visitor(Role.READ)
    assert "People answer at any time." in visitor.get("/conversations").text
    path = served.settings.workspace / "params.yaml"
    path.write_text('desk: {hours: {mon: ["09:00-12:00"]}}\n', encoding="utf-8")
    assert "People answer Mon 09:00-12:00 (UTC)." in visitor.get("/conversations").text


def test_a_conversation_that_ended_can_be_read(served: Served, queue: Queue) -> None:
    """For some days, with how and by whom; nothing can be done in it any more."""
    ben = served.visitor(Role.LABEL, "Ben")
    assert "<p>None.</p>" in ben.get("/conversations").text
    here = place(ben)
    over(queue, served)
    queue.said("Thanks, it works.")
    assert "given back by Ana" in ben.get("/conversations").text
    assert place(ben) == here
    page = ben.get(here).text
    assert "Thanks, it works." in page
    assert "It ended" in page
    assert f'action="{here}' not in page
    assert ben.post(f"{here}/reply", {"text": "x"}).status_code == 404
    assert queue.changes() == []
    reader = served.visitor(Role.READ).get("/conversations").text
    assert "anna@shop.example" not in reader


def test_a_bot_of_before_cannot_say_what_ended(
    served: Served, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of the page is there, and a conversation that is over is said as before."""

    def refuses(hours: float) -> Any:
        raise OldBot("It is old.", "Release.")

    monkeypatch.setattr(queue, "ended", refuses)
    ben = served.visitor(Role.LABEL, "Ben")
    here = place(ben)
    assert "the live bot is of before this list" in ben.get("/conversations").text
    queue.gone = True
    assert ben.get(here).status_code == 404


def test_hostile_endings_stay_texts(served: Served, queue: Queue) -> None:
    """Whatever another desk calls itself or a conversation, the pages have the same elements."""
    pages = []
    ben = served.visitor(Role.LABEL, "Ben")
    for text in ("plain", "\n".join(TEXTS)):
        over(queue, served, conversation=f"web/{text}", ended=f"{text} by {text}/{text}")
        here = place(ben)
        pages.append([tags(ben.get(path).text) for path in ("/conversations", here, f"{here}/lines")])
    assert pages[0] == pages[1]
