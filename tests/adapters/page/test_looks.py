"""What Home is made of: today's messages, the way back, and sources that are silent."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace

import pytest

from ratchet.adapters.bot import traffic
from ratchet.adapters.monitoring.monitor import Sources
from ratchet.adapters.page import looks
from ratchet.adapters.page.kept import FRESH_SECONDS, Kept
from ratchet.adapters.page.looks import Today
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings
from ratchet.domain.release.manifest import Release
from tests.domain.release.test_manifest import model, release


def test_today_is_counted_in_the_database(settings: Settings) -> None:
    """Messages since midnight, of them those that were not understood, handed over or failed; none before any."""
    assert looks.today(settings) is None
    path = traffic.file(settings)
    path.parent.mkdir(parents=True)
    rows = [
        (time.time() - 3 * 86400, "leave", False, False),
        (time.time() + 1, "leave", False, False),
        (time.time() + 1, "nlu_fallback", False, False),
        (time.time() + 1, "nlu_handoff", True, False),
        (time.time() + 1, "", False, True),
    ]
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE messages (at FLOAT, intent TEXT, handed_off BOOLEAN, failed BOOLEAN)")
        assert looks.today(settings) == Today(0, 0, 0, 0)
        database.executemany("INSERT INTO messages VALUES (?, ?, ?, ?)", rows)
    assert looks.today(settings) == Today(4, 2, 1, 1)
    assert Today(4, 2, 1, 1).share(2) == 0.5
    assert Today(0, 0, 0, 0).share(0) == 0.0


def test_a_look_asks_every_source(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a workspace with models and a release, and no bot that answers, no source is silent for a fault of ours."""
    live = release("b", "a")
    models = [model("1", accuracy=0.82), model("2", decision="ask", reasons=("close",))]
    for name, value in {
        "live": live,
        "models": models,
        "releases": [release("a"), live],
        "champion": models[0],
        "attempts": [],
        "overrides": {},
        "override": None,
        "failure": "",
        "model": models[0],
    }.items():
        monkeypatch.setattr(Registry, name, lambda self, *_, value=value: value)
    found = looks.look(settings)
    assert found.blind == {}
    assert found.status is not None
    assert found.status.live is live
    assert found.floor == pytest.approx(0.77)
    assert found.asked is models[1]
    assert found.back is not None
    assert found.due is not None
    assert found.running is None


def test_the_way_back_says_how_long_the_last_one_took() -> None:
    """The release that the live one replaced, and the seconds of the newest rollback."""
    first, second = release("a"), release("b", "a")
    back = replace(first, reason="rollback from b", seconds=4.2)
    assert looks.way_back([first, second], first) is None
    assert looks.way_back([first, second], None) is None
    way = looks.way_back([first, second, back, second], second)
    assert way is not None
    assert (way.release.id, way.seconds) == ("a", 4.2)


def test_the_plot_has_the_newest_models_and_what_went_live() -> None:
    """Thirty in a wide window, ten in a narrow one; nothing before the first model."""
    models = [model(str(number)) for number in range(1, 41)]
    released: list[Release] = [release("a")]
    charts = looks.charts(models, released, 0.7)
    assert [len(charts[name].points) for name in ("wide", "narrow")] == [30, 10]
    assert looks.charts([], released, 0.7) == {}


def test_nothing_waits_where_nothing_is_set_up(settings: Settings) -> None:
    """Without clients for hand-offs and without a harvest nobody is asked, and nothing is wrong."""
    sources = Sources()
    assert looks.waiting(settings, sources) == {}
    assert sources.blind == {}


def test_a_look_is_kept_and_made_again_beside_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first visitor waits; later ones get the last look, while a new one is made."""
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    now = [0.0]
    kept = Kept(make, lambda: now[0])
    monkeypatch.setattr("threading.Thread.start", lambda thread: thread.run())
    assert [kept.get(), kept.get()] == [1, 1]
    now[0] = FRESH_SECONDS + 1
    assert kept.get() == 1
    assert kept.get() == 2
    assert len(made) == 2
    now[0] += FRESH_SECONDS + 1
    assert kept.age == FRESH_SECONDS + 1
    assert kept.get(FRESH_SECONDS) == 3
    assert (kept.get(FRESH_SECONDS), kept.age) == (3, 0.0)
