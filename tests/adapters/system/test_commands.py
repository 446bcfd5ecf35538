"""Tests of `ratchet.adapters.system.commands`."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from ratchet.adapters.system import commands
from ratchet.domain.errors import RatchetError


def test_output_comes_line_by_line_and_whole() -> None:
    """Each line is handed over as it comes, standard error among them, and the whole is returned."""
    seen: list[str] = []
    done = commands.run(["sh", "-c", "echo one; echo two >&2"], on_line=seen.append)
    assert seen == ["one", "two"]
    assert done.output == "one\ntwo\n"


def test_a_failure_shows_the_command_the_exit_code_and_the_end_of_its_output() -> None:
    """The error is the fact and what the command said last, not its first thousand lines."""
    with pytest.raises(commands.CommandFailed) as caught:
        commands.run(["sh", "-c", "seq 1000; exit 3"])
    assert "ended with exit code 3" in caught.value.fact
    assert caught.value.remedy.endswith("\n1000")
    assert "\n1\n" not in caught.value.remedy


def test_a_timeout_ends_the_whole_process_group(tmp_path: Path) -> None:
    """Children of the command do not survive it."""
    child = tmp_path / "child"
    with pytest.raises(commands.CommandFailed, match=r"did not end within 0\.5 s"):
        commands.run(["sh", "-c", f"sleep 60 & echo $! > {child}; wait"], timeout=0.5)
    pid = int(child.read_text())
    deadline = time.monotonic() + 5
    while running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not running(pid)


def running(pid: int) -> bool:
    """Say whether a process exists and is not only waiting to be buried."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_missing_program_is_named() -> None:
    """The error names the program and what to do."""
    with pytest.raises(RatchetError, match=r"'no-such-program' was not found\. Install it"):
        commands.run(["no-such-program"])


def test_a_command_ends_with_a_killed_orchestrator(tmp_path: Path) -> None:
    """SIGKILL of the process that called `run` leaves no orphan that goes on writing."""
    pid_file = tmp_path / "pid"
    script = f"echo $$ > {pid_file}; exec sleep 60"
    code = f"from ratchet.adapters.system import commands; commands.run(['sh', '-c', '{script}'])"
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[3])
    deadline = time.monotonic() + 20
    while not (pid_file.exists() and pid_file.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.05)
    child = int(pid_file.read_text())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 5
    while running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not running(child)


@pytest.mark.parametrize(("code", "said"), [(1, "ended with exit code 1"), (-9, "was ended by SIGKILL")])
def test_an_end_is_said_in_words(code: int, said: str) -> None:
    """Signals are named."""
    assert commands.describe_exit(code) == said
