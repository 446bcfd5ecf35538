"""Rasa projects of each kind, brought over with the command as a user types it, retrained and released."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ratchet.adapters.system.processes import free_port
from tests.e2e.cli import RATCHET, ROOT, Ratchet

pytestmark = pytest.mark.e2e

PROJECTS = ROOT / "tests" / "projects"
KINDS = sorted(path.name for path in PROJECTS.iterdir() if path.is_dir())
LONG = set(KINDS) - {"markdown"}


def bring(project: Path, workspace: Path, *more: str, code: int = 0) -> str:
    """Run `ratchet init --from`."""
    done = subprocess.run(
        [RATCHET, "init", str(workspace), "--from", str(project), *more],
        capture_output=True,
        text=True,
        check=False,
    )
    printed = done.stdout + done.stderr
    assert done.returncode == code, printed
    assert "Traceback" not in printed, printed
    return printed


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[Ratchet]:
    """A workspace that is made in the test; what it serves is stopped."""
    ratchet = Ratchet(tmp_path / "my-bot")
    yield ratchet
    ratchet("stop")


def quicken(workspace: Path) -> None:
    """A port of its own, and no load test."""
    with (workspace / ".env").open("a") as file:
        file.write(f"RATCHET_PORT={free_port()}\n")
    params = workspace / "params.yaml"
    params.write_text(params.read_text().replace("    seconds: 8\n", "    seconds: 0\n"))


def test_a_project_is_released_with_its_test_stories_and_what_passed_has_to_pass(stopped: Ratchet) -> None:
    """No edit between the two; a story that breaks stops the next release, and the remedy lets it through."""
    workspace = stopped.workspace
    said = bring(PROJECTS / "roles", workspace)
    assert "3 test stories → bot/tests/" in said
    quicken(workspace)
    printed = stopped("retrain")
    assert "2 of 3 test stories passed (2 in full), 1 known failing" in printed
    assert "Where do you want to go?" in stopped("chat", "hello")
    rules = workspace / "bot" / "data" / "rules.yml"
    rules.write_text(rules.read_text().replace("utter_bye", "utter_greet"))
    subprocess.run(["git", "commit", "-qam", "Another goodbye"], cwd=workspace, check=True)
    broken = stopped("retrain", code=1)
    assert "1 test story that a released model passed fails now" in broken
    assert "leaving (test_stories.yml): expected utter_bye" in broken
    assert "`ratchet approve 2 --by NAME --reason TEXT --expires 7d`, then `ratchet release 2`" in broken
    stopped("approve", "2", "--by", "Ana", "--reason", "it is meant", "--expires", "7d")
    assert "1 of 3 test stories passed" in stopped("release", "2")


@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=[pytest.mark.long] if k in LONG else []) for k in KINDS]
)
def test_each_kind_of_project_is_retrained_without_an_edit(kind: str, stopped: Ratchet) -> None:
    """Whatever the project is made of, the model trains and is released; its place is left as it was."""
    before = sorted(path.as_posix() for path in (PROJECTS / kind).rglob("*"))
    bring(PROJECTS / kind, stopped.workspace)
    assert sorted(path.as_posix() for path in (PROJECTS / kind).rglob("*")) == before
    assert (stopped.workspace / "MIGRATION.md").is_file()
    status = subprocess.run(
        ["git", "status", "--short"], cwd=stopped.workspace, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""
    quicken(stopped.workspace)
    stopped("retrain")
    assert stopped("chat", "hello").strip()


def test_a_look_writes_nothing_and_a_broken_project_leaves_nothing(tmp_path: Path) -> None:
    """`--check` prints the table; an error names file and line, and no workspace is there afterwards."""
    workspace = tmp_path / "my-bot"
    assert "Nothing was written." in bring(PROJECTS / "retrieval", workspace, "--check")
    broken = Path(shutil.copytree(PROJECTS / "retrieval", tmp_path / "broken"))
    (broken / "data" / "rules.yml").write_text("rules:\n- rule: a\n steps: []\n")
    said = bring(broken, workspace, code=1)
    assert said.splitlines()[-1].startswith("error: data/rules.yml:") or "error: data/rules.yml:" in said
    assert {path.name for path in tmp_path.iterdir()} == {"broken"}
