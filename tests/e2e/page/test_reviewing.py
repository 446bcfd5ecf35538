"""Review, the switch of the bot and duty in a real browser: for everybody, by keyboard, and without a script."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ratchet.adapters.bot import scripts
from ratchet.domain.operations.people import Role
from tests.e2e.page.conftest import sign_in
from tests.e2e.page.playing import Shop, opened
from tests.e2e.page.test_looks import DESKTOP, PHONE, checked
from tests.events import name_of

pytestmark = [pytest.mark.e2e, pytest.mark.long]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A page with something of everything."""
    with opened(tmp_path, monkeypatch, time.time()) as made:
        yield made


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
    page.get_by_role("button", name="Stop the bot …").click()
    checked(page)
    page.get_by_role("button", name="Stop it").click()
    page.get_by_text("The bot is stopped on all replicas").wait_for()
    page.get_by_role("button", name="Let the bot answer again …").click()
    checked(page)
    page.goto(f"{shop.url}/review")
    checked(page)
    page.get_by_role("link", name="Older conversations").wait_for()
    page.goto(f"{shop.url}/review/{name_of('anna')}")
    page.get_by_text("Why", exact=True).first.click()
    page.locator("details[open]").get_by_text("No training message is near.").wait_for()
    checked(page)
    page.goto(f"{shop.url}/review/{name_of('ben')}")
    page.get_by_role("button", name="Make it a test").click()
    page.get_by_text("This conversation is a test").wait_for()
    checked(page)
    ended = {"ended": "returned by people/Ana", "ended_at": time.time() - 60}
    shop.queue.over = [{**shop.queue.row, **ended}]
    shop.queue.gone = True
    page.goto(f"{shop.url}/conversations")
    page.get_by_role("button", name="I am on duty").click()
    page.get_by_text("On duty: you since").wait_for()
    checked(page)
    page.get_by_role("link", name="web/anna").click()
    page.get_by_text("It ended").wait_for()
    checked(page)
    assert faults == []


def test_a_conversation_becomes_a_test_by_keyboard(shop: Shop, visit: Callable[..., Page]) -> None:
    """Found by its words, read, a message put right, and committed; a refusal keeps what was written."""
    page = visit(viewport=DESKTOP)
    sign_in(page, shop.url, shop.settings, "Ben", Role.LABEL)
    page.get_by_role("link", name="Review").focus()
    page.keyboard.press("Enter")
    page.get_by_label("With these words").focus()
    page.keyboard.type("glows")
    page.keyboard.press("Enter")
    page.wait_for_url("**find=glows**")
    link = page.get_by_role("row").filter(has_text="it glows").get_by_role("link")
    link.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Make it a test").wait_for()
    first, second = page.get_by_label("Right is").all()
    first.focus()
    page.keyboard.type("laptp")
    page.keyboard.press("Tab")
    second.focus()
    page.keyboard.type("nlu_fallback")
    page.get_by_role("button", name="Make it a test").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("There is no intent 'laptp' at message 1.")
    expect(first).to_have_value("laptp")
    first.fill("laptop")
    page.get_by_role("button", name="Make it a test").focus()
    page.keyboard.press("Enter")
    page.get_by_text("This conversation is a test").wait_for()
    text = (shop.settings.workspace / scripts.FILE).read_text(encoding="utf-8")
    assert "- {user: it glows and burns, intent: laptop}" in text
    assert "- {user: I want a person, intent: nlu_fallback}" in text


def test_the_page_works_without_its_script(shop: Shop, visit: Callable[..., Page]) -> None:
    """A browser that runs no script can look, filter, make a test and go on duty."""
    page = visit(viewport=PHONE, java_script_enabled=False)
    sign_in(page, shop.url, shop.settings, "Ben", Role.LABEL)
    page.goto(f"{shop.url}/review")
    page.get_by_label("Show", exact=True).select_option("rated badly")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row")).to_have_count(1)  # a narrow window shows no head
    page.get_by_role("row").get_by_role("link").click()
    expect(page.get_by_text("that was no help")).to_be_visible()
    page.get_by_role("button", name="Make it a test").click()
    page.get_by_text("This conversation is a test").wait_for()
    page.goto(f"{shop.url}/conversations")
    page.get_by_role("button", name="I am on duty").click()
    page.get_by_text("You are on duty for 12 hours.").wait_for()
