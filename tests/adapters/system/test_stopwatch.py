"""How long a command took, as its user saw it."""

from __future__ import annotations

import subprocess
import sys
import time

from ratchet.adapters.system import stopwatch

COMMAND = """
import time
time.sleep(0.3)  # imports, a server that starts
from ratchet.adapters.system import stopwatch
before = time.monotonic()
assert before - 0.1 < stopwatch.began() and stopwatch.seconds(7.0) == 7.0
stopwatch.one_command.set(True)
print(before - stopwatch.began(), stopwatch.seconds(7.0))
"""


def test_a_command_is_measured_from_its_first_moment() -> None:
    """Imports included; a process that is no command's has no such moment."""
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", COMMAND], capture_output=True, text=True, check=True)
    before, seconds = map(float, done.stdout.split())
    assert 0.3 <= before <= seconds <= time.monotonic() - started + 0.1  # ticks of a hundredth


def test_a_test_is_no_command() -> None:
    """Nor is a worker's run."""
    assert stopwatch.seconds(3.0) == 3.0
