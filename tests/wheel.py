"""The wheel as `uv build` makes it from this checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ratchet.adapters.bot.installing import uv
from ratchet.adapters.settings import CODE

BUILD_SECONDS = 120


def build(out: Path, *options: str) -> Path:
    """Build it into a folder; with no option by way of the source distribution, as `uv build` does."""
    argv = [uv(), "build", "--quiet", *options, "--out-dir", str(out), str(CODE)]
    done = subprocess.run(argv, timeout=BUILD_SECONDS, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = out.glob("*.whl")
    return wheel
