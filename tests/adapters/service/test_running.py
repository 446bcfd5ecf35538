"""The parts of the service as processes, and what it writes for people and for systemd."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ratchet.adapters.service import running, service_parts
from ratchet.adapters.service.service_parts import Part
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.processes import Replica, alive, terminate

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An empty workspace with a password."""
    (tmp_path / "params.yaml").write_text("", encoding="utf-8")
    (tmp_path / "bot").mkdir()
    return load_settings(tmp_path, prefect_auth="ana:secret")


@pytest.fixture
def started(settings: Settings) -> Iterator[list[Replica]]:
    """Processes that are ended after the test."""
    found: list[Replica] = []
    yield found
    for replica in found:
        terminate(replica)


def test_a_part_that_runs_is_adopted(settings: Settings, started: list[Replica]) -> None:
    """A supervisor that was killed leaves parts behind; the next one does not start them twice."""
    part = Part("worker", SLEEP, {})
    started += [running.start(settings, part), running.start(settings, part)]
    assert started[0] == started[1]
    assert alive(started[0])


def test_a_part_with_other_settings_is_replaced(settings: Settings, started: list[Replica]) -> None:
    """What runs is what the settings say now."""
    started.append(running.start(settings, Part("worker", SLEEP, {"A": "1"})))
    started.append(running.start(settings, Part("worker", SLEEP, {"A": "2"})))
    assert not alive(started[0])
    assert alive(started[1])


def test_stop_ends_the_parts_and_forgets_them(settings: Settings) -> None:
    """The last started is stopped first; stopping twice is fine."""
    for name in ("worker", "watch"):
        running.start(settings, Part(name, SLEEP, {}))
    said: list[str] = []
    running.stop(settings, said.append)
    running.stop(settings, said.append)
    assert said == ["stopped: watch", "stopped: worker"]
    assert not list(service_parts.folder(settings).glob("*.json"))


def test_mlflow_pages_are_started_unless_the_team_has_its_own(settings: Settings) -> None:
    """A tracking server has pages; a database has none."""
    database = settings.model_copy(update={"tracking_uri": "postgresql://u:p@db/mlflow"})
    server = settings.model_copy(update={"tracking_uri": "https://mlflow.example"})
    assert [len(service_parts.mlflow(one)) for one in (settings, database, server)] == [1, 1, 0]


def test_prefects_own_commands_find_the_server(settings: Settings) -> None:
    """The file is what Prefect reads from the working directory."""
    written = tomllib.loads(service_parts.prefect_toml(settings, "http://127.0.0.1:4200/api"))
    assert written["api"] == {"url": "http://127.0.0.1:4200/api", "auth_string": "ana:secret"}
    assert written["server"]["analytics_enabled"] is False


def test_the_unit_leaves_the_bot_running(settings: Settings) -> None:
    """systemd signals the supervisor alone; the bot is a process of its own."""
    unit = service_parts.unit(settings)
    assert f"--workspace {settings.workspace} up" in unit
    assert "KillMode=process" in unit
