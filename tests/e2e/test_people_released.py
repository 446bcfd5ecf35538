"""People answer in the bot's place through a release and a rollback of the `process` target, without an engine."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from ratchet.adapters.bot import rasa
from ratchet.adapters.settings import load_settings
from ratchet.adapters.system import commands
from ratchet.adapters.system.files import sha256
from ratchet.adapters.system.processes import free_port
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.domain.release.manifest import Release
from tests.e2e.fleet import small_bot
from tests.e2e.fleet.desk_record import check
from tests.e2e.fleet.desk_talk import IS_KEPT, Talk, await_step
from tests.workspaces import make_release

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.long,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed"),
]
PEOPLE = "p" * 24


class Small:
    """A workspace of the small bot on the `process` target, whose clients' file has people; users need no token."""

    def __init__(self, folder: Path) -> None:
        clients = folder.parent / "clients.yml"
        clients.write_text(yaml.safe_dump([{"name": "people", "token": PEOPLE, "rights": ["handoff"]}]))
        small_bot.write_workspace(folder)
        settings = load_settings(folder, target="process", port=free_port(), client_tokens_file=clients)
        self.target, self._archive = ProcessTarget(settings), folder / "model.tar.gz"
        data, bot = small_bot.write_rows(folder / "rows.jsonl"), settings.bot
        argv = rasa.tool(settings, bot, "train", "--data", data, "--out", self._archive, "--seed", "1")
        argv += ["--report", str(folder / "report.json")]
        commands.run(argv, cwd=bot, env=rasa.environment(bot), timeout=300)

    def package(self, number: int) -> Release:
        """Make a release."""
        digest = sha256(self._archive)
        bundle = self.target.package(self._archive, digest, {}, print)
        return replace(make_release(bundle, digest), id=f"r{number}")

    def bring_out(self, release: Release) -> None:
        """Start it and give it the traffic."""
        self.target.stage(release, print)
        self.target.deploy(release, print)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    """With a Redis that keeps its data."""
    port = free_port()
    argv = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]
    store = subprocess.Popen([*argv, "--dir", str(tmp_path)], stdout=subprocess.DEVNULL)
    with pytest.MonkeyPatch.context() as shell:
        shell.setenv("RATCHET_REDIS_URL", f"redis://127.0.0.1:{port}/0")
        made = Small(tmp_path / "ws")
        yield made
        made.target.stop(print)
    store.kill()
    store.wait(timeout=15)


def test_500_conversations_go_through_a_release_and_a_rollback(small: Small) -> None:
    """Ten messages a second, half of the conversations handed over and answered by three persons, and given back."""
    first, second = small.package(1), small.package(2)
    small.bring_out(first)
    talk = Talk([small.target.url()], [small.target.url()], "", PEOPLE, "talk", client="local")
    failed: list[BaseException] = []

    def release_and_back() -> None:
        try:
            await_step(talk, IS_KEPT)
            small.bring_out(second)
            await_step(talk, IS_KEPT)
            small.bring_out(first)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=release_and_back)
    thread.start()
    record = asyncio.run(talk.run(500, 10.0, more=thread.is_alive))
    thread.join()
    if failed:
        raise failed[0]
    print(f"{record.line()}; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    check(record)
    assert record.median < 1.0
    releases = {answer["release"] for answers in record.answers.values() for answer in answers}
    assert releases == {"r1", "r2"}
