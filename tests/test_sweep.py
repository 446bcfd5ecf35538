"""What a killed run of tests left is taken away, and what a living one has is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from tests import sweep


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files of its own, so that no other run's are looked at."""
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    return tmp_path


def run_of_tests(temporary: Path, number: int, pid: int | None) -> Path:
    """Make the folder of a run of tests; without a process's number its lock is gone."""
    place = temporary / "pytest-of-ana" / f"pytest-{number}"
    place.mkdir(parents=True)
    if pid is not None:
        (place / ".lock").write_text(str(pid))
    return place


@pytest.mark.parametrize("how", ["argument", "folder", "environment"])
def test_a_process_of_a_dead_run_is_found_and_that_of_a_living_one_is_not(temporary: Path, how: str) -> None:
    """By its arguments, its folder or its environment; the run's process counts, not the folder's presence."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    dead, ended_well = run_of_tests(temporary, 7771, ended.pid), run_of_tests(temporary, 7772, None)
    living = run_of_tests(temporary, 7773, os.getpid())
    for place, expected in ((dead, True), (ended_well, True), (living, False)):
        argv = [
            sys.executable,
            "-S",
            "-c",
            "import time; time.sleep(60)",
            str(place) if how == "argument" else "",
        ]
        env = {"PATH": os.environ["PATH"], "SOME_HOME": str(place) if how == "environment" else ""}
        process = subprocess.Popen(
            argv, env=env, cwd=place if how == "folder" else "/", start_new_session=True
        )
        try:
            while not psutil.Process(
                process.pid
            ).cmdline():  # the kernel has begun the program, not yet named it
                time.sleep(0.01)
            text = "".join(sweep.traces(psutil.Process(process.pid)).split(str(temporary)))
            assert sweep.orphaned(text) is expected, text
        finally:
            process.kill()
            process.wait()
