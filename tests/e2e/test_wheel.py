"""Ratchet installed from its wheel, with the checkout nowhere near: real uv, Rasa, DVC, MLflow and Prefect."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ratchet.adapters.bot.installing import uv
from ratchet.adapters.system.processes import free_port
from tests.e2e.cli import ROOT, TIMEOUT_SECONDS
from tests.wheel import build

OWN = ("RATCHET_", "PYTHON", "VIRTUAL_ENV", "PREFECT_", "MLFLOW_", "PYTEST_")
"""Variables that would lead back to the checkout; certificates and mirrors of packages stay."""
pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(1800)]


class Installed:
    """The command `ratchet` of a tool that uv installed, run with an environment that knows no checkout."""

    def __init__(self, home: Path) -> None:
        config = (ROOT / "bot" / ".venv" / "pyvenv.cfg").read_text()
        python = next(line.split("=")[1].strip() for line in config.splitlines() if line.startswith("home"))
        cache = subprocess.run([uv(), "cache", "dir"], capture_output=True, text=True, check=True)
        passed = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
        self.environment = {
            **passed,
            "HOME": str(home),
            "PATH": f"{home / 'bin'}:{python}:/usr/bin:/bin",
            "UV_CACHE_DIR": cache.stdout.strip(),
            "UV_TOOL_DIR": str(home / "tools"),
            "UV_TOOL_BIN_DIR": str(home / "bin"),
            "RATCHET_ENCODER_WEIGHTS": "none",
        }

    def __call__(self, *words: str | Path, cwd: Path) -> str:
        """Run a command and return everything that it printed."""
        done = subprocess.run(
            words,
            cwd=cwd,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_SECONDS,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Ratchet as the README says: `uv tool install --with-executables-from dvc dist/ratchet-*.whl`."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    home = tmp_path_factory.mktemp("home")
    made = Installed(home)
    made(uv(), "tool", "install", "--with-executables-from", "dvc", build(home / "dist"), cwd=home)
    return made


@pytest.fixture(scope="module")
def workspace(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace with the example and with folders that are called as packages are."""
    folder = tmp_path_factory.mktemp("elsewhere")
    installed("ratchet", "init", "bot", "--example", "helpdesk", cwd=folder)
    for name in ("tasks", "flows"):
        (folder / "bot" / name).mkdir()
        (folder / "bot" / name / "__init__.py").write_text("raise SystemExit('the team has this folder')\n")
    (folder / "bot" / ".env").write_text(f"RATCHET_PORT={free_port()}\n")
    yield folder / "bot"
    installed("ratchet", "stop", cwd=folder / "bot")


def test_init_and_retrain_end_with_a_bot_that_answers(installed: Installed, workspace: Path) -> None:
    """The bot's environment is installed on the way, and said to be; the team's own folders are not in the way."""
    printed = installed("ratchet", "retrain", cwd=workspace)
    assert "Installing the bot's environment into bot/.venv" in printed
    assert "Released." in printed
    url = next(word for word in printed.split() if word.startswith("(http")).strip("()")
    answer = httpx.post(url, json={"sender": "a", "message": "my laptop was stolen"}, trust_env=False)
    assert answer.json()["intent"]["name"] == "report_lost_device"


def test_the_commands_that_remedies_name_are_there(installed: Installed, workspace: Path) -> None:
    """`dvc push`, above all."""
    assert "up to date" in installed("dvc", "push", cwd=workspace)


def test_nothing_of_the_checkout_is_used(installed: Installed, workspace: Path) -> None:
    """No file that the workspace keeps names the checkout's folder, and a second retrain finds nothing to do."""
    assert "Nothing new" in installed("ratchet", "retrain", cwd=workspace)
    kept = [path for path in (workspace / ".ratchet").rglob("*.json") if path.is_file()]
    assert kept
    assert not [path for path in kept if str(ROOT) in path.read_text(errors="replace")]
