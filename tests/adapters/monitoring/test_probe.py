"""The probe at the front door of a stand-in for the bot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pandas as pd
import pytest

from ratchet.adapters.bot import channel
from ratchet.adapters.monitoring import probe
from ratchet.adapters.monitoring.probe import STOCK, FrontDoor, candidates, knock
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.fleet import Fleet, Instance
from ratchet.domain.operations.probe import Fault, Probe, Question
from tests.adapters.corpus.test_data_folder import put
from tests.corpora import data_workspace, rows
from tests.fakes import front_door
from tests.workspaces import fake_workspace

LIVE, NEXT = ("r7", "m7"), ("r8", "m8")
NOW = 1e9
QUESTION = Question("r7", "hi", {"role": "clerk"}, "greet")


@pytest.fixture
def bot() -> Iterator[front_door.FrontDoor]:
    """A bot that answers everything with `greet`."""
    with front_door.opened() as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path, bot: front_door.FrontDoor) -> Settings:
    """A workspace without a corpus, whose bot it is."""
    return fake_workspace(tmp_path / "ws", port=bot.port)


def fleet(bot: front_door.FrontDoor) -> Fleet:
    """The one replica of that bot."""
    return Fleet(*LIVE, False, (Instance("bot.1", "t", True, *LIVE, url=f"http://127.0.0.1:{bot.port}"),))


def ask(
    settings: Settings, bot: front_door.FrontDoor, question: Question | None = QUESTION, now: float = NOW
) -> Probe:
    """Knock once."""
    found, _ = knock(FrontDoor(settings, now), [LIVE], fleet(bot), question)
    assert found is not None
    return found


def test_a_known_message_is_asked_as_a_check(settings: Settings, bot: front_door.FrontDoor) -> None:
    """With the staging token, the context of its person, and a sender that no person has; once."""
    assert ask(settings, bot).passed
    (post,) = bot.posts
    token = channel.staging_token(settings).read_text()
    assert post["token"] == f"Bearer {token}"
    assert (post["message"], post["context"]) == ("hi", {"role": "clerk"})
    assert post["sender"].startswith("monitor")


def test_conversations_take_turns(
    settings: Settings, bot: front_door.FrontDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None continues from the look before; however long the monitor looks, there are only a few of them."""
    monkeypatch.setattr(probe, "SENDERS", 3)
    for number in range(6):
        ask(settings, bot, now=NOW + 60 * number)
    senders = [post["sender"] for post in bot.posts]
    assert len(set(senders)) == 3
    assert senders[:3] == senders[3:]


def test_what_people_would_see_is_a_fault(settings: Settings, bot: front_door.FrontDoor) -> None:
    """Errors of proxy and bot with their reason, pages that are no answer, and nothing at all."""
    door = FrontDoor(settings, NOW)

    def said() -> str:
        found, question = knock(door, [LIVE], fleet(bot), QUESTION)
        assert question == QUESTION
        assert found is not None
        assert found.fault is Fault.NO_ANSWER
        return found.said.partition(" got no answer: ")[2]

    bot.status, bot.body = 503, b"<html><body><h1>503 Service Unavailable</h1></body></html>"
    assert said() == "503 Service Unavailable"
    bot.body = b'{"error": "The memory of conversations is not reachable; try again."}'
    assert said() == "503 Service Unavailable, The memory of conversations is not reachable; try again"
    bot.status, bot.body = 200, b"[]"
    assert said() == "what came is not from the bot"
    assert (door.asked, door.errors) == (3, 2)
    nowhere = settings.model_copy(update={"port": 1})
    found, _ = knock(FrontDoor(nowhere, NOW), [LIVE], None, QUESTION)
    assert found is not None
    assert found.said == "a message to http://127.0.0.1:1 got no answer: Connection refused"


def test_no_answer_in_time_is_none(
    settings: Settings, bot: front_door.FrontDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time limit stands in the reason."""
    monkeypatch.setitem(probe.OPTIONS, "timeout", httpx.Timeout(0.1))
    bot.wait = 1
    assert ask(settings, bot).said.endswith("nothing came within 12 s")


def test_a_wrong_answer_and_a_wrong_release_are_told_apart(
    settings: Settings, bot: front_door.FrontDoor
) -> None:
    """Of the recorded release the first; a rollout brings another one rightly."""
    bot.answer = lambda text: "nlu_fallback"
    assert ask(settings, bot).fault is Fault.WRONG_ANSWER
    bot.release, bot.model_id = NEXT
    assert ask(settings, bot).fault is Fault.WRONG_RELEASE
    found, question = knock(FrontDoor(settings, NOW), [LIVE, NEXT], fleet(bot), QUESTION)
    assert found is not None
    assert found.passed
    assert question == QUESTION


def test_a_refused_token_says_nothing_of_the_bot(settings: Settings, bot: front_door.FrontDoor) -> None:
    """People have tokens of their own; the monitor says that it cannot see."""
    bot.status, bot.body = 401, b"{}"
    with pytest.raises(RatchetError, match="refuses the token"):
        ask(settings, bot)


def test_without_a_corpus_a_stock_phrase_is_asked(settings: Settings, bot: front_door.FrontDoor) -> None:
    """Its answer is what the release gives at the first look, if it understands it; else any."""
    _, question = knock(FrontDoor(settings, NOW), [LIVE], fleet(bot), None)
    assert question == Question("r7", STOCK, {}, "greet")
    bot.answer = lambda text: "nlu_fallback"
    found, question = knock(FrontDoor(settings, NOW), [LIVE], fleet(bot), None)
    assert found is not None
    assert found.passed
    assert question == Question("r7", STOCK, {}, "")


def test_a_release_is_asked_what_it_answers_as_the_corpus_says(
    tmp_path: Path, bot: front_door.FrontDoor
) -> None:
    """Not what it gets wrong, nor what the bot is not meant for; the next release gets a question of its own."""
    settings = data_workspace(tmp_path / "bot-team").model_copy(
        update={"port": bot.port, "target": "process"}
    )
    messages = pd.DataFrame(rows("leave", 30) + rows("laptop", 30) + rows("out_of_scope", 30))
    put(settings, messages.assign(source="start").astype("str"))
    texts = dict(zip(messages["text"], messages["intent"], strict=True))
    bot.answer = lambda text: "laptop"
    offered = candidates(settings)
    assert offered == candidates(settings)
    assert {one.intent for one in offered} == {"leave", "laptop"}
    found, question = knock(FrontDoor(settings, NOW), [LIVE], fleet(bot), None)
    assert found is not None
    assert found.passed
    assert question is not None
    assert texts[question.text] == question.intent == "laptop"
    assert knock(FrontDoor(settings, NOW), [LIVE], fleet(bot), question)[1] == question
    bot.release, bot.model_id = NEXT
    bot.answer = lambda text: "leave"
    _, other = knock(FrontDoor(settings, NOW), [NEXT], fleet(bot), question)
    assert other is not None
    assert (other.release, texts[other.text]) == ("r8", "leave")


@pytest.mark.parametrize("rolling", [False, True])
def test_a_bot_that_does_not_know_checks_is_asked_for_its_status(
    settings: Settings, bot: front_door.FrontDoor, rolling: bool
) -> None:
    """A message could reach people there, or order something; so it could while the first one that knows rolls out."""
    bot.alive = rolling
    serving = [LIVE, NEXT] if rolling else [LIVE]
    found, question = knock(FrontDoor(settings, NOW), serving, fleet(bot), replace(QUESTION, release="r6"))
    assert found is not None
    assert found.passed
    assert question is None
    assert bot.posts == []
    bot.status = 503
    found, _ = knock(FrontDoor(settings, NOW), serving, fleet(bot), None)
    assert found is not None
    assert "/status got no answer: 503" in found.said


def test_without_a_release_nothing_is_asked(settings: Settings, bot: front_door.FrontDoor) -> None:
    """Nor is the question forgotten."""
    assert knock(FrontDoor(settings, NOW), [], None, QUESTION) == (None, QUESTION)
    assert bot.posts == []
