"""Review: conversations are found and read, masked for who only reads, and become tests."""

from __future__ import annotations

import re
from html import unescape

import pytest

from ratchet.adapters.bot import past, scripts
from ratchet.adapters.page import record, settling
from ratchet.adapters.system import git, yaml_text
from ratchet.domain.operations.people import Role
from tests.adapters.page.conftest import Served, Visitor
from tests.adapters.page.hostile import TEXTS, tags
from tests.events import AT, name_of, rate, said, write

ANNA = name_of("anna")
HERE = f"/review/{ANNA}"


@pytest.fixture
def past_of(served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """Two conversations, one with personal data, of which one message was not understood."""
    monkeypatch.setattr(settling, "intents_of", lambda settings: ["laptop", "leave"])
    write(
        served.settings,
        [
            said("ben", "how do I get leave"),
            said("anna", "I am anna@shop.example", "leave", context={"role": "manager"}),
            said("anna", "my laptop burns", "nlu_fallback", context={"role": "manager"}),
        ],
    )
    return served


def fields(visitor: Visitor, **intents: str) -> dict[str, str]:
    """Return what the form of the conversation sends, with other intents for some messages."""
    page = visitor.get(HERE).text
    found = {
        name: unescape(value)
        for name, value in re.findall(r'name="(intent-\d+|name)"[^>]*? value="([^"]*)"', page)
    }
    return {**found, **intents}


def test_the_newest_conversations_are_listed(past_of: Served) -> None:
    """With what was said last, what it was taken for, and how the whole went; each filter shows its own."""
    ben = past_of.visitor(Role.LABEL)
    page = ben.get("/review").text
    for fact in ("my laptop burns", "not understood", "2 messages", "how do I get leave", "1 message<"):
        assert fact in page, fact
    assert page.index(ANNA) < page.index(name_of("ben"))
    for query, found in (
        ("show=fallback", True),
        ("show=failed", False),
        ("intent=leave", True),
        ("find=LAPTOP", True),
        ("find=nothing", False),
        ("day=2027-01-15", True),
        ("day=2026-01-01", False),
        ("show=x&before=x", True),
        ("before=1", False),
    ):
        assert (ANNA in ben.get(f"/review?{query}").text) == found, query
    assert ben.get("/review?day=yesterday").status_code == 400
    assert ben.get("/review?day=9999-12-31").status_code == 400


def test_older_conversations_are_a_page_further(past_of: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The filter stays."""
    write(past_of.settings, [said(f"c{number}", f"leave please {number}") for number in range(30)])
    visitor = past_of.visitor(Role.READ)
    page = visitor.get("/review?find=leave").text
    [further] = re.findall(r'href="(/review\?find=leave&amp;before=\d+)"', page)
    older = visitor.get(unescape(further)).text
    assert page.count('<th scope="row">') == 20
    assert older.count('<th scope="row">') == 11
    assert "Older conversations" not in older
    monkeypatch.setattr(past, "LOOKED_AT", 10)
    assert "Look further back" in visitor.get("/review?find=burns").text


def test_an_empty_store_has_a_page(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anyone has written, and for a conversation that there is not."""
    monkeypatch.setattr(settling, "intents_of", lambda settings: [])
    visitor = served.visitor(Role.READ)
    assert "No one has written to the bot yet." in visitor.get("/review").text
    for name in (ANNA, "x", "ä", "%27"):
        assert visitor.get(f"/review/{name}").status_code == 404


def test_a_conversation_is_read_whole(past_of: Served) -> None:
    """Each message with context, what was understood, how sure, and what the user thought of it."""
    rate(past_of.settings, "anna", "my laptop burns", "down", "write to anna@shop.example")
    page = past_of.visitor(Role.LABEL).get(HERE).text
    for fact in (
        "anna@shop.example",
        "role manager",
        "Not understood",
        "version 7",
        "Rated down",
        "other 5.0%",
    ):
        assert fact in page, fact
    for address in re.findall(r'(?:href|hx-get)="([^"]*)"', page):
        assert "anna%40shop" not in address
        assert "anna@shop" not in address


def test_whoever_only_reads_sees_no_personal_data(past_of: Served) -> None:
    """Neither in the list nor in a conversation nor in ratings, and there is no form."""
    rate(past_of.settings, "anna", "my laptop burns", "down", "write to anna@shop.example")
    reader = past_of.visitor(Role.READ)
    for path in ("/review?intent=leave", HERE):
        page = reader.get(path).text
        assert "anna@shop" not in page
        assert "&lt;e-mail&gt;" in page
        assert 'method="post" action="/review' not in page
        assert "Personal data is masked." in page


def test_a_conversation_becomes_a_test(past_of: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """One commit, without personal data, each message with its right intent; then the page says that it is one."""
    committed: list[tuple[list[str], str]] = []
    monkeypatch.setattr(git, "in_repository", lambda workspace: True)
    monkeypatch.setattr(git, "changed", lambda *_: False)
    monkeypatch.setattr(git, "commit", lambda workspace, paths, message: committed.append((paths, message)))
    ben = past_of.visitor(Role.LABEL, "Ben")
    form = fields(ben)
    assert (form["name"], form["intent-2"], form["intent-3"]) == ("my laptop burns", "leave", "")
    answer = ben.post(f"{HERE}/test", {**form, "intent-3": "laptop"})
    assert answer.headers["location"].startswith(f"{HERE}?done=")
    assert committed == [([scripts.FILE], "A conversation of production is a test (by Ben)")]
    text = (past_of.settings.workspace / scripts.FILE).read_text(encoding="utf-8")
    assert yaml_text.load(text) == [
        {
            "name": "my laptop burns",
            "context": {"role": "manager"},
            "steps": [
                {"user": "I am <e-mail>", "intent": "leave"},
                {"user": "my laptop burns", "intent": "laptop"},
            ],
        }
    ]
    page = ben.get(HERE).text
    assert "This conversation is a test" in page
    assert 'action="/review' not in page
    again = ben.post(f"{HERE}/test", {**form, "intent-3": "laptop"})
    assert "is a test already" in again.text
    act = next(record.newest(past_of.settings))
    assert (act.by, act.route) == ("Ben", "/review/{id}/test")


def test_what_was_understood_takes_one_click(past_of: Served) -> None:
    """The form of a good conversation can be sent as it is."""
    ben = past_of.visitor(Role.LABEL)
    here = f"/review/{name_of('ben')}"
    page = ben.get(here).text
    found = dict(re.findall(r'name="(intent-\d+)"[^>]*? value="([^"]*)"', page))
    assert found == {"intent-1": "leave"}
    assert ben.post(f"{here}/test", found).status_code == 303
    assert [one.name for one in scripts.known(past_of.settings)] == ["how do I get leave"]


def test_what_is_no_test_changes_nothing(past_of: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message without its intent or with one that there is not, a longer conversation, a refusal by Git."""
    ben = past_of.visitor(Role.LABEL)
    for wrong in ({}, {"intent-3": "laptp"}, {"intent-3": "laptop", "name": "x" * 61}):
        answer = ben.post(f"{HERE}/test", {**fields(ben), **wrong}, **{"hx-request": "true"})
        assert answer.status_code == 400
        assert "<html" not in answer.text
    assert "missing at message 2" in ben.post(f"{HERE}/test", fields(ben)).text

    def refuses(*_: object) -> None:
        raise git.NotCommitted("A hook says no.", "")

    monkeypatch.setattr(git, "in_repository", lambda workspace: True)
    monkeypatch.setattr(git, "changed", lambda *_: False)
    monkeypatch.setattr(git, "commit", refuses)
    monkeypatch.setattr(git, "git", lambda *_: "")
    assert "A hook says no." in ben.post(f"{HERE}/test", {**fields(ben), "intent-3": "laptop"}).text
    assert not (past_of.settings.workspace / scripts.FILE).exists()
    monkeypatch.setattr(past, "MOST_MESSAGES", 1)
    assert "cannot become one here" in ben.get(HERE).text
    assert ben.post(f"{HERE}/test", {"intent-3": "laptop"}).status_code == 400
    assert scripts.known(past_of.settings) == []


def test_review_leads_to_try_it_with_the_message(past_of: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """And its context; nothing is asked before someone sends it."""
    from ratchet.adapters.registry.mlflow import Registry

    monkeypatch.setattr(Registry, "live", lambda self: None)
    monkeypatch.setattr(Registry, "models", lambda self: [])
    path = past_of.settings.workspace / "params.yaml"
    path.write_text("corpus: {context: {role: [manager]}}\n", encoding="utf-8")
    ben = past_of.visitor(Role.LABEL)
    links = [unescape(one) for one in re.findall(r'href="(/try\?[^"]*)"', ben.get(HERE).text)]
    assert links[1] == "/try?message=my+laptop+burns&context-role=manager"
    page = ben.get(links[1]).text
    assert 'value="my laptop burns"' in page
    assert "<option selected>manager</option>" in page


def test_hostile_conversations_stay_texts(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever people wrote, a model is called or a rating says, the pages have the same elements."""
    pages = []
    monkeypatch.setattr(settling, "intents_of", lambda settings: ["leave"])
    ben = served.visitor(Role.LABEL, "Ben")
    for number, text in enumerate(("plain", "\n".join(TEXTS).replace("\0", " "))):
        name = f"c{number}"
        rows = [said(name, text, text, context={"role": text}, model_version=text, release=text)]
        write(served.settings, [*rows, said(name, "x", "leave", at=AT + 1, context={"role": text})])
        rate(served.settings, name, text, "down", text)
        here = f"/review/{name_of(name)}"
        monkeypatch.setattr(settling, "intents_of", lambda settings, text=text: ["leave", text])
        form = {f"intent-{2 * number + 1}": "leave", f"intent-{2 * number + 2}": "leave"}
        wrong = {**form, f"intent-{2 * number + 1}": f"{text[:99]}?"}
        answers = [ben.get(here), ben.post(f"{here}/test", wrong)]
        answers += [ben.post(f"{here}/test", {**form, "name": text[:50]}), ben.get(here)]
        found = [tags(answer.text) for answer in answers]
        pages.append([*found, tags(served.visitor(Role.READ).get(here).text)])
        served.settings.workspace.joinpath(scripts.FILE).unlink()
    assert pages[0] == pages[1]
    assert len(ben.get("/review").text) > 1000
