"""What the events' database says of ratings."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ratchet.adapters.bot import traffic
from ratchet.adapters.settings import Settings
from tests.workspaces import fake_workspace


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = fake_workspace(tmp_path)
    traffic.file(made).parent.mkdir(parents=True)
    return made


def write(settings: Settings, *statements: str) -> None:
    with sqlite3.connect(traffic.file(settings)) as database:
        for statement in statements:
            database.execute(statement)


def test_the_last_rating_of_an_answer_counts(settings: Settings) -> None:
    """With its message, 0 where that is not known any more; not those of before."""
    write(
        settings,
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, message TEXT)",
        "INSERT INTO messages (message) VALUES ('a'), ('b'), (''), ('c')",
        "CREATE TABLE ratings (id INTEGER PRIMARY KEY, at REAL, message TEXT, rating TEXT, text TEXT)",
        "INSERT INTO ratings (at, message, rating, text) VALUES (5, 'a', 'up', ''), (6, 'b', 'down', 'no'), "
        "(7, 'a', 'down', 'well'), (8, 'gone', 'up', ''), (1, 'c', 'up', '')",
    )
    found = traffic.ratings(settings, 2.0)
    assert [tuple(row) for row in found.itertuples(index=False)] == [
        (2, "down", "no"),
        (1, "down", "well"),
        (0, "up", ""),
    ]
    assert traffic.rated(settings, 2.0) == (1, 2)


def test_a_bot_of_before_ratings_has_none(settings: Settings) -> None:
    """Nor one that has not written anything."""
    assert traffic.rated(settings, 0.0) == (0, 0)
    write(settings, "CREATE TABLE messages (id INTEGER PRIMARY KEY)")
    assert traffic.rated(settings, 0.0) == (0, 0)
