"""Run `ratchet` as a user does, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from ratchet.adapters.system.processes import free_port
from tests.docs.schemas import validate
from tests.e2e import migrated

ROOT = Path(__file__).resolve().parents[2]
RATCHET = Path(sys.executable).with_name("ratchet")
TIMEOUT_SECONDS = 600
TELLING = {"status", "fleet"}
"""Commands that end with 1 where the live release does not serve everywhere, which is no failure of theirs."""


class Ratchet:
    """The command line in one workspace; its server's database is a copy, unless it is to be as `new` as a user's."""

    def __init__(self, workspace: Path, new: bool = False) -> None:
        self.workspace, self.new = workspace, new

    def __call__(self, *words: str | Path, code: int = 0, env: dict[str, str] | None = None) -> str:
        """Run a command, assert its exit code, and return everything that it printed."""
        done = self.start(*words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        printed, _ = done.communicate(timeout=TIMEOUT_SECONDS)
        assert done.returncode == code, f"ratchet {' '.join(map(str, words))}: {done.returncode}\n{printed}"
        assert "Traceback" not in printed, printed
        return str(printed)

    def json(self, *words: str | Path) -> Any:
        """Run a command with `--json` and return what it printed on standard output, which its schema describes."""
        done = self.start(*words, "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = done.communicate(timeout=TIMEOUT_SECONDS)
        assert done.returncode in ({0, 1} if words[0] in TELLING else {0}), err
        printed = json.loads(out)
        validate(" ".join(map(str, words)), printed)
        return printed

    def start(
        self, *words: str | Path, env: dict[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[str]:
        """Start a command and return its process."""
        if words and not self.new:
            migrated.give(self.workspace, str(words[0]))
        argv = [str(RATCHET), "--workspace", str(self.workspace), *(str(word) for word in words)]
        return subprocess.Popen(argv, text=True, env={**os.environ, **(env or {})}, **options)


def example_workspace(folder: Path) -> Ratchet:
    """Make a workspace with the example; its port is its own, because tests run beside each other."""
    subprocess.run([RATCHET, "init", folder, "--example", "helpdesk"], check=True)
    (folder / ".env").write_text(f"RATCHET_PORT={free_port()}\n")
    return Ratchet(folder, new=True)
