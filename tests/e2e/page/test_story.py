"""From a wrong answer to a released model, in a browser, without a terminal: real Rasa, DVC, MLflow and Prefect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ratchet.adapters.page import record
from ratchet.adapters.settings import load_settings
from ratchet.domain.operations.people import Role
from tests.e2e.cli import ROOT, Ratchet, example_workspace
from tests.e2e.page.conftest import serving, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.long]

RUN_MILLISECONDS = 900_000
MESSAGE = "the glowing rectangle on my desk has given up its ghost"


@pytest.fixture(scope="module")
def ratchet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ratchet]:
    """A workspace whose bot is live."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    made = example_workspace(Path(tmp_path_factory.mktemp("story")) / "helpdesk")
    made("retrain")
    yield made
    made("stop")


def test_from_a_wrong_answer_to_a_released_model(ratchet: Ratchet, visit: Callable[..., Page]) -> None:
    """Asked, found wrong, labelled, taken in, retrained, released, asked beside the version before, rolled back."""
    settings = load_settings(ratchet.workspace)
    with serving(settings) as url:
        page = visit(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(120_000)
        sign_in(page, url, settings, "Ana", Role.RELEASE)
        expect(page.get_by_text("Serves on every replica")).to_be_visible()

        page.get_by_role("link", name="Try it").click()
        ask(page, MESSAGE)
        page.get_by_text("Why, and what is right").click()
        page.get_by_label("The right intent").select_option("report_lost_device")
        page.get_by_role("button", name="This is wrong: label it").click()
        page.get_by_text("On the labelling list, as report_lost_device.").wait_for()

        page.get_by_role("link", name="Try it").click()
        page.get_by_role("button", name="Take into the corpus").click()
        ended(page, "Taken in")

        page.get_by_role("link", name="Home").first.click()
        page.get_by_role("button", name="Retrain …").click()
        page.get_by_role("dialog").get_by_role("button", name="Retrain").click()
        ended(page, "Released.")

        page.get_by_role("link", name="Try it").click()
        page.get_by_label("Beside the live bot").select_option("1")
        ask(page, MESSAGE)
        expect(page.get_by_role("article").locator(".card")).to_have_count(2)
        expect(page.get_by_role("article").get_by_role("alert")).to_have_count(0)

        page.get_by_role("link", name="Home").click()
        page.get_by_role("button", name="Roll back …").click()
        page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
        ended(page, "Back on release")
    assert ratchet.json("status")["model_version"] == "1"
    routes = [act.route for act in record.newest(settings) if act.by == "Ana" and not act.refused]
    assert routes[::-1] == [
        "/sign-in",
        "/try/say",
        "/try/wrong",
        "/try/take",
        "/retrain",
        "/try/say",
        "/rollback",
    ]


def ask(page: Page, message: str) -> None:
    """Write to the bots, and wait for what they say."""
    page.get_by_label("Message", exact=True).fill(message)
    page.get_by_role("button", name="Send").click()
    page.get_by_role("article").wait_for()


def ended(page: Page, said: str) -> None:
    """Wait for the end of a command, which is a good one."""
    page.get_by_text("Done after").wait_for(timeout=RUN_MILLISECONDS)
    expect(page.locator("pre")).to_contain_text(said)
