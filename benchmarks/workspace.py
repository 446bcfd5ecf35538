"""A new workspace with a public set in it, on which `ratchet` is run and timed as a user runs it."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import public

RATCHET = public.ROOT / ".venv" / "bin" / "ratchet"
LINE = re.compile(r"^✓ (\w+) +([\d.]+) s", re.MULTILINE)


@dataclass(frozen=True)
class Workspace:
    """A workspace, and the environment variables that its commands get besides."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def ratchet(self, *words: str | Path) -> tuple[float, dict[str, float]]:
        """Run a command; return its duration and those of its steps, in seconds."""
        started = time.perf_counter()
        argv = [str(RATCHET), "--workspace", str(self.folder), *map(str, words)]
        environment = {**os.environ, **self.environment}
        done = subprocess.run(
            argv, env=environment, text=True, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        took = time.perf_counter() - started
        return took, {name: float(seconds) for name, seconds in LINE.findall(done.stderr)}

    def new_seed(self, seed: int) -> None:
        """Change the seed of the training, so that there is something new to train."""
        params = self.folder / "params.yaml"
        params.write_text(re.sub(r"^  seed: .*$", f"  seed: {seed}", params.read_text(), flags=re.MULTILINE))


@contextmanager
def new_workspace(
    environment: Mapping[str, str] | None = None, example: str | None = None
) -> Iterator[Workspace]:
    """Make a workspace, empty or with an example, in a temporary folder; stop what runs in it at the end."""
    with tempfile.TemporaryDirectory(prefix="ratchet-benchmark-") as folder:
        workspace = Workspace(Path(folder) / "bot", environment or {})
        chosen = ["--example", example] if example else []
        argv = [str(RATCHET), "init", str(workspace.folder), *chosen]
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
        try:
            yield workspace
        finally:
            workspace.ratchet("stop")


def main(about: str, measure: Callable[[Path, int], None]) -> int:
    """Parse the options that such benchmarks share, and measure; return the exit code."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(
        "--data", type=Path, default=public.path("banking77"), help="CSV with text and intent"
    )
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    if not arguments.data.exists():
        print(f"error: {arguments.data} does not exist. Name a CSV with --data.", file=sys.stderr)
        return 1
    measure(arguments.data, arguments.repeats)
    return 0
