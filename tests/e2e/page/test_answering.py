"""Answers and conversations in a real browser: changed in place by two people, published, answered, ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ratchet.adapters.page import edits, jobs, looks
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.targets import desks
from ratchet.domain.operations.people import Role
from tests.adapters.page.sights import found
from tests.adapters.page.test_answers import DOMAIN
from tests.adapters.page.test_people_page import Queue
from tests.e2e.page.conftest import serving, sign_in
from tests.e2e.page.test_looks import DESKTOP, PHONE, checked

pytestmark = [pytest.mark.e2e, pytest.mark.long]


@dataclass
class Shop:
    """A served page of a bot with three answers and one conversation that was handed off."""

    url: str
    settings: Settings
    queue: Queue


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    (tmp_path / "shop" / "bot").mkdir(parents=True)
    (tmp_path / "shop" / "bot" / "domain.yml").write_text(
        f"slots: {{role: {{type: text}}}}\n{DOMAIN}", encoding="utf-8"
    )
    (tmp_path / "shop" / "params.yaml").write_text(
        "corpus: {context: {role: [manager, intern]}}\n", encoding="utf-8"
    )
    queue = Queue()
    monkeypatch.setattr(looks, "look", lambda settings: found("It fell below the target."))
    monkeypatch.setattr(Registry, "live", lambda self: None)
    monkeypatch.setattr(desks, "for_person", lambda settings: queue)
    settings = load_settings(tmp_path / "shop")
    with serving(settings) as url:
        yield Shop(url, settings, queue)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_each_page_is_for_everybody(
    shop: Shop, visit: Callable[..., Page], size: dict[str, int], scheme: str
) -> None:
    """No violation that axe knows of, nothing wider than the window, and no error in the browser's console."""
    page = visit(viewport=size, color_scheme=scheme)
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda asked: faults.append(asked.url) if not asked.url.startswith(shop.url) else None)
    sign_in(page, shop.url, shop.settings, "Ana", Role.RELEASE)
    page.goto(f"{shop.url}/answers")
    checked(page)
    page.get_by_role("link", name="Change the answer to leave for role manager").click()
    page.get_by_label("Answer to leave for role manager", exact=True).fill("Decide.")
    checked(page)
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Not published").wait_for()
    page.get_by_role("link", name="Add an answer to leave for some people").click()
    page.get_by_label("For whom").select_option("role intern")
    page.get_by_label("Answer to leave", exact=True).fill("Ask the boss.")
    checked(page)
    page.get_by_role("button", name="Save").click()
    page.get_by_text("for role intern").wait_for()
    page.goto(f"{shop.url}/answers/changes")
    checked(page)
    page.goto(f"{shop.url}/conversations")
    checked(page)
    shop.queue.row |= {"taken_by": "people/Ana", "taken_until": 4e9}
    shop.queue.said("Are you there?")
    page.get_by_role("link", name="web/anna").click()
    page.get_by_label("Your reply").wait_for()
    checked(page)
    assert faults == []


def test_two_people_change_one_answer_and_one_publishes(
    shop: Shop, visit: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the table, with the keyboard; the second sees the text of the first, and a refused text stays in its field."""
    begun: list[list[str]] = []

    def start(settings: Settings, what: str, words: list[str], by: str) -> jobs.Job:
        begun.append(words)
        return jobs.Job("1-00000000", what, tuple(words), by, 1.0)

    monkeypatch.setattr(jobs, "start", start)
    ana, ben = visit(viewport=DESKTOP), visit(viewport=PHONE)
    sign_in(ana, shop.url, shop.settings, "Ana", Role.RELEASE)
    sign_in(ben, shop.url, shop.settings, "Ben", Role.LABEL)
    change = "Change the answer to leave for everybody else"
    field = "Answer to leave for everybody else"
    for page in (ana, ben):
        page.goto(f"{shop.url}/answers")
        page.get_by_role("link", name=change).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("textbox", name=field)).to_be_focused()
        expect(page.get_by_role("textbox", name=field)).to_have_value("Ask your manager.")
    ana.get_by_role("textbox", name=field).fill("Ana says.")
    ana.get_by_role("button", name="Save").click()
    ana.get_by_text("Not published").wait_for()
    expect(ana.get_by_role("link", name=change)).to_be_focused()
    ben.get_by_role("textbox", name=field).fill(" ")
    ben.get_by_role("button", name="Save").click()
    expect(ben.get_by_role("alert")).to_contain_text("is missing")
    expect(ben.get_by_role("textbox", name=field)).to_have_value(" ")
    ben.get_by_role("textbox", name=field).fill("Ben says.")
    ben.get_by_role("button", name="Save").click()
    expect(ben.get_by_role("alert")).to_contain_text("Ana changed this answer meanwhile.")
    expect(ben.get_by_role("alert")).to_contain_text("Ana says.")
    expect(ben.get_by_role("textbox", name=field)).to_have_value("Ben says.")
    ben.get_by_role("link", name="Leave it").click()
    ben.get_by_text("Ana says.").wait_for()
    expect(ben.get_by_role("link", name=change)).to_be_focused()
    assert [one.text for one in edits.kept(shop.settings)] == ["Ana says."]
    ana.goto(f"{shop.url}/answers/changes")
    expect(ana.get_by_text('+  - text: "Ana says."   # kept')).to_be_visible()
    ana.get_by_role("button", name="Publish").click()
    ana.wait_for_url("**/jobs/**")
    assert begun == [["release", "champion"]]
    assert "Ana says." in (shop.settings.bot / "domain.yml").read_text(encoding="utf-8")


def test_a_conversation_is_answered_and_given_back(shop: Shop, visit: Callable[..., Page]) -> None:
    """Taken, new lines seen without a press, a refused reply kept in its field, sent, given back."""
    page = visit(viewport=PHONE)
    sign_in(page, shop.url, shop.settings, "Ben", Role.LABEL)
    page.get_by_role("link", name="People").click()
    page.get_by_role("link", name="web/anna").click()
    page.get_by_label("Take it for minutes").select_option("30")
    shop.queue.row |= {"taken_by": "people/Ben", "taken_until": 4e9}
    page.get_by_role("button", name="Take").click()
    page.get_by_text("It is yours for 30 minutes").wait_for()
    expect(page.get_by_label("Your reply")).to_be_focused()
    page.keyboard.type("One moment.")
    shop.queue.said("Are you there?")
    page.get_by_text("Are you there?").wait_for()
    expect(page.get_by_label("Your reply")).to_be_focused()
    shop.queue.refusal = "Ana has this conversation"
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("Ana has this conversation")
    expect(page.get_by_label("Your reply")).to_have_value("One moment.")
    shop.queue.refusal = ""
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Sent to the person.").wait_for()
    page.get_by_role("button", name="Give back").click()
    page.get_by_role("status").get_by_text("Given back: the bot continues.").wait_for()
    assert [path for path, _ in shop.queue.changes()] == [
        "/handoff/take",
        "/handoff/reply",
        "/handoff/reply",
        "/handoff/return",
    ]
