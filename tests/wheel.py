"""The wheel as `uv build` makes it from this checkout."""

from __future__ import annotations

import subprocess
import zipfile
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


def stand_in(folder: Path, name: str, version: str) -> Path:
    """Write a wheel that is called as a project's own, whose command of that name prints its version."""
    wheel, info = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr(f"{name}.py", f"def main():\n    print({version!r})\n")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/entry_points.txt", f"[console_scripts]\n{name} = {name}:main\n")
        file.writestr(f"{info}/RECORD", "")
    return wheel
