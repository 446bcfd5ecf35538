"""Conversation events in a team's database: the bot writes there, the monitor and harvest read."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from ratchet.adapters.bot import past, traffic
from ratchet.adapters.bot.past import Wanted
from ratchet.adapters.settings import Settings
from ratchet.domain.operations.traffic import summarise
from tests.e2e.cli import ROOT
from tests.e2e.postgres import Postgres
from tests.events import name_of
from tests.workspaces import fake_workspace

pytestmark = pytest.mark.e2e

WRITE = """
import sys, time
from ratchet_bot.channel.events import Broker, Event
from ratchet_bot.channel.ratings import Rating
broker = Broker(sys.argv[1])
for number in range(700):
    broker.put(Event(at=time.time(), conversation="web/anna", text=f"hello {number}\\0", context={"role": "x"},
        release="r7", model_version="3", model_id="m7", seconds=0.01, intent="greet", confidence=0.5,
        ranking=[("greet", 0.5)], failed=number == 0))
broker.put(Event(at=time.time(), conversation="web/ben", text="GR\u00d6SSE 100%", context={}, release="r7",
    model_version="3", model_id="m8", seconds=0.01, intent="nlu_handoff", handed_off=True, message_id="one"))
broker.put(Rating(at=time.time(), conversation="web/ben", message_id="one", rating="down", text="no"))
broker.close(20)
print(broker.written)
"""


def test_postgres_takes_what_the_bot_writes_and_gives_it_to_the_monitor(
    postgres: Postgres, tmp_path: Path
) -> None:
    """A NUL in a message, which Postgres refuses, loses nothing; one broken message is in the figures only."""
    python = ROOT / "bot" / ".venv" / "bin" / "python"
    if not python.exists():
        pytest.skip("the bot environment is missing: make setup")
    url = postgres.mlflow
    done = subprocess.run(
        [python, "-c", WRITE, url], cwd=ROOT / "bot", check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "702"
    settings = fake_workspace(tmp_path, events_url=url)
    figures = summarise(traffic.window(settings, 0), 5)
    assert (figures.messages, figures.errors) == (701, 1)
    messages = traffic.after(settings, 0, "m7", 500)
    assert len(messages) == 500
    assert messages["text"].iloc[0] == "hello 1 "
    assert json.loads(messages["ranking"].iloc[0]) == [["greet", 0.5]]
    assert len(traffic.after(settings, int(messages["id"].iloc[-1]), "m7", 500)) == 199
    assert past.INDEX in indexes(settings, url)
    for wanted, names in (
        (Wanted(), ["web/ben", "web/anna"]),
        *((Wanted(kind), ["web/ben"]) for kind in ("fallback", "handoff", "rated")),
        (Wanted("failed"), ["web/anna"]),
        (Wanted(intent="greet", words="HELLO 17", until=1e12), ["web/anna"]),
        (Wanted(words="größe 100%"), ["web/ben"]),
        (Wanted(words="100_"), []),
    ):
        found = past.newest(settings, wanted, None, 9)
        assert [row.name for row in found.rows] == [name_of(name) for name in names], wanted
    [first] = past.newest(settings, Wanted(), None, 1).rows
    assert (first.messages, first.fallbacks, first.handed_off, first.failed, first.rated) == (1, 1, 1, 0, 1)
    lines, left_out = past.one(settings, name_of("web/ben"))
    assert ([(one.text, one.rating, one.rated) for one in lines], left_out) == (
        [("GRÖSSE 100%", "down", "no")],
        0,
    )
    assert past.one(settings, name_of("web/anna"))[1] == 500


def indexes(settings: Settings, url: str) -> set[str | None]:
    """Return the indexes of the messages, after the one of conversations was dropped and made again."""
    from sqlalchemy import create_engine, inspect, text

    engine = create_engine(url)
    with engine.begin() as opened:
        opened.execute(text(f"DROP INDEX {past.INDEX}"))
    past.prepare(settings)
    found = {one["name"] for one in inspect(engine).get_indexes("messages")}
    engine.dispose()
    return found
