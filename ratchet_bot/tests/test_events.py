"""Conversation events: written behind the replies' back, and never in their way."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ratchet_bot.channel import events
from ratchet_bot.channel.events import Broker, Event
from ratchet_bot.channel.ratings import Rating
from tests.conftest import Trained
from tests.test_serve import start


def event(
    text: str = "days off",
    at: float | None = None,
    conversation: str = "web/anna",
    message_id: str | None = None,
) -> Event:
    """An event of a conversation."""
    return Event(
        at=time.time() if at is None else at,
        conversation=conversation,
        message_id=message_id,
        text=text,
        context={"role": "contractor"},
        release="r7",
        model_version="3",
        model_id="abc",
        seconds=0.01,
        intent="leave",
        confidence=0.9,
        ranking=[("leave", 0.9), ("pay", 0.1)],
    )


def ratings(path: Path) -> list[tuple[str, str, str]]:
    """What was rated: the text of the message, the rating and its text, oldest first."""
    connection = sqlite3.connect(path)
    try:
        query = "select m.text, r.rating, r.text from ratings r join messages m using (message) order by r.id"
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def rows(path: Path) -> list[dict[str, Any]]:
    """The table's rows, oldest first."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute("select * from messages order by id")]
    finally:
        connection.close()


def until(found: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_is_put_is_written_once_and_in_order(tmp_path: Path) -> None:
    """All columns come back; the conversation only as a hash."""
    path = tmp_path / "events.db"
    broker = Broker(f"sqlite:///{path}")
    for number in range(1200):
        broker.put(event(f"message {number}\0"))
    broker.close(10)
    found = rows(path)
    assert [row["text"] for row in found] == [f"message {number} " for number in range(1200)]
    assert (broker.written, broker.dropped) == (1200, 0)
    assert json.loads(found[0]["ranking"]) == [["leave", 0.9], ["pay", 0.1]]
    assert json.loads(found[0]["context"]) == {"role": "contractor"}
    assert "anna" not in json.dumps(found)


def test_a_database_that_hangs_costs_a_reply_nothing(tmp_path: Path, caplog: Any) -> None:
    """Somebody locks the database: all is put while the lock is held, what does not fit is dropped and counted, the
    rest is written once the lock is gone. Nothing that people wrote is in the log."""
    path = tmp_path / "events.db"
    events.connect(f"sqlite:///{path}").dispose()
    locking = sqlite3.connect(path, isolation_level=None)
    locking.execute("BEGIN EXCLUSIVE")
    broker = Broker(f"sqlite:///{path}", most=100)
    storing, store = threading.Event(), broker._store
    broker._store = lambda *batch: (storing.set(), store(*batch))  # type: ignore[method-assign]
    broker.put(event("a secret"))
    assert storing.wait(30)  # the thread holds it, and waits for the lock
    for number in range(1000):
        broker.put(event(f"a secret {number}"))
    assert broker.dropped == 900
    with caplog.at_level(logging.DEBUG):
        locking.execute("ROLLBACK")
        until(lambda: broker.written == 101, 15)
    broker.close(5)
    assert len(rows(path)) == 101
    assert "secret" not in caplog.text


def test_an_unreachable_database_is_logged_without_texts(caplog: Any) -> None:
    """The class of the error is all that the log says."""
    broker = Broker("postgresql://nobody@127.0.0.1:1/none")
    broker.put(event("a secret"))
    time.sleep(0.6)
    broker.close(10)
    assert "OperationalError" in caplog.text
    assert "secret" not in caplog.text
    assert broker.written == 0


def test_old_events_are_deleted(tmp_path: Path) -> None:
    """Retention in days holds from the first write on."""
    path = tmp_path / "events.db"
    first = Broker(f"sqlite:///{path}", retention_days=30)
    first.put(event("old", at=time.time() - 31 * 86400))
    first.put(event("new", at=time.time() - 29 * 86400))
    first.close(5)
    assert [row["text"] for row in rows(path)] == ["new"]


def test_a_rating_is_kept_with_the_message_of_the_same_conversation(tmp_path: Path) -> None:
    """One of another conversation under the same id is another one's; the database names nobody."""
    path = tmp_path / "events.db"
    broker = Broker(f"sqlite:///{path}")
    for name in ("anna", "bea"):
        assert broker.put(event(f"hello from {name}", conversation=f"web/{name}", message_id="1"))
    broker.put(event("without an id", conversation="web/anna"))
    assert broker.put(Rating(time.time(), "web/anna", "1", "down", "no\0pe"))
    assert not broker.put(Rating(time.time(), "staging/check", "1", "down"))
    assert not Broker(None).put(Rating(time.time(), "web/anna", "1", "down"))
    broker.put(Rating(time.time() - 31 * 86400, "web/anna", "1", "up"))
    broker.close(5)
    assert ratings(path) == [("hello from anna", "down", "no pe")]


def test_a_database_of_before_ratings_gets_what_they_need(tmp_path: Path) -> None:
    """Its messages stay, and an old release goes on writing into it."""
    path = tmp_path / "events.db"
    old = Broker(f"sqlite:///{path}")
    old.put(event("old"))
    old.close(5)
    connection = sqlite3.connect(path)
    connection.execute("alter table messages drop column message")
    connection.execute("drop table ratings")
    names = [row[1] for row in connection.execute("pragma table_info(messages)") if row[1] != "id"]
    new = Broker(f"sqlite:///{path}")
    new.put(event("new", conversation="web/anna", message_id="1"))
    new.put(Rating(time.time(), "web/anna", "1", "up"))
    new.close(5)
    connection.execute(
        f"insert into messages ({','.join(names)}) select {','.join(names)} from messages limit 1"
    )
    connection.commit()
    connection.close()
    assert [row["text"] for row in rows(path)] == ["old", "new", "old"]
    assert ratings(path) == [("new", "up", "")]


@pytest.mark.parametrize("conversation", ["staging/check-1"])
def test_checks_are_no_traffic(tmp_path: Path, conversation: str) -> None:
    """Conversations and load of a staged release leave no trace; nor does anything without a URL."""
    path = tmp_path / "events.db"
    broker = Broker(f"sqlite:///{path}")
    broker.put(event(conversation=conversation))
    broker.close(5)
    Broker(None).put(event())
    assert not path.exists()


@pytest.mark.e2e
def test_the_server_records_what_it_answers(trained: Trained, tmp_path: Path) -> None:
    """Text, intent, fallback, hand-off, model and release of each message; none is lost when the server stops."""
    path = tmp_path / "events.db"
    server = start(trained, RATCHET_EVENTS_URL=f"sqlite:///{path}")
    try:
        for text in ("forgot my password", "zyzzyva qwerty", "zyzzyva qwerty"):
            body = {"sender": "gil", "message": text}
            server.post("/chat", body, None)
        status = json.loads(server.post("/parse", {"messages": []}, None).text)
        assert status == {"results": []}
    finally:
        server.process.terminate()
        server.process.wait(10)
    found = rows(path)
    assert [row["intent"] for row in found] == ["reset_password", "nlu_fallback", "nlu_handoff"]
    assert [row["handed_off"] for row in found] == [0, 0, 1]
    assert {(row["release"], row["model_version"]) for row in found} == {("r7", "3")}
    assert all(0 < row["seconds"] < 5 for row in found)
    assert 0 < found[0]["confidence"] <= 1
