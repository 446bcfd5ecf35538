"""The one place that runs external commands.

A command is data: an argument list, a working directory, an environment. `run` streams its output line by
line, keeps the end of it for error messages, and ends the whole process group on a timeout or an interrupt.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ratchet.domain.errors import RatchetError
from ratchet.domain.operations import environment

MOST_SHOWN = 160
"""How many characters of a command are shown where it failed: a commit may name a hundred files."""
TAIL_LINES = 40
GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class Completed:
    """What a command left: its exit code and its output (standard error merged in)."""

    argv: tuple[str, ...]
    code: int
    output: str


class CommandFailed(RatchetError):
    """A command ended with a non-zero exit code, was killed, or ran out of time."""

    def __init__(self, fact: str, remedy: str, completed: Completed) -> None:
        super().__init__(fact, remedy)
        self.completed = completed


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    on_line: Callable[[str], None] | None = None,
    check: bool = True,
) -> Completed:
    """Run a command to its end and return its output.

    `env` is added to what is passed on of this process's environment; `timeout` is in seconds; `on_line` receives
    each line of output as it comes. Raises `CommandFailed` on a non-zero exit code (unless `check` is false) or a
    timeout, and `RatchetError` when the program does not exist.
    """
    words = tuple(str(word) for word in argv)
    process = start(words, cwd=cwd, env=env, stdout=subprocess.PIPE, with_parent=True)
    timed_out = threading.Event()

    def expire() -> None:
        timed_out.set()
        stop(process)

    timer = threading.Timer(timeout, expire) if timeout else None
    if timer:
        timer.start()
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if on_line:
                on_line(line.rstrip("\n"))
        process.wait()
    except BaseException:
        stop(process)
        raise
    finally:
        if timer:
            timer.cancel()
    completed = Completed(words, process.returncode, "".join(lines))
    if timed_out.is_set():
        raise failure(completed, f"did not end within {timeout:g} s")
    if check and completed.code != 0:
        raise failure(completed, describe_exit(completed.code))
    return completed


def start(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdout: int | None = None,
    with_parent: bool = False,
) -> subprocess.Popen[str]:
    """Start a command in its own process group, so that `stop` reaches its children too.

    With `with_parent` it ends when this process is killed, so that no orphan keeps writing (where `setpriv` of
    util-linux is).
    """
    words = [str(word) for word in argv]
    environ = {**environment.passed_on(os.environ), **(env or {})}
    try:
        return subprocess.Popen(
            [*end_with_parent(words[0], environ.get("PATH")), *words] if with_parent else words,
            cwd=cwd,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT if stdout is not None else None,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise RatchetError(
            f"The program {words[0]!r} was not found.", "Install it, or run `make setup`."
        ) from error


def end_with_parent(program: str, path: str | None) -> list[str]:
    """Return the words before a command that make the kernel send it a SIGTERM when the parent ends.

    A program that is not there keeps its own error: then there are none. Python's own way, a function between fork
    and exec, copies the page tables of the whole process (15 ms a command) and may block where threads are.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv and shutil.which(program, path=path) else []


def stop(process: subprocess.Popen[str], grace: float = GRACE_SECONDS) -> None:
    """End a process group: terminate, wait `grace` seconds, kill."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        try:
            process.wait(timeout=grace)
            return
        except subprocess.TimeoutExpired:
            continue


def describe_exit(code: int) -> str:
    """Say in words how a process ended."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def failure(completed: Completed, how: str) -> CommandFailed:
    """Build the error for a command that failed: what ran, how it ended, the end of what it said."""
    tail = "\n".join(deque(completed.output.splitlines(), maxlen=TAIL_LINES))
    command = shlex.join(completed.argv)
    shown = command if len(command) <= MOST_SHOWN else f"{command[:MOST_SHOWN]} …"
    return CommandFailed(f"`{shown}` {how}.", f"Its output ends:\n{tail}", completed)
