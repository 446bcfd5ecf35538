"""What an unmerged branch has made is not released, in real Git repositories."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.bot import bot_code
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.git import code_commit, git
from ratchet.adapters.triggers import merged
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Lineage
from tests.tasks.release.test_release_steps import RELEASE

WHO = ("-c", "user.name=Ana", "-c", "user.email=ana@localhost")
POINTER = "outs:\n- md5: {revision}\n  path: data\n"

OLD, OTHER, NOW, NEW, ANY = (f"{digit}" * 32 + ".dir" for digit in "01234")


@dataclass
class Trained:
    """As much of a registered model as counts here."""

    lineage: Lineage
    version: str = "3"


def commit(folder: Path, revision: str) -> None:
    """Commit a data revision."""
    (folder / "data.dvc").write_text(POINTER.format(revision=revision))
    git(folder, "add", "--all")
    git(folder, *WHO, "commit", "-q", "-m", revision)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace whose branch `main` had the data OLD and has NOW; on `experiment` it is OTHER."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "config.yml").write_text("pipeline: []\n")
    (tmp_path / "params.yaml").write_text("")
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path, OLD)
    git(tmp_path, "checkout", "-q", "-b", "experiment")
    commit(tmp_path, OTHER)
    git(tmp_path, "checkout", "-q", "main")
    commit(tmp_path, NOW)
    return load_settings(tmp_path, target="process")


def model(settings: Settings, revision: str) -> Any:
    """A model of the checked-out code and a data revision."""
    code, lock = bot_code.shaping_hash(settings.bot), bot_code.lock_hash(settings.bot)
    return Trained(Lineage(revision, "", "c0ffee42", code, lock, "", 1))


@pytest.mark.parametrize("revision", [NOW, OLD])
def test_data_of_the_branchs_history_may_be_released(settings: Settings, revision: str) -> None:
    """Today's and earlier data."""
    merged.require(settings, model(settings, revision), None)


def test_data_of_another_branch_may_not(settings: Settings) -> None:
    """Until it is merged; then it may."""
    with pytest.raises(RatchetError, match="never had"):
        merged.require(settings, model(settings, OTHER), None)
    git(settings.workspace, *WHO, "merge", "-q", "-X", "theirs", "-m", "Merge", "experiment")
    merged.require(settings, model(settings, OTHER), None)


def test_data_that_was_just_taken_in_may_be_released(settings: Settings) -> None:
    """An ingest without a commit is in the working tree's data.dvc."""
    (settings.workspace / "data.dvc").write_text(POINTER.format(revision=NEW))
    merged.require(settings, model(settings, NEW), None)


def test_the_live_releases_data_may_be_used_again(settings: Settings) -> None:
    """People talk to it already: new code may be trained on it."""
    live = replace(RELEASE, lineage=replace(RELEASE.lineage, data_revision=OTHER))
    merged.require(settings, model(settings, OTHER), live)


def test_a_model_of_other_code_may_not_be_released(settings: Settings) -> None:
    """It was evaluated with another pipeline than the one that would serve it; the error names the commit."""
    trained = model(settings, NOW)
    (settings.bot / "config.yml").write_text("pipeline: [x]\n")
    with pytest.raises(RatchetError, match=r"other code than is checked out \(commit c0ffee42\)"):
        merged.require(settings, trained, None)


def test_without_git_there_are_no_branches(tmp_path: Path) -> None:
    """A folder that is in no repository releases what it has."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text("")
    settings = load_settings(tmp_path, target="process")
    merged.require(settings, model(settings, ANY), None)


@pytest.mark.parametrize("name", ["HEAD", "config"])
def test_a_git_that_does_not_work_is_not_taken_for_none(settings: Settings, name: str) -> None:
    """Otherwise every branch would count as merged; the error is Git's own sentence."""
    (settings.workspace / ".git" / name).write_text("[damaged")
    for ask in (
        lambda: merged.require(settings, model(settings, ANY), None),
        lambda: code_commit(settings.workspace),
    ):
        with pytest.raises(RatchetError, match="Git cannot be asked about"):
            ask()
