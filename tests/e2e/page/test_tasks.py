"""What people have to do, played as someone would who has read nothing: with the presses that the decision names."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ratchet.adapters.bot import scripts
from ratchet.adapters.monitoring import labels
from ratchet.adapters.page import corrections
from ratchet.domain.operations.people import Role
from tests.e2e.page.conftest import sign_in
from tests.e2e.page.playing import Hand, Shop, opened
from tests.e2e.page.test_looks import DESKTOP, PHONE

pytestmark = [pytest.mark.e2e, pytest.mark.long]

DOCUMENT = Path(__file__).parents[3] / "docs" / "decisions" / "page-tasks.md"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A page with something of everything."""
    with opened(tmp_path, monkeypatch, time.time()) as made:
        yield made


def find_what_is_live(shop: Shop, hand: Hand) -> None:
    card = hand.page.get_by_role("region", name="Live")
    expect(card).to_contain_text("Version 1")
    expect(card).to_contain_text("2026-11-21-3fa9c1")


def go_back(shop: Shop, hand: Hand) -> None:
    hand.press(hand.page.get_by_role("button", name="Roll back …"))
    expect(hand.page.get_by_role("dialog")).to_contain_text("2026-11-14-aa0001")
    hand.press(hand.page.get_by_role("dialog").get_by_role("button", name="Roll back"))
    hand.page.wait_for_url("**/jobs/**")
    assert shop.begun == [("rollback", "--to=2026-11-14-aa0001")]


def correct_a_wrong_answer(shop: Shop, hand: Hand) -> None:
    hand.press(hand.page.get_by_role("link", name="Try it"))
    hand.page.get_by_label("Message", exact=True).fill("it glows")
    hand.press(hand.page.get_by_role("button", name="Send"))
    hand.press(hand.page.get_by_text("Why, and what is right"))
    hand.page.get_by_label("The right intent").select_option("laptop")
    hand.press(hand.page.get_by_role("button", name="This is wrong: label it"))
    hand.page.get_by_text("On the labelling list, as laptop.").wait_for()
    [row] = corrections.read(shop.settings)
    assert (row["text"], row["intent"]) == ("it glows", "laptop")


def label_twenty_messages(shop: Shop, hand: Hand) -> None:
    hand.press(hand.page.get_by_role("link", name=re.compile("messages to label")))
    for intent in ("laptop", "laptop", "leave", "leave"):
        cards = hand.page.locator("[data-card]")
        left = cards.count()
        hand.press(cards.first.get_by_role("button", name=intent, exact=True))
        expect(cards).to_have_count(left - 1)
    found = labels.read(labels.newest_samples(shop.settings)[0])
    assert [one.mark.intent for one in found] == ["laptop"] * 10 + ["leave"] * 10


def publish_a_corrected_typing_error(shop: Shop, hand: Hand) -> None:
    hand.press(hand.page.get_by_role("link", name="Answers"))
    hand.press(hand.page.get_by_role("link", name="Change the answer to leave for everybody else"))
    hand.page.get_by_role("textbox", name="Answer to leave for everybody else").fill("Ask HR.")
    hand.press(hand.page.get_by_role("button", name="Save"))
    hand.press(hand.page.get_by_role("link", name="Not published"))
    hand.press(hand.page.get_by_role("button", name="Publish"))
    hand.page.wait_for_url("**/jobs/**")
    assert shop.begun == [("release", "champion")]
    assert "Ask HR." in (shop.settings.bot / "domain.yml").read_text(encoding="utf-8")


def answer_a_person(shop: Shop, hand: Hand) -> None:
    hand.press(hand.page.get_by_role("link", name=re.compile("handed-over conversation")))
    hand.press(hand.page.get_by_role("link", name="web/anna"))
    shop.queue.row |= {"taken_by": f"people/{WHO}", "taken_until": 4e9}
    hand.press(hand.page.get_by_role("button", name="Take"))
    hand.page.get_by_label("Your reply").fill("One moment.")
    hand.press(hand.page.get_by_role("button", name="Send to the person"))
    hand.page.get_by_text("Sent to the person.").wait_for()
    assert [path for path, _ in shop.queue.changes()] == ["/handoff/take", "/handoff/reply"]


def approve_a_model(shop: Shop, hand: Hand) -> None:
    hand.page.get_by_label("Why it may go live").fill("looked at by hand")
    hand.press(hand.page.get_by_role("button", name="Approve and release"))
    hand.page.wait_for_url("**/jobs/**")
    assert shop.begun == [
        ("approve", "8", f"--by={WHO}", "--reason=looked at by hand", "--expires=7d"),
    ]


def find_why_yesterdays_conversation_failed(shop: Shop, hand: Hand) -> None:
    hand.press(hand.page.get_by_role("link", name="Review"))
    hand.page.get_by_label("Show", exact=True).select_option("failed")
    hand.press(hand.page.get_by_role("button", name="Show"))
    hand.press(hand.page.get_by_role("row").filter(has_text="and a laptop").get_by_role("link"))
    expect(hand.page.get_by_text("Failed: the person got no answer.")).to_be_visible()
    expect(hand.page.get_by_text("I need leave in May")).to_be_visible()


def make_a_test_of_a_conversation(shop: Shop, hand: Hand) -> None:
    hand.press(hand.page.get_by_role("link", name="Review"))
    hand.press(hand.page.get_by_role("row").filter(has_text="how do I get leave").get_by_role("link"))
    hand.press(hand.page.get_by_role("button", name="Make it a test"))
    hand.page.get_by_text("This conversation is a test").wait_for()
    assert "how do I get leave" in (shop.settings.workspace / scripts.FILE).read_text(encoding="utf-8")


def stop_the_bot(shop: Shop, hand: Hand) -> None:
    hand.press(hand.page.get_by_role("button", name="Stop the bot …"))
    hand.press(hand.page.get_by_role("button", name="Stop it"))
    hand.page.get_by_text("The bot is stopped on all replicas").wait_for()
    assert shop.switch.pause_now is not None


WHO = "Ana"
TASKS: tuple[Callable[[Shop, Hand], None], ...] = (
    find_what_is_live,
    go_back,
    correct_a_wrong_answer,
    label_twenty_messages,
    publish_a_corrected_typing_error,
    answer_a_person,
    approve_a_model,
    find_why_yesterdays_conversation_failed,
    make_a_test_of_a_conversation,
    stop_the_bot,
)


def written() -> dict[str, int]:
    """Return the presses of each task, as the decision has them."""
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    return {name.strip(): int(number) for name, number in rows}


def named(task: Callable[[Shop, Hand], None]) -> str:
    """Return a task's name in the decision."""
    return task.__name__.replace("_", " ").replace("yesterdays", "yesterday's")


def test_each_task_that_is_written_down_is_played() -> None:
    """None is only written, and none only played."""
    assert list(written()) == [named(task) for task in TASKS]


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("task", TASKS, ids=named)
def test_a_task_takes_as_many_presses_as_is_written(
    shop: Shop, visit: Callable[..., Page], task: Callable[[Shop, Hand], None], size: dict[str, int]
) -> None:
    """From Home, signed in, on a phone and on a desk."""
    page = visit(viewport=size)
    sign_in(page, shop.url, shop.settings, WHO, Role.RELEASE)
    hand = Hand(page)
    task(shop, hand)
    assert hand.presses == written()[named(task)]
