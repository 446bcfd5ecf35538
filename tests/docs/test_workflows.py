"""The workflow files: valid for GitHub, part of a new workspace, and their commands run for real."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ratchet.adapters.scaffold import WORKFLOWS
from ratchet.adapters.system.processes import free_port
from tests.docs.small import small_workspace
from tests.e2e.cli import ROOT, Ratchet
from tests.fakes.receiver import receiving

FOLDER = ROOT / ".github" / "workflows"
EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")


def test_every_workflow_is_what_github_takes() -> None:
    """Against GitHub's own JSON schema, as check-jsonschema brings it along."""
    files = sorted(FOLDER.glob("*.yml"))
    assert {path.name for path in files} >= set(WORKFLOWS)
    tool = Path(sys.executable).with_name("check-jsonschema")
    argv = [tool, "--builtin-schema", "vendor.github-workflows", *files]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_nothing_runs_before_a_variable_says_so() -> None:
    """A new workspace brings the files along, and pushing it starts nothing."""
    for name in WORKFLOWS:
        jobs = yaml.safe_load((FOLDER / name).read_text())["jobs"]
        assert all("vars.RATCHET_CI" in job["if"] for job in jobs.values()), name


def test_no_workflow_gives_a_fork_the_secrets() -> None:
    """What a pull request trains runs its code: only for branches of the repository itself."""
    [job] = yaml.safe_load((FOLDER / "pull-request.yml").read_text())["jobs"].values()
    assert "github.event.pull_request.head.repo.full_name == github.repository" in job["if"]
    assert not any("pull_request_target" in path.read_text() for path in FOLDER.glob("*.yml"))


class Runner:
    """As much of GitHub's runner as the workflows use: `run:` steps in bash, files for path, outputs and summary.

    `uses:` steps are skipped: what they do is GitHub's. `known` are the values of expressions.
    """

    def __init__(self, ratchet: Ratchet, temporary: Path, known: dict[str, str]) -> None:
        self.ratchet = ratchet
        self.temporary = temporary
        self.known = known
        self.files = {
            name: temporary / name for name in ("GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
        }

    def value(self, text: str) -> str:
        """Fill in expressions; an unknown one is empty, as on GitHub."""
        return EXPRESSION.sub(lambda found: self.known.get(found[1], ""), str(text))

    def run(self, workflow: str, **environment: str) -> dict[str, str]:
        """Run a workflow's only job; returns what each step printed, by its name."""
        [job] = yaml.safe_load((self.ratchet.workspace / ".github/workflows" / workflow).read_text())[
            "jobs"
        ].values()
        for file in self.files.values():
            file.write_text("")
        said: dict[str, str] = {}
        for step in job["steps"]:
            if "run" in step and self.wanted(step):
                said[step["name"]] = self.step(
                    {**job["env"], **step.get("env", {})}, step["run"], environment
                )
                for line in self.files["GITHUB_OUTPUT"].read_text().splitlines():
                    name, _, value = line.partition("=")
                    self.known[f"steps.{step.get('id')}.outputs.{name}"] = value
        return said

    def wanted(self, step: dict[str, Any]) -> bool:
        """Decide the one kind of condition that these steps have: `A == 'B'`."""
        name, _, wanted = step.get("if", "").partition(" == ")
        return not name or self.known.get(name, "") == wanted.strip("'")

    def step(self, declared: dict[str, str], script: str, environment: dict[str, str]) -> str:
        """Run one step with GitHub's own options of bash."""
        added = self.files["GITHUB_PATH"].read_text().split()
        env = {
            **os.environ,
            **{name: self.value(text) for name, text in declared.items()},
            **{name: str(path) for name, path in self.files.items()},
            "RUNNER_TEMP": str(self.temporary),
            "PATH": os.pathsep.join(
                [*added, str(self.temporary / "bin"), "/usr/local/bin", "/usr/bin", "/bin"]
            ),
            **environment,
        }
        argv = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self.value(script)]
        done = subprocess.run(
            argv, cwd=self.ratchet.workspace, env=env, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr


def serving(ratchet: Ratchet) -> dict[str, Any]:
    """Return the status once the bot answers: on a busy machine the first question may take too long."""
    deadline = time.monotonic() + 60
    while not (status := ratchet.json("status"))["serving"]:
        assert time.monotonic() < deadline, status
    return dict(status)


def commit(folder: Path, message: str = "Change") -> str:
    """Commit everything; returns the commit."""
    who = ["-c", "user.name=Ana", "-c", "user.email=ana@localhost"]
    subprocess.run(["git", "add", "--all"], cwd=folder, check=True)
    subprocess.run(["git", *who, "commit", "-q", "-m", message], cwd=folder, check=True)
    argv = ["git", "rev-parse", "HEAD"]
    return subprocess.run(argv, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """A runner on a small workspace, and a `gh` that keeps the comment."""
    temporary = tmp_path_factory.mktemp("workflows")
    ratchet = small_workspace(temporary / "bot", free_port())
    gh = temporary / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(f'#!/bin/sh\necho "$@" > {temporary}/gh\ncat "$5" > {temporary}/comment\n')
    gh.chmod(0o755)
    yield Runner(
        ratchet, temporary, {"vars.RATCHET_HOME": str(ROOT), "github.event.pull_request.number": "7"}
    )
    ratchet("stop")


@pytest.mark.e2e
@pytest.mark.long
def test_the_workflows_commands_do_what_they_say(runner: Runner) -> None:
    """Inside CI: released. A pull request: tried and commented, nothing changed. New wording: the same model again."""
    ratchet, bot = runner.ratchet, runner.ratchet.workspace / "bot"
    push = {"GITHUB_EVENT_NAME": "push", "GITHUB_SHA": commit(ratchet.workspace)}
    runner.run("inside-ci.yml", **push)
    assert "| accuracy |" in runner.files["GITHUB_STEP_SUMMARY"].read_text()
    first = serving(ratchet)

    params = ratchet.workspace / "params.yaml"
    params.write_text(params.read_text().replace("  seed: 1\n", "  seed: 2\n"))
    commit(ratchet.workspace, "Another seed")
    runner.run("pull-request.yml")
    assert (runner.temporary / "gh").read_text().startswith("pr comment 7 --body-file")
    assert "| candidate | champion |" in (runner.temporary / "comment").read_text()
    assert [model["version"] for model in ratchet.json("history")["models"]] == ["1"]
    assert ratchet.json("status")["release"] == first["release"]

    subprocess.run(
        ["git", "revert", "--no-edit", "HEAD"], cwd=ratchet.workspace, check=True, capture_output=True
    )
    domain = bot / "domain.yml"
    wording = domain.read_text()
    domain.write_text(wording.replace("I am handing over", "I am now handing over"))
    assert domain.read_text() != wording
    push["GITHUB_SHA"] = commit(ratchet.workspace, "Another wording")
    said = runner.run("inside-ci.yml", **push)
    assert "is live" in said["Release new code with the same model"]
    second = serving(ratchet)
    assert second["release"] != first["release"]
    assert second["model_version"] == "1"


@pytest.mark.e2e
@pytest.mark.long
def test_a_runner_without_ratchet_takes_the_copy_that_was_checked_out(runner: Runner) -> None:
    """`Find Ratchet` moves the copy out of the workspace, sets it up and puts it on the path."""
    source = runner.ratchet.workspace / ".ratchet" / "source"
    for name in ("bot", "ratchet_bot"):
        (source / name).mkdir(parents=True)
    files = (
        "Makefile",
        "uv.lock",
        "pyproject.toml",
        "bot/uv.lock",
        "bot/.python-version",
        "bot/pyproject.toml",
        "ratchet_bot/pyproject.toml",
    )
    for name in files:
        (source / name).symlink_to(ROOT / name)
    for name in (
        ".venv",
        "bot/.venv",
    ):  # complete, so that nothing is installed into the environments of this test
        (source / name / "bin").mkdir(parents=True)
        for program in (ROOT / name / "bin").iterdir():
            (source / name / "bin" / program.name).symlink_to(program)
        (source / name / ".synced").touch()
    # As an environment that was made where the copy ends: `make setup` makes one again that names another folder.
    own = source / ".venv" / "bin" / "ratchet"
    own.unlink()
    own.write_text(f'#!/bin/sh\n# {runner.temporary}/ratchet/.venv\nexec {ROOT}/.venv/bin/ratchet "$@"\n')
    own.chmod(0o755)
    (source / ".ratchet").mkdir()
    (source / ".ratchet" / "uv").symlink_to(ROOT / ".ratchet" / "uv")
    home = runner.known.pop("vars.RATCHET_HOME")
    try:
        with receiving() as receiver:
            url = f"http://127.0.0.1:{receiver.server.server_port}/api"
            runner.known["vars.RATCHET_PREFECT_API_URL"] = url
            head = commit_of(runner.ratchet.workspace, "HEAD")
            runner.known["github.event.before"] = commit_of(runner.ratchet.workspace, "HEAD~1")
            said = runner.run("to-service.yml", GITHUB_SHA=head, **unproxied())
            assert f"Announced ratchet.code.changed of commit {head[:8]}" in said["Announce"]
            [[event]] = receiver.posts
            assert event["event"] == "ratchet.code.changed"
    finally:
        runner.known["vars.RATCHET_HOME"] = home
        shutil.rmtree(runner.temporary / "ratchet", ignore_errors=True)


def commit_of(folder: Path, revision: str) -> str:
    """Return the commit that a revision names."""
    argv = ["git", "rev-parse", revision]
    return subprocess.run(argv, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def unproxied() -> dict[str, str]:
    """Loopback is reached without a proxy, wherever the test runs."""
    return {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
