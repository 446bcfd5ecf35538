"""Locust itself, against a server that is good, slow or broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ratchet.adapters.bot import channel
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system import commands
from ratchet.adapters.system.processes import free_port
from ratchet.adapters.targets import locust_load
from ratchet.domain.errors import RatchetError
from tests.e2e.fleet.fleet import ROOT, until

pytestmark = pytest.mark.e2e

Serve = Callable[[str], str]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace whose load test takes 2 s."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text("rollout: {load_test: {seconds: 2, users: 2, min_requests: 10}}")
    return load_settings(tmp_path)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start stand-in servers with a fault each; returns their addresses."""
    running: list[subprocess.Popen[str]] = []

    def start(fault: str) -> str:
        folder = shutil.copytree(
            ROOT / "tests" / "fakes" / "bot" / "ratchet_bot" / "tools", tmp_path / f"server-{len(running)}"
        )
        (folder / "FAULT").write_text(fault)
        port = free_port()
        argv = [sys.executable, str(folder / "serve.py"), "--host", "127.0.0.1", "--port", str(port)]
        argv += ["--release", "r1", "--model-version", "1", "--sha256", "0" * 64]
        running.append(commands.start(argv))
        url = f"http://127.0.0.1:{port}"
        until(lambda: channel.serves(url, "r1"), 20, "the server")
        return url

    yield start
    for process in running:
        commands.stop(process)


def test_a_good_server_passes(settings: Settings, serve: Serve, tmp_path: Path) -> None:
    """Both servers are measured in the same seconds, and the verdict has the figures of both."""
    said: list[str] = []
    verdict = locust_load.run(settings, serve(""), serve(""), ["hello"], tmp_path / "run", said.append)
    assert verdict is not None
    assert verdict.passed, verdict.reasons
    assert verdict.candidate.requests >= 10
    assert verdict.champion is not None
    assert verdict.champion.requests >= 10
    assert "0 failed" in said[0]
    locust_load.require(verdict)


def test_a_slow_server_is_refused_with_its_figures(settings: Settings, serve: Serve, tmp_path: Path) -> None:
    """A server that takes 1.5 s is named slow, against the limit and against the live one."""
    verdict = locust_load.run(settings, serve("slow"), serve(""), ["hello"], tmp_path / "run", lambda _: None)
    with pytest.raises(RatchetError, match=r"the limit 500 ms.*where the live release has"):
        locust_load.require(verdict)


@pytest.fixture
def crowded(settings: Settings) -> Settings:
    """People and time enough for slow servers, and a ratio that this machine's own noise does not reach."""
    changes = {"users": 8, "seconds": 4, "min_requests": 5, "max_p95_ratio": 4.0}
    test = settings.params.rollout.load_test.model_copy(update=changes)
    rollout = settings.params.rollout.model_copy(update={"load_test": test})
    return settings.model_copy(update={"params": settings.params.model_copy(update={"rollout": rollout})})


def test_a_busy_machine_blocks_no_good_release(crowded: Settings, serve: Serve, tmp_path: Path) -> None:
    """Where the live server is over the limit too, the ratio decides, and the line says so."""
    said: list[str] = []
    verdict = locust_load.run(
        crowded, serve("slow 0.6"), serve("slow 0.6"), ["hello"], tmp_path / "run", said.append
    )
    locust_load.require(verdict)
    assert verdict is not None
    assert verdict.candidate.p95_ms > 500
    assert "in the same test, so only their ratio counts" in said[0]


@pytest.mark.long
def test_on_a_busy_machine_a_slower_release_is_refused(
    crowded: Settings, serve: Serve, tmp_path: Path
) -> None:
    """By the ratio alone."""
    verdict = locust_load.run(
        crowded, serve("slow 3"), serve("slow 0.6"), ["hello"], tmp_path / "run", lambda _: None
    )
    with pytest.raises(RatchetError, match="where the live release has") as refused:
        locust_load.require(verdict)
    assert "the limit 500 ms." not in str(refused.value)


def test_a_server_that_is_not_there_is_refused(settings: Settings, tmp_path: Path) -> None:
    """Errors are counted; a test in which nothing was answered is not passed."""
    url = f"http://127.0.0.1:{free_port()}"
    verdict = locust_load.run(settings, url, None, ["hello"], tmp_path / "run", lambda _: None)
    with pytest.raises(RatchetError, match=r"requests of \d+ failed \(100.0%, limit 0.0%\)"):
        locust_load.require(verdict)


def test_a_policy_may_leave_the_load_test_out(settings: Settings, tmp_path: Path) -> None:
    """`seconds: 0` means no load test, and no verdict."""
    test = settings.params.rollout.load_test.model_copy(update={"seconds": 0})
    rollout = settings.params.rollout.model_copy(update={"load_test": test})
    without = settings.model_copy(update={"params": settings.params.model_copy(update={"rollout": rollout})})
    assert locust_load.run(without, "http://127.0.0.1:1", None, [], tmp_path, lambda _: None) is None
    locust_load.require(None)


def test_light_load_lasts_as_long_as_its_block(settings: Settings, serve: Serve, tmp_path: Path) -> None:
    """One person writes until the block ends, and the figures are there afterwards."""
    url, folder = serve(""), tmp_path / "run"
    with locust_load.light(settings, url, ["hello"], folder):
        until(lambda: (folder / "load-plan.json").exists(), 5, "the plan")
        time.sleep(5)
    figures = locust_load.read(folder).candidate
    assert figures.requests > 0
    assert figures.errors == 0
