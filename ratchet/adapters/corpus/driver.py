"""Ratchet as Git's merge driver for `data.dvc`, set up in a clone by any command; Git then calls `merging.drive`.

Git keeps drivers in a clone's own configuration, which no other clone gets. Where it is not set up, Git reports a
conflict instead, and `ratchet data merge` resolves that.
"""

from __future__ import annotations

import contextlib
import shlex
import sys
from pathlib import Path

from ratchet.adapters.corpus import dvc
from ratchet.adapters.system import commands, git_state
from ratchet.adapters.system.files import write_text
from ratchet.domain.errors import RatchetError

NAME = "ratchet-data"
ATTRIBUTES = (
    f"{dvc.POINTER} merge={NAME}",
    "**/.dvc/forgotten merge=union",
    "**/.dvc/forgotten-texts merge=union",
)
"""Of what a person asked to be forgotten, the lines of both sides hold."""
ENTRY = "from ratchet.cli import main; main()"


def command() -> str:
    """Return what Git is to run; it fills in the files of the ancestor, ours and theirs, and the path of `data.dvc`."""
    return f"{shlex.join([sys.executable, '-P', '-c', ENTRY, 'data', 'merge-driver'])} %O %A %B %P"


def install(workspace: Path) -> bool:
    """Set the driver up in this clone; returns whether anything was to be done.

    A read-only clone does without it: merges there end in a conflict that `ratchet data merge` resolves.
    """
    argv = ["git", "config", "--get", f"merge.{NAME}.driver"]
    asked = commands.run(argv, cwd=workspace, check=False)
    if asked.code not in (0, 1):  # no repository
        return False
    with contextlib.suppress(OSError, RatchetError):
        attributes = git_state.path_of(workspace, "info/attributes")
        text = attributes.read_text(encoding="utf-8") if attributes.exists() else ""
        missing = [line for line in ATTRIBUTES if line not in text.splitlines()]
        if asked.output.rstrip("\n") == command() and not missing:
            return False
        for key, value in (("name", "Ratchet: both sides' messages"), ("driver", command())):
            commands.run(["git", "config", f"merge.{NAME}.{key}", value], cwd=workspace)
        if missing:
            start = "" if text.endswith("\n") or not text else "\n"
            write_text(attributes, "\n".join([f"{text}{start}{missing[0]}", *missing[1:], ""]))
        return True
    return False
