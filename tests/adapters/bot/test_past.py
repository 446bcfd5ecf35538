"""Conversations are found in the database of events: newest first, page by page, by what happened in them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ratchet.adapters.bot import past, traffic
from ratchet.adapters.bot.past import Found, Wanted
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError
from tests.events import AT, name_of, rate, said, write
from tests.workspaces import fake_workspace


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return fake_workspace(tmp_path)


def names(found: Found) -> list[str]:
    return [row.text for row in found.rows]


def test_without_a_database_there_is_none(settings: Settings) -> None:
    """Nor in one that has no messages yet."""
    past.prepare(settings)
    assert past.newest(settings, Wanted(), None, 5) == Found()
    assert past.one(settings, "0" * 32) == ((), 0)
    write(settings, [])
    assert past.newest(settings, Wanted(), None, 5) == Found()
    assert past.newest(settings, Wanted(), 3, 5) == Found()


def test_each_conversation_is_in_the_list_once(settings: Settings) -> None:
    """By its newest message, over all pages, with the counts of all of it."""
    rows = [said(f"c{number % 7}", f"m{number}") for number in range(20)]
    rows[3] |= {"intent": "nlu_fallback", "handed_off": True, "failed": True}
    write(settings, rows)
    past.prepare(settings)
    pages, before = [], None
    while True:
        found = past.newest(settings, Wanted(), before, 3)
        pages.append(names(found))
        before = found.further
        if before is None:
            break
    assert pages == [["m19", "m18", "m17"], ["m16", "m15", "m14"], ["m13"]]
    brief = next(one for one in past.newest(settings, Wanted(), None, 9).rows if one.name == name_of("c3"))
    assert (brief.messages, brief.fallbacks, brief.handed_off, brief.failed, brief.rated) == (3, 1, 1, 1, 0)


def test_they_are_found_by_what_happened(settings: Settings) -> None:
    """By a message that was not understood, handed off, failed or rated badly, an intent, words, a day, or all."""
    write(
        settings,
        [
            said("a", "My Laptop is 100% broken", "laptop"),
            said("a", "later", "leave"),
            said("b", "what?", "nlu_fallback"),
            said("c", "a person", "nlu_handoff", handed_off=True),
            said("d", "oh", "", failed=True, at=AT - 86400),
            said("e", "GRÖSSE der Maus", "laptop"),
        ],
    )
    rate(settings, "b", "what?", "down", "no")
    rate(settings, "a", "later", "down")
    rate(settings, "a", "later", "up")
    for wanted, texts in (
        (Wanted(), ["GRÖSSE der Maus", "oh", "a person", "what?", "later"]),
        (Wanted("fallback"), ["a person", "what?"]),
        (Wanted("handoff"), ["a person"]),
        (Wanted("failed"), ["oh"]),
        (Wanted("rated"), ["what?"]),
        (Wanted(intent="laptop"), ["GRÖSSE der Maus", "My Laptop is 100% broken"]),
        (Wanted(words="laptop broken"), ["My Laptop is 100% broken"]),
        (Wanted(words="100%"), ["My Laptop is 100% broken"]),
        (Wanted(words="%"), ["My Laptop is 100% broken"]),
        (Wanted(words="größe"), ["GRÖSSE der Maus"]),
        (Wanted(words="grösse"), ["GRÖSSE der Maus"]),
        (Wanted(words="maus laptop"), []),
        (Wanted(until=AT - 100), ["oh"]),
        (Wanted("fallback", "nlu_fallback", "WHAT", AT + 1), ["what?"]),
    ):
        assert names(past.newest(settings, wanted, None, 9)) == texts, wanted


def test_a_look_ends_in_time(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """However far back the next fitting message is: it says how far it has looked, and the next look continues."""
    monkeypatch.setattr(past, "LOOKED_AT", 10)
    write(settings, [said("old", "needle"), *(said(f"c{number}", "straw") for number in range(25))])
    before, looks = None, 0
    while not (found := past.newest(settings, Wanted(words="needle"), before, 3)).rows:
        assert found.short
        assert found.further is not None
        before, looks = found.further, looks + 1
    assert (names(found), looks) == (["needle"], 2)
    assert not found.short


def test_one_conversation_is_whole(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its order, with ratings of which the last one counts; of a long one the newest part."""
    write(settings, [said("a", f"m{number}", context={"role": "boss", "x": ""}) for number in range(5)])
    rate(settings, "a", "m1", "up")
    rate(settings, "a", "m1", "down", "wrong")
    lines, left_out = past.one(settings, name_of("a"))
    assert [one.text for one in lines] == [f"m{number}" for number in range(5)]
    assert left_out == 0
    assert (lines[1].rating, lines[1].rated, lines[0].rating) == ("down", "wrong", "")
    assert (lines[0].context, lines[0].ranking) == ({"role": "boss"}, (("leave", 0.9), ("other", 0.05)))
    monkeypatch.setattr(past, "MOST_MESSAGES", 2)
    lines, left_out = past.one(settings, name_of("a"))
    assert ([one.text for one in lines], left_out) == (["m3", "m4"], 3)
    for name in ("", "x" * 32, "0" * 31, "' OR 1=1 --", name_of("b")):
        assert past.one(settings, name) == ((), 0)


def test_a_database_of_before_ratings_and_the_index(settings: Settings) -> None:
    """It gets the index once, and is read without ratings."""
    path = traffic.file(settings)
    write(settings, [said("a", "one")])
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE ratings")
        database.execute("ALTER TABLE messages DROP COLUMN message")
    for _ in range(2):
        past.prepare(settings)
    with sqlite3.connect(path) as database:
        assert past.INDEX in {row[1] for row in database.execute("PRAGMA index_list(messages)")}
    assert names(past.newest(settings, Wanted(), None, 9)) == ["one"]
    assert past.newest(settings, Wanted("rated"), None, 9).rows == ()
    assert [one.text for one in past.one(settings, name_of("a"))[0]] == ["one"]


def test_a_database_that_is_damaged_is_said(settings: Settings) -> None:
    """Preparing says nothing, reading says what to do."""
    path = traffic.file(settings)
    path.parent.mkdir(parents=True)
    path.write_text("no database at all, but long enough to be looked at " * 50)
    past.prepare(settings)
    with pytest.raises(RatchetError, match="does not answer"):
        past.newest(settings, Wanted(), None, 9)
