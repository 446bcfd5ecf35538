"""The environment of Ratchet's own process and of a real program that it starts."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path

import pytest

from ratchet.adapters import environment
from ratchet.adapters.settings import load_settings
from ratchet.adapters.system import commands

SAY = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of a shell: some that mislead, and one that is needed."""
    for name, value in {
        "http_proxy": "http://127.0.0.1:9",
        "PREFECT_API_URL": "http://other/api",
        "PREFECT_API_KEY": "key",
        "MLFLOW_TRACKING_URI": "nonsense://",
        "MLFLOW_TRACKING_PASSWORD": "secret",
        "GIT_DIR": "/other/.git",
        "PYTHONPATH": "/other",
        "AWS_PROFILE": "team",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "corp.example")


def test_a_program_gets_what_it_needs_and_what_it_is_told(shell: None) -> None:
    """Not what the shell tells Ratchet's own tools, unless it is told on purpose."""
    told = {"PREFECT_API_URL": "http://own/api", "PYTHONPATH": "/own"}
    got = json.loads(commands.run([sys.executable, "-c", SAY], env=told).output)
    assert {name: got[name] for name in told} == told
    assert (got["AWS_PROFILE"], got["http_proxy"]) == ("team", "http://127.0.0.1:9")
    assert got["no_proxy"] == got["NO_PROXY"] == "corp.example,127.0.0.1,localhost,::1"
    assert not {"MLFLOW_TRACKING_URI", "PREFECT_API_KEY", "GIT_DIR"} & got.keys()


def test_git_works_in_the_workspace_whatever_repository_the_shell_names(shell: None, tmp_path: Path) -> None:
    """As within a hook of another repository."""
    commands.run(["git", "init", "--quiet"], cwd=tmp_path)
    assert commands.run(["git", "rev-parse", "--show-toplevel"], cwd=tmp_path).output.strip() == str(tmp_path)


def test_this_process_keeps_logins_only_for_servers_that_the_settings_name(
    shell: None, tmp_path: Path
) -> None:
    """Calls to this machine go past the proxy, for every client that reads the environment."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text("")
    environment.tidy(load_settings(tmp_path, tracking_uri="https://mlflow.example"))
    assert os.environ["MLFLOW_TRACKING_PASSWORD"] == "secret"
    assert not {"MLFLOW_TRACKING_URI", "PREFECT_API_URL", "PREFECT_API_KEY", "GIT_DIR"} & os.environ.keys()
    for host in ("127.0.0.1:5000", "localhost:4200", "corp.example"):
        assert urllib.request.proxy_bypass_environment(host)  # type: ignore[attr-defined]
    assert not urllib.request.proxy_bypass_environment("s3.amazonaws.com")  # type: ignore[attr-defined]
