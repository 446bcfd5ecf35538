"""From a wrong answer to a released model, in a browser, without a terminal: real Rasa, DVC, MLflow and Prefect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from playwright.sync_api import Page, expect

from ratchet.adapters.page import record
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system import git
from ratchet.domain.operations.people import Role
from tests.e2e.cli import ROOT, Ratchet, example_workspace
from tests.e2e.page.conftest import serving, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.long]

RUN_MILLISECONDS = 900_000
WORDING = "Dial in again, please: intranet.example/vpn"
"""A conversation of the example wants the address in it."""
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
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
        page = visit(viewport=WIDE)
        enter(page, url, settings, "Ana", Role.RELEASE)
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


def test_a_changed_answer_is_heard_and_released_and_a_conversation_becomes_a_test(
    ratchet: Ratchet, visit: Callable[..., Page]
) -> None:
    """Heard, then published by a colleague; what a user wrote is found in Review, and becomes a test in Git."""
    settings = load_settings(ratchet.workspace)
    with serving(settings) as url:
        page = visit(viewport=WIDE)
        enter(page, url, settings, "Ben", Role.LABEL)

        page.get_by_role("link", name="Answers").click()
        page.get_by_role("link", name="Change the answer to vpn_problem for everybody else").click()
        page.get_by_role("textbox", name="Answer to vpn_problem").fill(WORDING)
        page.get_by_role("button", name="Save").click()
        page.get_by_role("link", name="Not published").click()
        page.get_by_role("link", name="Hear them in Try it").click()
        ask(page, "my vpn doesn't connect")
        live, changed = page.get_by_role("article").locator(".card").all()
        expect(changed).to_contain_text(WORDING)
        expect(live).not_to_contain_text(WORDING)

        other = visit(viewport=NARROW)
        enter(other, url, settings, "Dora", Role.RELEASE)
        other.get_by_role("link", name="Answers").click()
        other.get_by_role("link", name="is not published: look at it").click()
        other.get_by_role("button", name="Publish").click()
        ended(other, "Live:")
        bot = ratchet.json("status")["url"]
        answer = say(bot, "my vpn doesn't connect")
        assert WORDING in [one.get("text") for one in answer["messages"]]

        say(bot, "my vpn doesn't connect, write to a@shop.example", "someone")
        page.goto(f"{url}/review")
        row = page.get_by_role("row").filter(has_text="a@shop.example")
        for _ in range(200):  # events are written behind the reply's back
            if row.count():
                break
            page.reload()
        row.get_by_role("link").click()
        page.get_by_label("Right is").fill("vpn_problem")
        page.get_by_role("button", name="Make it a test").click()
        page.get_by_text("This conversation is a test").wait_for()
    committed = git.git(ratchet.workspace, "show", "--format=%s", "HEAD")
    assert committed.startswith("A conversation of production is a test (by Ben)")
    assert "write to <e-mail>" in committed
    assert git.git(ratchet.workspace, "status", "--porcelain", "--", "bot/tests") == ""


def test_a_conversation_that_the_bot_handed_over_is_answered_and_given_back(
    ratchet: Ratchet, visit: Callable[..., Page]
) -> None:
    """By a person at a phone: what they write reaches the user, what the user writes reaches them, the bot goes on."""
    clients = ratchet.workspace.parent / "clients.yml"
    clients.write_text(yaml.safe_dump([{"name": "people", "token": "p" * 24, "rights": ["handoff"]}]))
    with (ratchet.workspace / ".env").open("a") as file:
        file.write(f"RATCHET_CLIENT_TOKENS_FILE={clients}\n")
    ratchet("release", "champion")
    settings, bot = load_settings(ratchet.workspace), ratchet.json("status")["url"]
    assert say(bot, "i want to talk to a human")["handed_off"]
    with serving(settings) as url:
        page = visit(viewport=NARROW)
        enter(page, url, settings, "Cleo", Role.LABEL)
        page.get_by_role("link", name="People").click()
        page.get_by_role("link", name="anna").click()
        page.get_by_text("i want to talk to a human").first.wait_for()
        page.get_by_role("button", name="Take").click()
        page.get_by_label("Your reply").fill("What can I do for you?")
        page.get_by_role("button", name="Send").click()
        page.get_by_text("Sent to the person.").wait_for()
        assert say(bot, "My laptop speaks to me")["messages"] == []
        page.get_by_text("My laptop speaks to me").wait_for()
        page.get_by_role("button", name="Give back").click()
        page.get_by_role("status").get_by_text("Given back: the bot continues.").wait_for()
    heard = httpx.get(f"{bot}/chat/replies", params={"sender": "anna", "after": 0, "wait": 1}, timeout=60)
    assert [one["text"] for one in heard.raise_for_status().json()["replies"]] == ["What can I do for you?"]
    again = say(bot, "my vpn doesn't connect")
    assert again["messages"]
    assert not again.get("handed_off")


def enter(page: Page, url: str, settings: Settings, name: str, role: Role) -> None:
    """Sign somebody in who waits for what a run takes."""
    page.set_default_timeout(120_000)
    sign_in(page, url, settings, name, role)


def say(bot: str, message: str, sender: str = "anna") -> dict[str, Any]:
    """Write to the bot as a user, and return its answer."""
    said = {"sender": sender, "message": message}
    answer = httpx.post(f"{bot}/chat", json=said, timeout=60)
    assert answer.status_code == 200
    return dict(answer.json())


def ask(page: Page, message: str) -> None:
    """Write to the bots, and wait for what they say."""
    page.get_by_label("Message", exact=True).fill(message)
    page.get_by_role("button", name="Send").click()
    page.get_by_role("article").wait_for()


def ended(page: Page, said: str) -> None:
    """Wait for the end of a command, which is a good one."""
    page.get_by_text("Done after").wait_for(timeout=RUN_MILLISECONDS)
    expect(page.locator("pre")).to_contain_text(said)
