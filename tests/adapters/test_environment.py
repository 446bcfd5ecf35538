"""The environment of Ratchet's own process and of a real program that it starts."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path

import pytest

from ratchet.adapters import environment
from ratchet.adapters.prefect import server
from ratchet.adapters.settings import CODE, load_settings
from ratchet.adapters.system import commands
from tests.workspaces import fake_workspace

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


def test_folders_of_a_workspace_never_hide_packages_of_the_same_name(tmp_path: Path) -> None:
    """A team's own `tasks/` is not taken for Ratchet's by what is started in the workspace."""
    settings = fake_workspace(tmp_path / "ws")
    for name in ("tasks", "flows", "ratchet", "prefect"):
        folder = settings.workspace / name
        folder.mkdir()
        (folder / "__init__.py").write_text("raise SystemExit('the team has a folder of this name')\n")
    look = "import flows, tasks.step, ratchet.adapters.settings, prefect; print(tasks.__file__)"
    argv = [sys.executable, "-c", look]
    (settings.state / "prefect").mkdir(parents=True)
    env = server.environment(settings, "http://127.0.0.1:1/api")
    own = commands.run(argv, cwd=settings.workspace, env=env)
    assert Path(own.output.strip()) == CODE / "tasks" / "__init__.py"
    with pytest.raises(commands.CommandFailed) as without:
        commands.run(argv, cwd=settings.workspace)
    assert "the team has a folder of this name" in without.value.remedy


def test_the_bot_s_tools_find_the_modules_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is set for Ratchet's own processes does not reach the tools that these start."""
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    (tmp_path / "beside.py").write_text("print('found')\n")
    assert commands.run([sys.executable, "-m", "beside"], cwd=tmp_path).output == "found\n"
