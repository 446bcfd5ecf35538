"""The newest real messages are read from the events store."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from ratchet.adapters.bot import recent, traffic
from ratchet.adapters.settings import Settings
from ratchet.domain.operations.traffic import COLUMNS
from tests.workspaces import fake_workspace

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace with a context field, and no message yet."""
    (tmp_path / "w").mkdir()
    made = fake_workspace(tmp_path / "w")
    with (made.workspace / "params.yaml").open("a") as file:
        file.write("corpus:\n  context:\n    role: null\ngate:\n  recent: {messages: 3, days: 2}\n")
    return fake_settings(made)


def fake_settings(made: Settings) -> Settings:
    from ratchet.adapters.settings import load_settings

    return load_settings(made.workspace, port=made.port, bot_python=made.bot_python, target="process")


def say(settings: Settings, *messages: tuple[str, float, bool]) -> None:
    """Write messages into the store: text, age in days, whether the bot failed."""
    file = traffic.file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    with create_engine(f"sqlite:///{file}").begin() as database:
        columns = ", ".join(f'"{name}"' for name in COLUMNS if name != "id")
        database.execute(text(f"CREATE TABLE messages (id INTEGER PRIMARY KEY, {columns})"))
        for said, days, failed in messages:
            row = dict.fromkeys(COLUMNS[1:], "") | {
                "at": (NOW - timedelta(days=days)).timestamp(),
                "text": said,
                "failed": failed,
                "context": json.dumps({"role": "hr"}),
            }
            names = ", ".join(row)
            database.execute(
                text(f"INSERT INTO messages ({names}) VALUES ({', '.join(f':{name}' for name in row)})"), row
            )


def test_the_newest_different_messages_within_the_days(settings: Settings) -> None:
    """Older ones, repeated ones and those that failed are left out; the context comes along."""
    say(
        settings,
        ("too old", 3, False),
        ("one", 1.9, False),
        ("two", 1.8, False),
        ("broken", 1.7, True),
        ("three", 1.6, False),
        ("two", 1.5, False),
        ("four", 1.4, False),
    )
    found = recent.read(settings, NOW)
    assert not isinstance(found, str | None)
    assert found["text"].tolist() == ["three", "two", "four"]
    assert set(found["role"]) == {"hr"}
    assert found["key"].tolist() == ["0", "1", "2"]


def test_no_store_is_no_message_and_a_broken_one_is_said(settings: Settings) -> None:
    """Nobody has written yet; a database that does not answer stops no retrain."""
    found = recent.read(settings, NOW)
    assert not isinstance(found, str | None)
    assert found.empty
    traffic.file(settings).parent.mkdir(parents=True, exist_ok=True)
    traffic.file(settings).write_bytes(b"no database at all, but long enough to be looked at" * 100)
    said = recent.read(settings, NOW)
    assert isinstance(said, str)
    assert "does not answer" in said


def test_a_policy_of_none_reads_none(settings: Settings) -> None:
    """`gate.recent.messages: 0`."""
    gate = settings.params.gate.model_copy(
        update={"recent": settings.params.gate.recent.model_copy(update={"messages": 0})}
    )
    quiet = settings.model_copy(update={"params": settings.params.model_copy(update={"gate": gate})})
    assert recent.read(quiet, NOW) is None
