"""Labelling in a real browser: with the keyboard alone, by two people, from the first message to the corpus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ratchet.adapters.monitoring import labels
from ratchet.adapters.page import jobs, looks, new_intents
from ratchet.adapters.settings import Settings, load_settings
from ratchet.domain.operations.people import Role
from tests.adapters.page.samples import MESSAGES, SAMPLE, draw, shop
from tests.adapters.page.sights import found
from tests.e2e.page.conftest import serving, sign_in
from tests.e2e.page.test_looks import DESKTOP, PHONE, checked

pytestmark = [pytest.mark.e2e, pytest.mark.long]

Site = tuple[str, Settings]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A served page with four messages to label, of which two are similar."""
    (tmp_path / "shop" / "bot").mkdir(parents=True)
    (tmp_path / "shop" / "params.yaml").write_text("", encoding="utf-8")
    monkeypatch.setattr(looks, "look", lambda settings: found("It fell below the target."))
    settings = shop(load_settings(tmp_path / "shop"))
    with serving(settings) as url:
        yield url, settings


def intents(settings: Settings) -> list[str]:
    """The labels of the sample as they are on the disk."""
    return [one.mark.intent for one in labels.read(labels.newest_samples(settings)[0])]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_each_state_of_the_page_is_for_everybody(
    site: Site, visit: Callable[..., Page], size: dict[str, int], scheme: str
) -> None:
    """No violation that axe knows of, nothing wider than the window, and no error in the browser's console."""
    url, settings = site
    draw(settings, [*MESSAGES, ("w" * 300, "", "leave", 0.6)])
    page = visit(viewport=size, color_scheme=scheme)
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda asked: faults.append(asked.url) if not asked.url.startswith(url) else None)
    sign_in(page, url, settings, "Ana", Role.LABEL)
    page.goto(f"{url}/label?find=laptop")
    checked(page)
    page.goto(f"{url}/label")
    for closed in page.locator("details").all():
        closed.locator("summary").click()
    checked(page)
    page.get_by_role("button", name="laptop", exact=True).first.click()
    page.get_by_text("by Ana").first.wait_for()
    checked(page)
    page.get_by_role("link", name="New intent").first.click()
    page.get_by_role("heading", name="A new intent").wait_for()
    checked(page)
    page.goto(f"{url}/label?state=labelled")
    checked(page)
    assert faults == []


def test_the_keyboard_is_enough(
    site: Site, visit: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the page to the corpus without a mouse: a group, a typed intent, not sure, undo, a new intent, taken in."""
    url, settings = site
    monkeypatch.setattr(
        jobs, "start", lambda settings, what, words, by: jobs.Job("1-00000000", what, tuple(words), by, 1.0)
    )
    page = visit(viewport=DESKTOP)
    sign_in(page, url, settings, "Ana", Role.LABEL)
    page.goto(f"{url}/label")
    cards = page.locator("[data-card]")
    expect(cards.first).to_be_focused()
    page.keyboard.press("j")
    expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(cards.first).to_be_focused()
    page.keyboard.press("1")
    expect(page.get_by_text("by Ana")).to_have_count(2)
    assert intents(settings) == ["laptop", "laptop", "", ""]
    expect(cards.first).to_be_focused()
    page.keyboard.press("t")
    expect(cards.first.get_by_label("Another intent")).to_be_focused()
    page.keyboard.type("laptp")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("There is no intent")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("leave")
    page.keyboard.press("Enter")
    expect(page.get_by_text("by Ana")).to_have_count(3)
    assert intents(settings) == ["laptop", "laptop", "leave", ""]
    expect(cards.first).to_be_focused()
    page.keyboard.press("u")
    expect(cards).to_have_count(2)
    assert intents(settings) == ["laptop", "laptop", "", ""]
    expect(cards.first).to_contain_text("may I go home")
    expect(cards.first).to_be_focused()
    page.keyboard.press("n")
    page.get_by_text("1 not sure").wait_for()
    expect(cards.first).to_be_focused()
    page.keyboard.press("i")
    page.get_by_label("Name").fill("lost_parcel")
    page.get_by_label("The first answer").fill("We look for it.")
    page.get_by_role("button", name="Make it").press("Enter")
    page.get_by_text("made the intent lost_parcel").wait_for()
    expect(cards.first).to_be_focused()
    page.keyboard.press("t")
    page.keyboard.type("lost_parcel")
    page.keyboard.press("Enter")
    page.get_by_text("An intent needs 10 messages; these wait for more: lost_parcel (1)").wait_for()
    expect(page.locator("#main")).to_be_focused()
    assert intents(settings) == ["laptop", "laptop", "", "lost_parcel"]
    assert [one.name for one in new_intents.read(settings)] == ["lost_parcel"]
    page.get_by_role("button", name="Take 2 messages into the corpus").press("Enter")
    page.wait_for_url("**/jobs/**")


def test_two_people_label_without_collision(site: Site, visit: Callable[..., Page]) -> None:
    """The second one has nothing of the first one's; where both look at a message, the later one sees whose it is."""
    url, settings = site
    ana, ben = visit(viewport=DESKTOP), visit(viewport=PHONE)
    sign_in(ana, url, settings, "Ana", Role.LABEL)
    sign_in(ben, url, settings, "Ben", Role.LABEL)
    for page in (ana, ben):
        page.goto(f"{url}/label")
    expect(ben.get_by_text("All that is left is with others.")).to_be_visible()
    expect(ben.get_by_text("Ana is labelling 4 messages")).to_be_visible()
    ben.get_by_role("link", name="Show these, too").click()
    ben.get_by_role("button", name="leave", exact=True).last.wait_for()
    ana.get_by_text("where is my parcel", exact=True).wait_for()
    ana.get_by_role("button", name="leave", exact=True).last.click()
    ana.get_by_text("by Ana").wait_for()
    ben.get_by_role("button", name="leave", exact=True).last.click()
    expect(ben.get_by_role("alert")).to_contain_text("settled meanwhile")
    expect(ben.get_by_role("alert")).to_contain_text("by Ana")
    ben.get_by_role("alert").get_by_role("link", name="Change").click()
    ben.get_by_text("labelled leave by Ana").wait_for()
    one = labels.read(labels.newest_samples(settings)[0])[3]
    assert (one.mark.intent, one.mark.by) == ("leave", "Ana")


def test_the_page_works_without_its_script(site: Site, visit: Callable[..., Page]) -> None:
    """A browser that runs no script labels, takes back, and brings a file."""
    url, settings = site
    page = visit(viewport=PHONE, java_script_enabled=False)
    sign_in(page, url, settings, "Ben", Role.LABEL)
    page.goto(f"{url}/label")
    page.get_by_label("the laptop is broken again").uncheck()
    page.get_by_role("button", name="laptop", exact=True).first.click()
    page.get_by_text("marked 1 message as laptop").wait_for()
    assert intents(settings) == ["laptop", "", "", ""]
    page.get_by_role("button", name="Undo the last").click()
    page.get_by_text("took 1 label back").wait_for()
    page.get_by_text("Bring labels from a file").click()
    page.get_by_label("A table, or an export").set_input_files(
        {"name": "x.csv", "mimeType": "text/csv", "buffer": b"text,intent\nmay I go home,leave\n"}
    )
    page.get_by_role("button", name="Bring").click()
    page.get_by_text("1 message labelled").wait_for()
    assert intents(settings) == ["", "", "leave", ""]
    with page.expect_download() as sent:
        page.get_by_role("link", name="CSV").click()
    assert sent.value.suggested_filename == f"{SAMPLE}-csv.csv"
