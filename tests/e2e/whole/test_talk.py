"""What people are told is not worse after a release: each kind of loss, on the real command line."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.fleet.fleet import ROOT
from tests.e2e.whole.pizzeria import BIRTHDAYS, CONTRADICTION, RULES, STORIES, Pizzeria, read_report

pytestmark = [pytest.mark.e2e, pytest.mark.long]

PARKING = "- rule: parking\n  steps:\n  - intent: parking\n  - action: utter_parking\n"
ENDS = RULES[RULES.index("- rule: order ends") :]
COURIER = (
    '  - condition: [{type: slot, name: role, value: courier}]\n    text: "Couriers stop at the side door."\n'
)
OPEN, BEHIND = "We are open from 11 to 23.", "Guests park behind the house."
TALKS = "bot/tests/conversations/talks.yml"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pizzeria]:
    """The bot, live."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    pizzeria = Pizzeria(tmp_path_factory.mktemp("pizzeria") / "bot")
    try:
        pizzeria.make()
        yield pizzeria
    finally:
        pizzeria.ratchet("stop")


@pytest.fixture
def bot(made: Pizzeria) -> Iterator[Pizzeria]:
    """The bot; what a case changes is taken back after it."""
    yield made
    made.restore()


def domain(old: str, new: str) -> Callable[[Pizzeria], None]:
    """A change of the domain."""
    return lambda bot: bot.edit("bot/domain.yml", old, new)


def swap(bot: Pizzeria) -> None:
    """Two intents get each other's answer."""
    for old, new in ((OPEN, "§"), (BEHIND, OPEN), ("§", BEHIND)):
        bot.edit("bot/domain.yml", old, new)


def swap_and_test(bot: Pizzeria) -> None:
    """And the test that would say so."""
    swap(bot)
    bot.edit(TALKS, "bot: from 11 to 23", "bot: behind the house")


def edit_test(bot: Pizzeria) -> None:
    """An answer loses what its test asks for, and the test asks no more."""
    bot.edit("bot/domain.yml", OPEN, "Come whenever you like.")
    bot.edit(TALKS, ", bot: from 11 to 23", "")


def raising(bot: Pizzeria) -> None:
    """The custom action raises."""
    bot.edit("bot/actions/weather.py", "        dispatcher", "        raise ValueError\n        dispatcher")


def contradiction(bot: Pizzeria) -> None:
    """A second story does otherwise after the same messages."""
    (bot.bot / "data" / "stories.yml").write_text(STORIES + CONTRADICTION)


def beside_new_messages(change: Callable[[Pizzeria], None]) -> Callable[[Pizzeria], None]:
    """A change of code in the same commit as new messages, so that a model is trained."""

    def both(bot: Pizzeria) -> None:
        bot.add("hours", ("open at easter", "still serving at ten"))
        change(bot)

    return both


def variation(bot: Pizzeria) -> None:
    """An answer gets a second wording, in which its test finds what it asks for, too."""
    bot.edit("bot/domain.yml", f'- text: "{OPEN}"\n', f'- text: "{OPEN}"\n  - text: "Daily from 11 to 23."\n')


def driver(bot: Pizzeria) -> None:
    """A context gets an answer of its own."""
    own = COURIER.replace("courier", "driver").replace("Couriers stop", "Drivers wait")
    bot.edit("bot/domain.yml", COURIER, COURIER + own)


def other_words(bot: Pizzeria) -> None:
    """The custom action says it otherwise."""
    bot.edit("bot/actions/weather.py", "The sun shines on the terrace.", "Sun on the terrace today.")


def new_conversation(bot: Pizzeria) -> None:
    """One more test, which holds."""
    (bot.workspace / TALKS).write_text(
        bot.read(TALKS)
        + "- name: a guest parks\n  steps:\n"
        + "  - {user: where can i park, intent: parking, bot: behind the house}\n"
    )


def renamed_by_hand(bot: Pizzeria) -> None:
    """An intent has another name in the data, and its rule goes: the answer stays behind."""
    bot.rename("parking", "car_space")
    bot.ratchet("ingest")
    bot.edit("bot/rules.yml", PARKING, "")


def birthday(answer: bool) -> Callable[[Pizzeria], None]:
    """A new intent, with its answer or without."""

    def change(bot: Pizzeria) -> None:
        bot.add("birthday", BIRTHDAYS)
        if answer:
            bot.edit(
                "bot/domain.yml",
                "  utter_welcome:",
                "  utter_birthday:\n  - text: Congratulations.\n  utter_welcome:",
            )

    return change


def table_form(bot: Pizzeria) -> None:
    """A new form, with its slot, its question, its rules and its intent."""
    bot.add("birthday", BIRTHDAYS)
    bot.edit("bot/domain.yml", "forms:\n", "forms:\n  party_form:\n    required_slots: [guests]\n")
    bot.edit(
        "bot/domain.yml",
        "forms:\n",
        "  guests:\n    type: text\n    influence_conversation: false\n"
        "    mappings: [{type: from_text, conditions: [{active_loop: party_form}]}]\nforms:\n",
    )
    bot.edit(
        "bot/domain.yml", "responses:\n", "responses:\n  utter_ask_guests:\n  - text: How many guests?\n"
    )
    rule = (
        "- rule: party\n  steps:\n  - intent: birthday\n  - action: party_form\n  - active_loop: party_form\n"
    )
    bot.edit("bot/rules.yml", "- rule: parking\n", f"{rule}- rule: parking\n")


def test_an_emptied_answer_is_no_release_of_code(bot: Pizzeria) -> None:
    """Nothing is trained, the page has both texts, and what served serves."""
    before = bot.ratchet.json("status")["manifest"]["id"]
    bot.edit("bot/domain.yml", f'- text: "{BEHIND}"', '- text: ""')
    said = bot.ratchet("release", code=1)
    assert "Rejected by the rule answer" in said
    assert "got no answer any more" in said
    page = Path(next(word for word in said.split() if word.endswith("code.html.")).rstrip("."))
    assert BEHIND in page.read_text()
    assert bot.ratchet.json("status")["manifest"]["id"] == before


def test_a_better_answer_is_a_release_of_code(bot: Pizzeria) -> None:
    """And so is the way back to the words of before."""
    bot.edit("bot/domain.yml", f'- text: "{BEHIND}"', '- text: "Dear guests, park behind the house."')
    assert "Live:" in bot.ratchet("release")
    bot.restore()
    assert "Live:" in bot.ratchet("release")


@pytest.mark.parametrize(
    ("change", "verdict", "said"),
    [
        pytest.param(swap, "Rejected", "from 11 to 23", id="swapped against a test"),
        pytest.param(
            swap_and_test, "Asks", "`hours` is answered with what `parking`", id="swapped with the test"
        ),
        pytest.param(domain(COURIER, ""), "Rejected", "lost the answer of its own", id="a context's answer"),
        pytest.param(raising, "Rejected", "action_weather (500) failed", id="an action that raises"),
        pytest.param(edit_test, "Asks", "edited since then", id="a test edited so that it passes"),
    ],
)
def test_new_code_that_says_worse_things_is_not_released(
    bot: Pizzeria, change: Callable[[Pizzeria], None], verdict: str, said: str
) -> None:
    """Each would go out without training, and did."""
    change(bot)
    printed = " ".join(bot.ratchet("release", code=1).split())
    assert verdict in printed
    assert said in printed


def test_a_person_lets_swapped_answers_through_for_this_code_alone(bot: Pizzeria) -> None:
    """The remedy that the refusal prints works; other code is refused under the same approval."""
    swap_and_test(bot)
    bot.ratchet("release", code=1)
    printed = bot.ratchet("approve", "1", "--by", "Mira", "--reason", "the house moved")
    assert "Live" in printed or "version 1" in printed
    live = bot.ratchet.json("status")["manifest"]
    assert live["override"]["by"] == "Mira"
    bot.edit("bot/domain.yml", COURIER, "")
    assert "Mira's decision is about other code" in " ".join(bot.ratchet("release", code=1).split())
    bot.restore()
    bot.ratchet("approve", "1", "--by", "Mira", "--reason", "back")


@pytest.mark.parametrize(
    ("change", "verdict", "said"),
    [
        pytest.param(
            domain("[size, drink]\nresponses", "[size]\nresponses"),
            "reject",
            "does not ask for drink",
            id="slot",
        ),
        pytest.param(lambda bot: bot.edit("bot/rules.yml", ENDS, ""), "reject", "“an order”", id="rule"),
        pytest.param(contradiction, "reject", "hours, then thanks", id="contradicting story"),
        pytest.param(renamed_by_hand, "reject", "got the stand-in", id="renamed without its answer"),
        pytest.param(birthday(answer=False), "ask", "without an answer", id="new intent without answer"),
        pytest.param(
            beside_new_messages(domain(f'- text: "{BEHIND}"', '- text: ""')),
            "reject",
            "got no answer any more",
            id="emptied answer",
        ),
        pytest.param(
            beside_new_messages(domain(COURIER, "")),
            "reject",
            "lost the answer of its own",
            id="a context's answer",
        ),
        pytest.param(
            beside_new_messages(raising), "reject", "action_weather (500) failed", id="an action that raises"
        ),
        pytest.param(
            beside_new_messages(swap_and_test),
            "ask",
            "`hours` is answered with what `parking`",
            id="swapped with the test",
        ),
        pytest.param(
            beside_new_messages(edit_test), "ask", "edited since then", id="a test edited so that it passes"
        ),
    ],
)
def test_a_model_that_is_worse_to_talk_to_is_not_promoted(
    bot: Pizzeria, change: Callable[[Pizzeria], None], verdict: str, said: str
) -> None:
    """Its intents are recognised as well as ever."""
    change(bot)
    summary = bot.judge()
    assert summary["verdict"] == verdict, summary["reasons"]
    assert any(said in reason for reason in summary["reasons"]), summary["reasons"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(birthday(answer=True), id="new intent with answer"),
        pytest.param(table_form, id="new form"),
        pytest.param(
            lambda bot: bot.add("hours", ("open at easter", "still serving at ten")), id="more examples"
        ),
        pytest.param(
            lambda bot: bot.edit(
                "bot/data/stories.yml",
                "stories:\n",
                "stories:\n- story: parking, then thanks\n  steps:\n  - intent: parking\n  - action: utter_parking\n"
                "  - intent: thanks\n  - action: utter_welcome\n",
            ),
            id="new story",
        ),
        pytest.param(
            beside_new_messages(domain(BEHIND, "Dear guests, park behind the house.")), id="better wording"
        ),
        pytest.param(beside_new_messages(driver), id="an answer for a context"),
        pytest.param(beside_new_messages(new_conversation), id="new conversation"),
    ],
)
def test_honest_changes_are_promoted_without_a_question(
    bot: Pizzeria, change: Callable[[Pizzeria], None]
) -> None:
    """A gate that asks about everything is switched off."""
    change(bot)
    summary = bot.judge()
    assert summary["verdict"] == "promote", summary["reasons"]


def test_honest_changes_of_code_alone_are_released_without_a_question(bot: Pizzeria) -> None:
    """One after the other, each a release of its own: variations, a context's answer, an action; a test is none."""
    before = bot.ratchet.json("status")["manifest"]["id"]
    for change in (variation, driver, other_words):
        change(bot)
        assert "Live:" in bot.ratchet("release"), change.__doc__
    new_conversation(bot)
    assert "Already live:" in bot.ratchet("release")
    bot.ratchet("rollback", "--to", before)


def test_a_renamed_intent_keeps_its_answer_and_its_accuracy(bot: Pizzeria) -> None:
    """`ratchet rename` changes data, domain, rules, stories and tests in one commit; the verdict says what it saw."""
    printed = bot.ratchet("rename", "parking", "car_space")
    assert "parking → car_space (35 messages)" in printed
    assert "car_space" in bot.read("bot/rules.yml")
    assert "intent: car_space" in bot.read(TALKS)
    clean = subprocess.run(
        ["git", "status", "--porcelain"], cwd=bot.workspace, capture_output=True, text=True, check=True
    ).stdout
    assert clean == ""
    assert "parking → car_space (35 of 35)" in bot.ratchet("data", "diff", "HEAD~1")
    summary = bot.judge()
    assert summary["verdict"] == "promote", summary["reasons"]
    assert any("renamed parking → car_space (35 of 35)" in reason for reason in summary["reasons"])
    report = read_report(summary)
    assert report["champion"]["accuracy"] == pytest.approx(report["candidate"]["accuracy"], abs=0.1)
    bot.git("reset", "-q", "--hard", "HEAD~1")


def test_a_rename_by_hand_is_recognised_and_what_it_forgot_is_named(bot: Pizzeria) -> None:
    """By file and line, at validation and at the ingest; the command that is printed finishes it."""
    bot.rename("parking", "van_space")
    for words in (("validate", "--no-review"), ("ingest",)):
        printed = " ".join(bot.ratchet(*words).split())
        assert "renamed: parking → van_space (35 of 35)" in printed
        assert "bot/rules.yml:" in printed
        assert "ratchet rename parking van_space" in printed
    bot.ratchet("rename", "parking", "van_space")
    assert "intent: parking" not in bot.read("bot/rules.yml")
    bot.git("reset", "-q", "--hard", "HEAD~1")
