"""Tests of what the command line says of itself."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version

from typer.testing import CliRunner

from cli.app import app

SLOW = {"pandas", "scipy", "mlflow", "prefect", "docker", "boto3"}
IMPORTED = "import json, sys, cli.app; print(json.dumps(sorted(sys.modules)))"


def test_the_version_is_the_installed_one() -> None:
    """What a bug report names."""
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.stdout) == (0, f"ratchet {version('ratchet')}\n")


def test_no_help_text_waits_for_what_a_run_needs() -> None:
    """`ratchet --help` and completion load neither tables nor servers' clients: half a second, not two."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED], check=True, capture_output=True, text=True, timeout=60
    )
    assert not SLOW & set(json.loads(done.stdout))
