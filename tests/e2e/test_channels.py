"""Channels and custom actions through a release of the `process` target: no message is lost, and none comes twice."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from ratchet.adapters.bot import project, rasa
from ratchet.adapters.settings import load_settings
from ratchet.adapters.system import commands
from ratchet.adapters.system.files import sha256
from ratchet.adapters.system.processes import free_port, tail
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.domain.release.manifest import Release
from tests.e2e.fleet import small_bot, with_channels
from tests.workspaces import make_release

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


class Small:
    """A workspace of the small bot with channels, on the `process` target."""

    def __init__(self, folder: Path) -> None:
        self.platform = free_port()
        small_bot.write_workspace(folder)
        with_channels.bring(folder, f"http://127.0.0.1:{self.platform}/")
        self.settings = load_settings(folder, target="process", port=free_port())
        self.target = ProcessTarget(self.settings)
        self.said: list[str] = []
        self._archive = folder / "model.tar.gz"
        data = small_bot.write_rows(folder / "rows.jsonl")
        bot = self.settings.bot
        argv = rasa.tool(self.settings, bot, "train", "--data", data, "--out", self._archive, "--seed", "1")
        argv += ["--report", str(folder / "report.json")]
        commands.run(argv, cwd=bot, env=rasa.environment(bot), timeout=300)

    def logs(self) -> str:
        """What the replicas of all releases have logged."""
        files = sorted((self.target.folder / "logs").glob("*.log"))
        return "\n".join(f"{file.name}\n{tail(file, 400)}" for file in files)

    def release(self, number: int) -> Release:
        """Bring a release out."""
        digest = sha256(self._archive)
        project.inspect(self.settings, self.said.append)
        bundle = self.target.package(self._archive, digest, {}, self.said.append)
        found = replace(make_release(bundle, digest), id=f"r{number}")
        self.target.stage(found, self.said.append)
        self.target.deploy(found, self.said.append)
        return found


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    """With a Redis that outlives the replicas: in memory what was answered is forgotten with each of them."""
    folder, port = tmp_path_factory.mktemp("channels"), free_port()
    argv = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    store = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    with pytest.MonkeyPatch.context() as shell:
        shell.setenv("RATCHET_REDIS_URL", f"redis://127.0.0.1:{port}/0")
        made = Small(folder / "ws")
        yield made
        made.target.stop(print)
    store.kill()
    store.wait(timeout=15)


def test_no_message_is_lost_in_a_release(small: Small) -> None:
    """Slack, an own channel and two real Socket.IO clients talk through a release: each message has its one reply."""
    small.release(1)
    assert "channels: /webhooks/rest/webhook, /webhooks/slack/webhook, /socket.io, " in small.said[0]
    python = rasa.python(small.settings, small.settings.bot)
    with with_channels.people(python, small.target.url(), small.platform) as found:
        until(lambda: with_channels.connections(small.platform) >= 2)
        second = small.release(2)
        until(lambda: said(small)["release"] == second.id)
        until(lambda: with_channels.connections(small.platform) >= 4)
        before = told(small)
        until(lambda: told(small) > before + 20)
    assert len(found["sent"]) > 10
    assert found["refused"], "somebody without Slack's secret was believed"
    assert with_channels.lost(found) == {}, f"{found['connections']} connections\n{small.logs()}"
    assert with_channels.twice(found) == {}


def test_each_replica_has_an_action_server_of_its_own(small: Small) -> None:
    """Its health is part of the replica's, and its lines are among the replica's."""
    assert said(small)["ready"]
    assert "actions answer on 127.0.0.1:" in small.target.logs(100)


def test_a_secret_is_in_no_file_but_its_own(small: Small) -> None:
    """Neither in the bundle nor in what notes the replicas; the file is the user's alone."""
    file = project.variables_file(small.settings)
    assert json.loads(file.read_text())["CHATTER_TOKEN"] == "chatter-secret"
    assert file.stat().st_mode & 0o077 == 0
    for path in (small.settings.state).rglob("*"):
        if path.is_file() and path != file and path.suffix not in (".db", ".gz"):
            assert b"chatter-secret" not in path.read_bytes(), path


def said(small: Small) -> dict[str, object]:
    """What the live replica says of itself, through the supervisor."""
    return dict(httpx.get(f"{small.target.url()}/status", trust_env=False, timeout=10).json())


def told(small: Small) -> int:
    """How many messages the live replica has noted."""
    events = said(small)["events"]
    assert isinstance(events, dict)
    return int(events["written"])


def until(true: object) -> None:
    """Wait for a condition, a minute at most."""
    for _ in range(600):
        if true():  # type: ignore[operator]
            return
        time.sleep(0.1)
    raise AssertionError("it did not come about within a minute")
