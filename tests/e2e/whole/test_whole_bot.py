"""A verified release means that the whole bot is not worse: each kind of loss, on the real command line."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ratchet.domain.corpus.annotations import parse
from tests.e2e.fleet.fleet import ROOT
from tests.e2e.service import until
from tests.e2e.whole.traveller import Traveller, dishes, flights, read_report, swapped, weather

pytestmark = pytest.mark.e2e

TABLES = "lookup", "synonym"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traveller]:
    """The bot, live."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    traveller = Traveller(tmp_path_factory.mktemp("traveller") / "bot")
    try:
        traveller.make()
        yield traveller
    finally:
        traveller.ratchet("stop")


@pytest.fixture
def bot(made: Traveller) -> Iterator[Traveller]:
    """The bot; what a case changes is taken back after it."""
    yield made
    made.restore()


@pytest.mark.long
def test_all_annotations_removed_and_a_must_that_goes_wrong_are_rejected(bot: Traveller) -> None:
    """The champion goes on serving; the verdict's first line names both rules."""
    assert "Added from the corpus" in bot.ratchet("must", "add", "good morning")
    bot.ratchet("must", "add", "the pilot is ill", "--intent", "greet")
    assert [one["message"] for one in bot.ratchet.json("must", "list")] == [
        "good morning",
        "the pilot is ill",
    ]
    bot.rewrite(lambda text: parse(text).text)
    summary = bot.ratchet.json("retrain")
    assert summary["outcome"] == "rejected"
    first, *_ = summary["reasons"]
    assert first.startswith("Rejected by 2 rules (vanished entities, must never go wrong): ")
    assert "`city`" in first
    assert any("“the pilot is ill”: `greet`, answered `" in reason for reason in summary["reasons"])
    live = bot.ratchet.json("status")["manifest"]
    assert live["model_version"] == "1"


@pytest.mark.long
def test_a_must_that_was_corrected_is_judged_again(bot: Traveller) -> None:
    """The remedy that the verdict prints works: the entry is corrected, nothing else, and the model is promoted."""
    bot.ratchet("must", "add", "good morning", "--intent", "book_flight")
    bot.add("greet", ["how nice that you found the way here", "what a pleasure, dear bot"])
    assert bot.ratchet.json("retrain")["outcome"] == "rejected"
    bot.edit("bot/tests/must.yml", r"intent: book_flight", "intent: greet")
    again = bot.ratchet.json("retrain", "--trial")
    assert (again["verdict"], again["reasons"][0].split(":")[0]) == ("promote", "No rule objects")


@pytest.mark.long
def test_swapped_roles_are_rejected(bot: Traveller) -> None:
    """Holdout and training changed alike, so the candidate looks right: what was annotated before tells."""
    bot.rewrite(swapped)
    summary = bot.judge()
    assert summary["verdict"] == "reject"
    assert any("`city (from)`" in reason for reason in summary["reasons"])


@pytest.mark.long
def test_a_lost_lookup_table_that_carried_the_recall_is_rejected(bot: Traveller) -> None:
    """No annotation and no message changed; the candidate finds the dishes no more."""
    (bot.workspace / "data" / "extras" / "lookup.yml").unlink()
    bot.ratchet("ingest")
    summary = bot.judge()
    assert summary["verdict"] == "reject"
    assert "entity" in summary["reasons"][0]
    assert any("`dish`" in reason and "not found" in reason for reason in summary["reasons"])
    assert read_report(summary)["whole"]["entities"]["lost"]


@pytest.mark.long
def test_an_emptied_map_of_synonyms_is_rejected(bot: Traveller) -> None:
    """`muc` is found as before, and the slot would get `muc` in place of `munich`."""
    (bot.workspace / "data" / "extras" / "synonym.yml").unlink()
    bot.ratchet("ingest")
    summary = bot.judge()
    assert summary["verdict"] == "reject"
    assert any("`muc` for `munich`" in reason for reason in summary["reasons"])


@pytest.mark.long
def test_a_threshold_with_which_nothing_falls_back_asks(bot: Traveller) -> None:
    """Every message gets some answer from then on."""
    bot.edit(
        "bot/config.yml", r"^(- name: ratchet_bot.components.classifier.*)$", r"\1\n  in_scope_loss: null"
    )
    summary = bot.judge()
    assert summary["verdict"] == "ask"
    assert summary["reasons"][0].startswith("Asks because of the rule fallback")


@pytest.mark.long
@pytest.mark.parametrize("change", ["entities", "examples", "a type", "tables"])
def test_honest_changes_are_promoted_without_a_question(bot: Traveller, change: str) -> None:
    """More entities, more examples, a new type of entity, longer tables of dishes and of synonyms."""
    match change:
        case "entities":
            bot.add("ask_weather", [*weather(24, 240)])
            bot.add("book_flight", [*flights(24, 240)])
            bot.add("order_dish", [*dishes(24, 90)])
        case "examples":
            bot.add(
                "greet", ["hello from the mountains", "a good evening, machine", "hi, it is me once more"]
            )
        case "tables":
            lookup, synonym = (bot.workspace / "data" / "extras" / f"{name}.yml" for name in TABLES)
            lookup.write_text(lookup.read_text().rstrip() + "\n    - midnightgoulash\n")
            synonym.write_text(
                synonym.read_text().rstrip() + "\n- synonym: hamburg\n  examples: |\n    - hh\n"
            )
            bot.ratchet("ingest")
        case _:
            bot.rewrite(
                lambda text: text.replace("today", "[today](day)").replace("tonight", "[tonight](day)")
            )
            bot.add("ask_weather", [f"{text} [tomorrow](day)" for text in weather(24, 240)])
    summary = bot.judge()
    assert summary["verdict"] == "promote", summary["reasons"]


@pytest.mark.long
def test_real_messages_are_answered_by_both_and_stay_here(bot: Traveller) -> None:
    """What changes is listed with its reading; an address is masked, and no copy of the messages is left."""
    talk(bot, 120)
    bot.edit(
        "bot/config.yml", r"^(- name: ratchet_bot.components.classifier.*)$", r"\1\n  in_scope_loss: null"
    )
    summary = bot.judge()
    found = read_report(summary)["whole"]["recent"]
    assert found["messages"] == 121  # 120 and the one that they are made like
    assert found["changed"] == found["unexpected"] > 0
    assert summary["verdict"] == "ask"
    page = Path(summary["report"])
    assert "<e-mail>" in page.with_name("report.json").read_text()
    for file in page.parent.rglob("*"):
        assert not file.is_file() or b"zorblatt@example.org" not in file.read_bytes(), file


def talk(bot: Traveller, number: int) -> None:
    """Write messages into the events, as the bot's channel does: one in three is of words that nobody knows."""
    file = bot.workspace / ".ratchet" / "events" / "messages.db"
    bot.ratchet("chat", "hello there")
    row = until(60, lambda: newest(file))  # it is written after the reply
    with sqlite3.connect(file) as database:
        names = [name for _, name, *_ in database.execute("PRAGMA table_info(messages)")]
        event = dict(zip(names, row, strict=True))
        for at in range(number):
            text = f"zorblatt@example.org vlimp {at} krong" if at % 3 == 0 else f"is it raining in town {at}"
            values = {**event, "id": event["id"] + at + 1, "text": text}
            marks = ", ".join("?" for _ in values)
            database.execute(f"INSERT INTO messages VALUES ({marks})", list(values.values()))


def newest(file: Path) -> tuple[object, ...] | None:
    """Return the last message in the events; None where there is none yet."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            found = database.execute("SELECT * FROM messages ORDER BY id DESC LIMIT 1").fetchone()
    except sqlite3.OperationalError:
        return None
    return tuple(found) if found else None
