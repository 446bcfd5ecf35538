"""The page in a real browser: phone and desktop, light and dark, with the keyboard alone, and for everybody (axe)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from ratchet.adapters.page import known, looks, try_it
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings, load_settings
from ratchet.domain.operations.people import Role
from tests.adapters.page.sights import found
from tests.adapters.page.test_try_it import PARAMS, repeated
from tests.domain.release.test_manifest import model, release
from tests.e2e.page.conftest import serving, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.long]

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
PATHS = ("/", "/try")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Settings]]:
    """A served page on which everything waits, and a bot that repeats what it is told."""
    (tmp_path / "shop" / "bot").mkdir(parents=True)
    (tmp_path / "shop" / "params.yaml").write_text(PARAMS, encoding="utf-8")
    monkeypatch.setattr(looks, "look", lambda settings: found("It fell below the target."))
    monkeypatch.setattr(Registry, "live", lambda self: release("2026-11-21-3fa9c1"))
    monkeypatch.setattr(Registry, "models", lambda self: [model("8"), model("1")])
    monkeypatch.setattr(try_it, "live_bot", lambda settings, who, text, context: (repeated(text), None))
    monkeypatch.setattr(try_it, "nearest", lambda settings, text: ())
    monkeypatch.setattr(known, "counts", lambda settings: {"laptop": 20, "leave": 20})
    settings = load_settings(tmp_path / "shop")
    with serving(settings) as url:
        yield url, settings


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_each_page_is_for_everybody(
    site: tuple[str, Settings], visit: Callable[..., Page], size: dict[str, int], scheme: str
) -> None:
    """No violation that axe knows of, nothing wider than the window, and no error in the browser's console."""
    url, settings = site
    page = visit(viewport=size, color_scheme=scheme)
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda asked: faults.append(asked.url) if not asked.url.startswith(url) else None)
    page.goto(f"{url}/sign-in")
    checked(page)
    sign_in(page, url, settings, "Ana", Role.RELEASE)
    for path in PATHS:
        page.goto(f"{url}{path}")
        checked(page)
    page.get_by_label("Message", exact=True).fill("hello")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Why, and what is right").click()
    page.get_by_text("No training message is near.").wait_for()
    checked(page)
    assert faults == []


def checked(page: Page) -> None:
    """Look at a page as axe does, and at its width."""
    seen = Axe().run(page)
    assert seen.violations_count == 0, seen.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_keyboard_is_enough(site: tuple[str, Settings], visit: Callable[..., Page]) -> None:
    """From the skip link to a question before a retrain, which Escape takes back, without a mouse."""
    url, settings = site
    page = visit(viewport=DESKTOP)
    sign_in(page, url, settings, "Ana", Role.RELEASE)
    page.keyboard.press("Tab")
    expect(page.get_by_text("To the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").startswith("Retrain"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Retrain now?")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("button", name="Retrain")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto(f"{url}/try")
    page.keyboard.type("hello")
    page.keyboard.press("Enter")
    page.get_by_role("article").get_by_text("hello").first.wait_for()
    expect(page.get_by_label("Message", exact=True)).to_be_focused()


def test_the_page_works_without_its_script(site: tuple[str, Settings], visit: Callable[..., Page]) -> None:
    """A browser that runs no script can still talk to the bot and put an answer right."""
    url, settings = site
    page = visit(viewport=PHONE, java_script_enabled=False)
    sign_in(page, url, settings, "Ben", Role.LABEL)
    page.goto(f"{url}/try")
    page.get_by_label("Message", exact=True).fill("hello")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Why, and what is right").click()
    page.get_by_label("The right intent").select_option("laptop")
    page.get_by_role("button", name="This is wrong: label it").click()
    page.get_by_text("On the labelling list, as laptop.").wait_for()
    expect(page.get_by_role("button", name="Take into the corpus")).to_be_visible()
