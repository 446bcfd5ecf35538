"""Rasa projects of each kind, brought over with the command as a user types it, retrained and released."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ratchet.adapters.system.processes import free_port
from tests.e2e.cli import RATCHET, ROOT, Ratchet

pytestmark = pytest.mark.e2e

PROJECTS = ROOT / "tests" / "projects"
KINDS = sorted(path.name for path in PROJECTS.iterdir() if path.is_dir())


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


@pytest.mark.long
def test_a_project_is_released_with_its_test_stories_and_what_passed_has_to_pass(stopped: Ratchet) -> None:
    """No edit between the two; a story that breaks stops the next release, and the remedy lets it through."""
    workspace = stopped.workspace
    said = bring(PROJECTS / "roles", workspace)
    assert "3 test stories → bot/tests/" in said
    quicken(workspace)
    printed = stopped("retrain")
    assert "2 of 3 conversations and" in printed, printed
    assert "1 conversation or story does not go as written, which blocks nothing" in " ".join(printed.split())
    assert "Where do you want to go?" in stopped("chat", "hello")
    rules = workspace / "bot" / "data" / "rules.yml"
    rules.write_text(rules.read_text().replace("utter_bye", "utter_greet"))
    subprocess.run(["git", "commit", "-qam", "Another goodbye"], cwd=workspace, check=True)
    broken = stopped("retrain")
    assert "Rejected by the rule conversation" in broken
    said = " ".join(broken.split())
    assert "“leaving” (test_stories.yml): after 'goodbye' it does utter_greet, not utter_bye" in said
    assert "ratchet approve 2 --by NAME --reason TEXT" in broken
    stopped("approve", "2", "--by", "Ana", "--reason", "it is meant", "--expires", "7d")
    assert "Already live" in stopped("release", "2")


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
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


def edit(folder: Path, file: str, old: str, new: str) -> None:
    """Change a file of a project."""
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def without(file: str) -> Callable[[Path], None]:
    """Leave a file out."""
    return lambda folder: (folder / file).unlink()


def changed(file: str, old: str, new: str) -> Callable[[Path], None]:
    """Change a file."""
    return lambda folder: edit(folder, file, old, new)


BROKEN = {
    "no domain": (without("domain.yml"), 1, "has no domain.yml"),
    "no config": (without("config.yml"), 1, "has no config.yml"),
    "duplicate keys": (
        changed("domain.yml", "intents:", "intents: []\nintents:"),
        1,
        "error: domain.yml:3 has a key twice",
    ),
    "wrong indentation": (
        changed("domain.yml", "  utter_bye", "   utter_bye"),
        1,
        "error: domain.yml:5 is not valid YAML",
    ),
    "unknown policy": (
        changed("config.yml", "TEDPolicy", "MagicPolicy"),
        0,
        "Rasa 3.6 has no component MagicPolicy",
    ),
    "missing component": (
        changed("config.yml", "- name: DIETClassifier", "- name: theirs.Thing\n  - name: DIETClassifier"),
        0,
        "the module theirs is not installed",
    ),
    "secret": (
        lambda folder: (folder / "credentials.yml").write_text("slack:\n  slack_token: xoxb-not-real\n"),
        0,
        "a secret in credentials.yml (credentials.yml:2): in the file → ${SLACK_SLACK_TOKEN} and .env",
    ),
    "intent without messages": (
        changed("data/rules.yml", "- intent: bye", "- intent: help"),
        0,
        "intent help (data/rules.yml:13)",
    ),
    "circle of checkpoints": (
        lambda folder: (folder / "data" / "stories.yml").write_text(
            "stories:\n- story: a\n  steps:\n  - checkpoint: b\n  - intent: bye\n"
            "  - action: utter_bye\n  - checkpoint: b\n"
        ),
        0,
        "checkpoints in a circle: b → b (data/stories.yml:4)",
    ),
    "an action's package that nobody has": (
        lambda folder: (
            (folder / "actions.py").write_text("import a_package_that_nobody_has\n"),
            (folder / "requirements.txt").write_text("a_package_that_nobody_has==1\n"),
        ),
        0,
        "requirement a_package_that_nobody_has==1 (bot/actions/requirements.txt:1)",
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_project_ends_with_one_error_or_a_row_and_never_with_half_a_workspace(
    name: str, tmp_path: Path
) -> None:
    """What can be left out or put right is in the table; else the error names file and line."""
    breaks, code, expected = BROKEN[name]
    project = Path(shutil.copytree(PROJECTS / "retrieval", tmp_path / "theirs"))
    breaks(project)
    said = bring(project, tmp_path / "my-bot", code=code)
    assert expected in said, said
    assert "xoxb-not-real" not in said
    made = {"theirs", "my-bot"} if code == 0 else {"theirs"}
    assert {path.name for path in tmp_path.iterdir()} == made
