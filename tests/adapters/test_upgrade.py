"""An upgrade of a workspace of before, on its files: real Git, real wheel, no Rasa."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from ratchet.adapters import upgrade
from ratchet.adapters.bot import flavour, framework, installing
from ratchet.adapters.settings import SOURCE, load_settings
from ratchet.adapters.workspace import version
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.upgrading import Fate
from tests.older import git, older_workspace
from tests.tiers import exhaustive

OWN = {
    "config.yml",
    "config.diet.yml",
    "domain.yml",
    "rules.yml",
    "pyproject.toml",
    "uv.lock",
    ".python-version",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace as commit 66bd076 made it."""
    return older_workspace(tmp_path / "ws")


def tracked(root: Path) -> set[str]:
    """What Git has."""
    return set(git(root, "ls-files").splitlines())


def test_showing_changes_nothing(root: Path) -> None:
    """Not even in .ratchet; what would change is complete: each file has its step."""
    planned = upgrade.plan(root)
    assert git(root, "status", "--porcelain") == ""
    assert set(planned.files) == {step.path for step in planned.steps}
    assert planned.before == version.OLDER_FORM


def test_the_bot_becomes_an_ordinary_rasa_project(root: Path) -> None:
    """Its folder holds what its team writes, and the wheel that the lock file names; it runs on today's Python."""
    assert str(flavour.of(root / "bot")) == "Python 3.10"
    upgrade.carry_out(root, upgrade.plan(root))
    wheel = f"vendor/ratchet_bot-{version.of_program()}-py3-none-any.whl"
    bot = {name.removeprefix("bot/") for name in tracked(root) if name.startswith("bot/")}
    assert bot == {*OWN, wheel, "tests/conversations/README.md"}
    assert framework.folder(root / "bot")  # verified against the lock file
    assert flavour.environment_hash(root / "bot") == flavour.environment_hash(SOURCE / "bot")
    assert str(flavour.of(root / "bot")) == "Python 3.13 with encoder"
    assert "encoder" not in (root / "bot" / "config.yml").read_text()
    assert git(root, "status", "--porcelain") == ""
    assert version.outdated(root) == ""


def test_a_second_time_there_is_nothing_to_do(root: Path) -> None:
    """Neither to show nor to commit."""
    upgrade.carry_out(root, upgrade.plan(root))
    again = upgrade.plan(root)
    assert (again.files, again.steps) == ({}, ())


def test_the_policy_gets_new_keys_and_keeps_its_values(root: Path) -> None:
    """With their comments, and with the values that hold without them: nothing behaves differently."""
    params = root / "params.yaml"
    before, policy = yaml.safe_load(params.read_text()), load_settings(root).params
    upgrade.carry_out(root, upgrade.plan(root))
    after = yaml.safe_load(params.read_text())
    assert after["rollout"].pop("order") == "two-colours"
    assert after["rollout"].pop("keep_warm_minutes") == 15
    assert after["gate"].pop("unjudged") == "warn"
    assert after["gate"].pop("retire") == {"max_percent": 50, "min_holdout_rows": 300}
    assert after["gate"].pop("min_fallback_percent") == 25
    assert after["gate"].pop("recent")["messages"] == 500
    assert after["gate"].pop("robustness") == {"rows": 1000, "max_drop_points": 3.0}
    assert after["gate"].pop("cost") == {"max_ratio": 2.0, "slack_ms": 50, "slack_mb": 100}
    assert after["gate"].pop("answers_changed") == "report"
    assert after["gate"].pop("play_actions") is False
    assert after.pop("sources") == {}
    assert after["corpus"].pop("language") is None
    assert after.pop("desk")["alert_minutes"] == 10
    assert after == before
    assert load_settings(root).params == policy
    assert (
        "  # Limits of `ratchet data retire`, which moves holdout messages to training.\n  retire:\n"
        in params.read_text()
    )


def test_what_the_team_changed_is_set_aside_or_stays(root: Path) -> None:
    """A changed component, a component of its own, a workflow of its own, a test of its own."""
    with (root / "bot" / "components" / "classifier.py").open("a") as file:
        file.write("# ours\n")
    (root / "bot" / "components" / "spelling.py").write_text("from components.features import X\n")
    (root / "bot" / "tests" / "test_ours.py").write_text("import components.spelling\n")
    config = root / "bot" / "config.yml"
    config.write_text(
        config.read_text().replace("pipeline:\n", "pipeline:\n  - name: components.spelling.Speller\n")
    )
    workflow = root / ".github" / "workflows" / "pull-request.yml"
    workflow.write_text("# ours\n")
    (root / "deployments" / "bot").mkdir(parents=True)
    (root / "deployments" / "bot" / "model.Dockerfile").write_text("FROM ours\n")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "The team's")
    planned = upgrade.plan(root)
    upgrade.carry_out(root, planned)
    fates = {step.path: step.fate for step in planned.steps}
    assert planned.aside == ["bot/components/classifier.py"]
    assert (root / "set-aside" / "bot" / "components" / "classifier.py").read_text().endswith("# ours\n")
    spelling = root / "bot" / "components" / "spelling.py"
    assert spelling.read_text() == "from ratchet_bot.components.features import X\n"
    assert sorted(path.name for path in spelling.parent.iterdir()) == ["__init__.py", "spelling.py"]
    assert (root / "bot" / "tests" / "test_ours.py").exists()
    names = [one["name"] for one in yaml.safe_load(config.read_text())["pipeline"]]
    assert names == [
        "components.spelling.Speller",
        "ratchet_bot.components.classifier.LinearIntentClassifier",
    ]
    assert fates[".github/workflows/pull-request.yml"] is Fate.LEFT
    assert workflow.read_text() == "# ours\n"
    assert fates["deployments/bot/model.Dockerfile"] is Fate.LEFT


@pytest.mark.parametrize("name", ["bot/config.yml", exhaustive("bot/new.py"), exhaustive("params.yaml")])
def test_open_changes_are_refused_until_they_are_put_away(root: Path, name: str) -> None:
    """The remedy, followed to the letter, lets the same command go through."""
    with (root / name).open("a") as file:
        file.write("# open\n")
    with pytest.raises(RatchetError, match=f"not committed: {name}") as caught:
        upgrade.carry_out(root, upgrade.plan(root))
    assert "`git stash --include-untracked`" in caught.value.remedy
    git(root, "stash", "--include-untracked")
    upgrade.carry_out(root, upgrade.plan(root))


def test_a_commit_that_git_refuses_leaves_all_as_it_was(root: Path) -> None:
    """A hook of the team's, for instance: nothing is changed and nothing staged."""
    before, files = git(root, "rev-parse", "HEAD"), tracked(root)
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(RatchetError):
        upgrade.carry_out(root, upgrade.plan(root))
    assert (git(root, "status", "--porcelain"), git(root, "rev-parse", "HEAD")) == ("", before)
    assert tracked(root) == files


def test_dependencies_that_cannot_be_locked_change_nothing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a network the error says so, and what to do."""
    project = root / "bot" / "pyproject.toml"
    project.write_text(
        project.read_text().replace('    "rasa==3.6.21",\n', '    "rasa==3.6.21",\n    "ours>=1",\n')
    )
    git(root, "commit", "--all", "--quiet", "--message", "A dependency of ours")
    offline = tmp_path / "uv"
    offline.write_text("#!/bin/sh\necho 'error: no network'\nexit 2\n")
    offline.chmod(0o755)
    monkeypatch.setattr(installing, "uv", lambda: str(offline))
    with pytest.raises(RatchetError, match="cannot be locked together with the framework: error: no network"):
        upgrade.plan(root)
    assert git(root, "status", "--porcelain") == ""


def test_a_workspace_without_git_is_told_how_to_get_it(root: Path) -> None:
    """The three commands of the remedy are followed to the letter."""
    subprocess.run(["rm", "-rf", ".git"], cwd=root, check=True)
    with pytest.raises(RatchetError, match="not in a Git repository") as caught:
        upgrade.carry_out(root, upgrade.plan(root))
    assert all(f"`git {words}`" in caught.value.remedy for words in ("init", "add --all", "commit"))
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "start"]):
        git(root, *words)
    upgrade.carry_out(root, upgrade.plan(root))


def test_a_newer_wheel_takes_the_place_of_an_older_one(root: Path) -> None:
    """The next upgrades change the wheel and the two files that name it."""
    upgrade.carry_out(root, upgrade.plan(root))
    vendor = root / "bot" / "vendor"
    [wheel] = vendor.iterdir()
    older = wheel.rename(vendor / "ratchet_bot-0.0.9-py3-none-any.whl")
    older.write_bytes(b"an older one")
    for name, pinned in (("pyproject.toml", framework.pinned_project), ("uv.lock", framework.pinned_lock)):
        (root / "bot" / name).write_text(pinned((root / "bot" / name).read_text(), older))
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "As an older Ratchet wrote it")
    planned = upgrade.plan(root)
    assert planned.before == "0.0.9"
    upgrade.carry_out(root, planned)
    assert [path.name for path in vendor.iterdir()] == [wheel.name]
    assert {step.path for step in planned.steps} == {
        f"bot/vendor/{older.name}",
        f"bot/vendor/{wheel.name}",
        "bot/pyproject.toml",
        "bot/uv.lock",
    }
    assert framework.folder(root / "bot")


def test_a_policy_in_another_layout_is_left_to_the_team(root: Path) -> None:
    """Four spaces a level are as valid as two; the keys that it lacks are named."""
    path = root / "params.yaml"
    path.write_text(
        "".join(
            " " * (len(line) - len(line.lstrip(" "))) + line for line in path.read_text().splitlines(True)
        )
    )
    git(root, "commit", "--quiet", "--all", "--message", "Four spaces")
    before = load_settings(root).params
    planned = upgrade.plan(root)
    assert "params.yaml" not in planned.files or load_settings(root).params == before
    assert any(step.path == "params.yaml" for step in planned.steps)
    upgrade.carry_out(root, planned)
    assert load_settings(root).params == before


def test_a_deleted_wheel_comes_back(root: Path) -> None:
    """The lock file names it, so the folder is no checkout."""
    upgrade.carry_out(root, upgrade.plan(root))
    (wheel,) = (root / "bot" / "vendor").iterdir()
    wheel.unlink()
    assert list(upgrade.plan(root).files) == [f"bot/vendor/{wheel.name}"]


def test_own_modules_that_import_what_goes_are_named(root: Path) -> None:
    """Before anything is committed."""
    (root / "bot" / "components" / "ours.py").write_text("from .linear import LinearModel\n")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Ours")
    steps = {step.path: step for step in upgrade.plan(root).steps}
    assert steps["bot/components/ours.py"].fate is Fate.LEFT
    assert "in line 1" in steps["bot/components/ours.py"].why


@pytest.mark.e2e  # the package registry
def test_a_team_s_dependencies_come_along_to_the_other_python(root: Path) -> None:
    """Their comments too, and the versions are those that were tested; the old environment is kept for the champion."""
    project = root / "bot" / "pyproject.toml"
    project.write_text(
        project.read_text().replace('    "rasa==3.6.21",\n', '    "rasa==3.6.21",\n    "idna>=3",  # ours\n')
    )
    own = root / "bot" / ".venv"
    installing.python_of(own).parent.mkdir(parents=True)
    installing.python_of(own).touch()
    (own / "pyvenv.cfg").write_text("version_info = 3.10.13\n")
    git(root, "commit", "--all", "--quiet", "--message", "A dependency of ours")
    before = flavour.environment_hash(root / "bot")
    planned = upgrade.plan(root)
    assert planned.dependencies == ("idna>=3",)
    upgrade.carry_out(root, planned)
    assert '"idna>=3",  # ours' in project.read_text()
    assert str(flavour.of(root / "bot")) == "Python 3.13 with encoder"
    ours = {
        one["name"]: one["version"] for one in flavour.locked(SOURCE / "bot")["package"] if "version" in one
    }
    made = flavour.installed(flavour.locked(root / "bot"), flavour.of(root / "bot"))
    assert {one["name"]: one["version"] for one in made}.items() <= ours.items()
    assert not own.exists()
    assert installing.python_of(root / ".ratchet" / "environments" / before[:16]).exists()
    assert upgrade.plan(root).files == {}


@pytest.mark.e2e  # the package registry
def test_a_bot_with_diet_is_moved_to_the_python_of_its_tensorflow(root: Path) -> None:
    """It would not train otherwise; the two files that say so are part of the upgrade."""
    config = root / "bot" / "config.yml"
    config.write_text(
        config.read_text().replace("policies:", "  - {name: DIETClassifier, epochs: 3}\npolicies:")
    )
    git(root, "commit", "--all", "--quiet", "--message", "DIET")
    upgrade.carry_out(root, upgrade.plan(root))
    assert str(flavour.of(root / "bot")) == "Python 3.11 with encoder and tensorflow"
    assert (root / "bot" / ".python-version").read_text() == "3.11\n"


def test_modules_that_import_what_rasa_no_longer_brings_are_named(root: Path) -> None:
    """Before anything is committed, with the command: the action server would not start."""
    (root / "bot" / "actions.py").write_text(
        "import boto3\nfrom pymongo import MongoClient\nimport requests\n"
    )
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Ours")
    steps = {step.path: step for step in upgrade.plan(root).steps}
    assert steps["bot/actions.py"].fate is Fate.LEFT
    assert "`uv add boto3 pymongo` in bot/" in steps["bot/actions.py"].why
