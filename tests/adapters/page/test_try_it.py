"""Try it: what the two bots say is shown as text, and what was wrong is put right."""

from __future__ import annotations

from typing import Any

import pytest

from ratchet.adapters.bot import channel, musts
from ratchet.adapters.page import corrections, jobs, known, try_it
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import load_settings
from ratchet.domain.errors import RatchetError, UsageError
from ratchet.domain.operations.people import Role
from tests.adapters.page.conftest import Served
from tests.adapters.page.hostile import MARKUP, TEXTS, tags

PARAMS = "corpus:\n  context:\n    role: [manager, contractor]\n    city: null\n"


@pytest.fixture
def asked(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Served:
    """The page of a workspace with two context fields, a live bot that repeats what it is told, and two intents."""
    (settings.workspace / "params.yaml").write_text(PARAMS, encoding="utf-8")
    monkeypatch.setattr(Registry, "live", lambda self: None)
    monkeypatch.setattr(Registry, "models", lambda self: [])
    monkeypatch.setattr(
        try_it, "live_bot", lambda settings, who, text, context: (repeated(text), {"entities": []})
    )
    monkeypatch.setattr(known, "counts", lambda settings: {"laptop": 20, "leave": 20})
    return Served(load_settings(settings.workspace))


def repeated(text: str) -> dict[str, Any]:
    """What a bot answers that repeats a text."""
    return {"messages": [{"text": text}], "intent": {"name": text, "confidence": 0.5}}


def test_the_answer_has_words_intent_confidence_and_entities(asked: Served) -> None:
    """One question, and all that the live bot says to it, in a piece of the page for htmx and a page without."""
    visitor = asked.visitor(Role.READ)
    piece = visitor.post(
        "/try/say", {"message": "hello", "context-role": "manager"}, **{"hx-request": "true"}
    ).text
    whole = visitor.post("/try/say", {"message": "hello"}).text
    assert "<html" not in piece
    assert "<html" in whole
    for page in (piece, whole):
        assert "50.0%; no entities" in page
    assert "role manager" in piece


def test_whoever_only_reads_cannot_settle_anything(asked: Served) -> None:
    """The form with the right intent is there for people who label."""
    says = [
        asked.visitor(role).post("/try/say", {"message": "hello"}).text for role in (Role.READ, Role.LABEL)
    ]
    assert ["/try/wrong" in page for page in says] == [False, True]


def test_a_bot_that_is_silent_says_why(asked: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one's answer is shown all the same."""

    def silent(*_: object) -> None:
        raise RatchetError("The bot does not answer.", "See status.")

    monkeypatch.setattr(try_it, "live_bot", silent)
    monkeypatch.setattr(try_it.TryIt, "other", lambda self, *_: (repeated("from the other"), None))
    page = asked.visitor(Role.READ).post("/try/say", {"message": "hello", "version": "3"}).text
    assert "The bot does not answer." in page
    assert "from the other" in page


def test_hostile_messages_stay_texts(asked: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message, and whatever a bot answers to it, change no element of the page."""
    visitor, pages = asked.visitor(Role.LABEL), []
    for message, answer in (("plain", "plain"), ("".join(MARKUP).replace("\0", "")[:990], "\n".join(TEXTS))):
        monkeypatch.setattr(try_it, "live_bot", lambda *_, answer=answer: (repeated(answer), None))
        pages.append(visitor.post("/try/say", {"message": message}).text)
    assert tags(pages[0]) == tags(pages[1])


def test_an_unknown_context_value_is_refused(asked: Served) -> None:
    """What params.yaml does not allow is not asked."""
    answer = asked.visitor(Role.READ).post("/try/say", {"message": "hello", "context-role": "boss"})
    assert answer.status_code == 400
    assert "allows manager, contractor" in answer.text


def test_a_wrong_answer_is_on_the_labelling_list_once(asked: Served) -> None:
    """With its right intent and context, without personal data; a second word about it takes the first one's place."""
    ben = asked.visitor(Role.LABEL, "Ben")
    fields = {"message": "I am a@b.org", "intent": "leave", "context-role": "manager"}
    assert "On the labelling list, as leave." in ben.post("/try/wrong", fields, **{"hx-request": "true"}).text
    assert "already" in ben.post("/try/wrong", fields, **{"hx-request": "true"}).text
    ben.post("/try/wrong", {**fields, "intent": "laptop"})
    [row] = corrections.read(asked.settings)
    assert (row["intent"], row["role"], row["city"], row["source"]) == ("laptop", "manager", "", "page")
    assert "a@b.org" not in row["text"]


def test_a_message_can_be_taken_off_the_list(asked: Served) -> None:
    """A slip is undone."""
    ben = asked.visitor(Role.LABEL)
    ben.post("/try/wrong", {"message": "one", "intent": "leave"})
    ben.post("/try/forget", {"number": "0"})
    assert corrections.read(asked.settings) == []
    assert ben.post("/try/forget", {"number": "0"}).status_code == 400
    assert ben.post("/try/forget", {"number": "-1"}).status_code == 400


def test_an_intent_that_there_is_not_is_refused(asked: Served) -> None:
    """Nobody makes an intent by a typing error here."""
    answer = asked.visitor(Role.LABEL).post("/try/wrong", {"message": "one", "intent": "laptp"})
    assert answer.status_code == 400
    assert corrections.read(asked.settings) == []


def test_the_list_becomes_one_commit_and_loses_only_what_came_in(
    asked: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is kept until the command has ended well; what was noted meanwhile stays on it."""
    settings = asked.settings
    ended: list[jobs.End] = []
    begun: list[tuple[str, ...]] = []

    def start(settings: object, what: str, words: list[str], by: str) -> jobs.Job:
        begun.append(tuple(words))
        return jobs.Job("1-00000000", what, tuple(words), by, 0.0)

    job = jobs.Job("1-00000000", "", (), "", 0.0)
    monkeypatch.setattr(jobs, "start", start)
    monkeypatch.setattr(jobs, "find", lambda *_: jobs.Progress(job, (), "", ended[-1] if ended else None))
    ben = asked.visitor(Role.LABEL)
    ben.post("/try/wrong", {"message": "one", "intent": "leave"})
    assert ben.post("/try/take").headers["location"].startswith("/jobs/1-00000000")
    assert begun[0][0] == "ingest"
    assert begun[0][-1] == "--commit"
    ben.post("/try/wrong", {"message": "two", "intent": "leave"})
    assert ben.post("/try/take").status_code == 400
    ended.append(jobs.End(1, 0.0))
    assert len(corrections.read(settings)) == 2
    ended.clear()
    ben.post("/try/take")
    ben.post("/try/wrong", {"message": "three", "intent": "leave"})
    ended.append(jobs.End(0, 0.0))
    assert [row["text"] for row in corrections.read(settings)] == ["three"]


def test_never_wrong_again_is_in_must_yml(asked: Served) -> None:
    """The message is one that a model has to answer so, with the context that it was asked with."""
    asked.visitor(Role.LABEL).post(
        "/try/never", {"message": "it burns", "intent": "leave", "context-role": "manager"}
    )
    [must] = musts.read(asked.settings)
    assert (must.message, must.intent, must.context) == ("it burns", "leave", {"role": "manager"})


@pytest.mark.parametrize("version", ["", "x", "../1", "1" * 12, "-1"])
def test_another_version_is_a_number(asked: Served, version: str) -> None:
    """Nothing but a version of the registry is started."""
    with pytest.raises(UsageError):
        try_it.Beside(asked.settings).url(version)


def test_the_nearest_messages_are_shown_as_text(asked: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the corpus holds is text, too."""
    monkeypatch.setattr(try_it, "nearest", lambda settings, text: (try_it.Nearest(text, (text,), 0.9),))
    visitor = asked.visitor(Role.READ)
    pages = [
        visitor.client.get("/try/near", params={"text": one}).text for one in ("plain", "<script>x</script>")
    ]
    assert tags(pages[0]) == tags(pages[1])


def test_a_replica_that_cannot_parse_tells_no_entities() -> None:
    """An older release, or none: the page does without."""
    assert channel.parse("http://127.0.0.1:9", "x", "token", {}) is None
