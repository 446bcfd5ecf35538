"""How long the command that a person entered has been at work: from the start of its process, imports included."""

from __future__ import annotations

import os
import time
from contextvars import ContextVar
from pathlib import Path

one_command: ContextVar[bool] = ContextVar("one_command", default=False)
"""Whether this process carries out one command and nothing else; a worker's run or a test does not."""
STARTED = 19
"""The number of the field with a process's start among those after its name in `/proc/self/stat`, in clock ticks."""


def began() -> float:
    """Return when the command was entered, on the monotonic clock; where the process is no command's, it is now."""
    return time.monotonic() - (age() if one_command.get() else 0.0)


def seconds(otherwise: float) -> float:
    """Return how long the command has been at work; `otherwise` where the process is no command's."""
    return age() if one_command.get() else otherwise


def age() -> float:
    """Return for how many seconds this process has existed; without Linux's tables to a second only."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        started = int(fields[STARTED]) / os.sysconf("SC_CLK_TCK")
        return max(time.clock_gettime(time.CLOCK_BOOTTIME) - started, 0.0)
    except (OSError, ValueError, LookupError, AttributeError):
        import psutil  # no help text waits for it

        return max(time.time() - float(psutil.Process().create_time()), 0.0)
