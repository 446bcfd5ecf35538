"""Settings that all tests share, and the tables that they print at the end."""

from __future__ import annotations

import gc
import os
import random
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests import tables
from tests.sweep import sweep
from tests.variables import own_variables

gc.set_threshold(100_000)  # as the command line does: a tenth of the time went into looking for garbage

# A loaded machine is no failure of a law: what a test may take is bounded by pytest-timeout.
EXAMPLES = 500 if os.environ.get("RATCHET_LONG") == "1" else 12
settings.register_profile("ratchet", deadline=None, max_examples=EXAMPLES)
settings.load_profile("ratchet")


# One seed for the worker processes of a run: they take over the environment of the one that starts them.
for name in ("RATCHET_KILL_SEED", "RATCHET_FUZZ_SEED"):
    os.environ.setdefault(name, str(random.SystemRandom().randrange(10_000)))


# Weights of 90 MB are no input of a test: the linear classifier is trained, but where a test makes its own encoder.
os.environ.setdefault("RATCHET_ENCODER_WEIGHTS", "none")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts background jobs so, and the commands under test would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

GROUPS = {
    # The machine's Docker engine, and the one fleet on it.
    "engine": (
        "fleet/",
        "incidents/test_half_updated_fleet.py",
        "incidents/test_lfs_pointer_served_as_model_or_dockerfile.py::test_a_pointer_in_place_of_a_dockerfile",
        "incidents/test_no_failover.py::test_a_fleet",
        "kills/test_engine.py",
        "kills/test_swarm_kills.py",
        "lab/",
        "test_security.py",
    ),
    # One team and its bot.
    "museum": ("incidents/", "test_gate.py"),
    # Files of few tests, each with a bot of its own: alone they would come last, when the other process has no more.
    "alone": (
        "kills/",
        "whole/",
        "test_events.py",
        "test_main_job.py",
        "test_migration.py",
        "test_shared_server.py",
    ),
}
"""Tests that share something dear to make, by how their names below tests/e2e/ begin; the first group counts."""


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """Undo what a test's commands set: a flow names its workspace and its server to all that comes after it."""
    with own_variables():
        yield


class Files(LoadScopeScheduling):
    """Each group runs in one process, and each other file in one, in its order."""

    def _split_scope(self, nodeid: str) -> str:
        for group, members in GROUPS.items():
            if nodeid.removeprefix("tests/e2e/").startswith(members):
                return group
        return nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """Deal the tests out by that with `--dist loadscope`; a mark for xdist's groups has no effect with pytest 9.2."""
    return Files(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_sessionstart(session: pytest.Session) -> None:
    """Begin on a clean machine, whatever became of an earlier run."""
    if not hasattr(session.config, "workerinput") and (found := sweep()):
        print(f"Left by a run that was killed, now gone: {', '.join(found)}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the lines of a worker process over."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["tables"] = tables.here()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the lines of a worker process; one that was killed left none."""
    tables.receive(getattr(node, "workeroutput", {}).get("tables", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print them."""
    for line in tables.everything():
        terminalreporter.write_line(line)
