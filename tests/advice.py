"""What a remedy tells its reader to type, and typing it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from ratchet.adapters.bot.installing import uv
from ratchet.cli.app import app
from ratchet.domain.errors import RatchetError
from tests.variables import own_variables


def commands(remedy: str) -> list[str]:
    """What is between backticks, in its order."""
    return re.findall(r"`([^`]+)`", remedy)


def only(remedy: str, first: str) -> str:
    """The one command that begins with a word."""
    [found] = [one for one in commands(remedy) if one.split()[0].rpartition("/")[2] == first]
    return found


def ratchet(workspace: Path, line: str, code: int = 0) -> str:
    """Type a command of Ratchet's in a workspace, in this process; returns what it printed."""
    program, *words = shlex.split(line)
    assert program == "ratchet", line
    with own_variables():
        done = CliRunner().invoke(app, ["--workspace", str(workspace), *words])
    if isinstance(done.exception, RatchetError):
        raise done.exception
    assert done.exit_code == code, (line, done.output, done.exception)
    return done.output


def shell(folder: Path, line: str, **variables: str) -> str:
    """Type a command into a shell in a folder, with what comes with Ratchet on PATH; it must succeed."""
    path = os.pathsep.join([str(Path(uv()).parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        line,
        shell=True,
        cwd=folder,
        env={**os.environ, "PATH": path, **variables},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=1800,
    )
    assert done.returncode == 0, (line, done.stdout)
    return done.stdout
