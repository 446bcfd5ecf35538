"""`make setup` in a copy of Ratchet's own folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_a_copied_environment_is_made_again(tmp_path: Path) -> None:
    """Its commands would run the original's code; where it belongs, nothing is installed twice."""
    for name in (
        "Makefile",
        "pyproject.toml",
        "uv.lock",
        "bot/pyproject.toml",
        "bot/uv.lock",
        "bot/.python-version",
        "ratchet_bot/pyproject.toml",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    made = [".ratchet/uv/bin/uv", ".venv/bin/ratchet", ".venv/.synced", "bot/.venv/.synced"]
    for number, name in enumerate(made):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (2e9 + number, 2e9 + number))
    command = tmp_path / ".venv" / "bin" / "ratchet"

    def said(folder: Path) -> str:
        command.write_text(f"#!{folder}/.venv/bin/python\n")
        argv = ["make", "--dry-run", "--no-print-directory", "setup"]
        done = subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60)
        return done.stdout

    assert "sync" not in said(tmp_path)
    assert "rm -rf .venv\n" in said(tmp_path.with_name("original"))

    installed = tmp_path / "bot/.venv/lib/python3.13/site-packages/ratchet_bot-0.1.0.dist-info"
    installed.mkdir(parents=True)
    for folder, again in ((tmp_path, False), (tmp_path.with_name("original"), True)):
        (installed / "direct_url.json").write_text(f'{{"url":"file://{folder}/ratchet_bot","dir_info":{{}}}}')
        assert ("sync" in said(tmp_path)) is again
