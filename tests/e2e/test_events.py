"""Conversation events in a team's database: the bot writes there, the monitor and harvest read."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from ratchet.adapters.bot import traffic
from ratchet.domain.operations.traffic import summarise
from tests.e2e.cli import ROOT
from tests.e2e.postgres import Postgres
from tests.workspaces import fake_workspace

pytestmark = pytest.mark.e2e

WRITE = """
import sys, time
from ratchet_bot.channel.events import Broker, Event
broker = Broker(sys.argv[1])
for number in range(700):
    broker.put(Event(at=time.time(), conversation="web/anna", text=f"hello {number}\\0", context={"role": "x"},
        release="r7", model_version="3", model_id="m7", seconds=0.01, intent="greet", confidence=0.5,
        ranking=[("greet", 0.5)], failed=number == 0))
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
    assert done.stdout.strip() == "700"
    settings = fake_workspace(tmp_path, events_url=url)
    figures = summarise(traffic.window(settings, 0), 5)
    assert (figures.messages, figures.errors) == (700, 1)
    messages = traffic.after(settings, 0, "m7", 500)
    assert len(messages) == 500
    assert messages["text"].iloc[0] == "hello 1 "
    assert json.loads(messages["ranking"].iloc[0]) == [["greet", 0.5]]
    assert len(traffic.after(settings, int(messages["id"].iloc[-1]), "m7", 500)) == 199
