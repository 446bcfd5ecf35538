"""A force-push is told apart from commits of one's own, and followed by the command that is named."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from ratchet.adapters.triggers import follow
from ratchet.adapters.triggers.force_push import Rewritten
from ratchet.domain.errors import RatchetError
from tests.corpora import data_workspace, git


@pytest.fixture
def followed(tmp_path: Path) -> tuple[Path, Path]:
    """A workspace that follows an origin, and a colleague's clone of it."""
    home = data_workspace(tmp_path / "home").workspace
    origin, colleague = tmp_path / "origin.git", tmp_path / "colleague"
    git(tmp_path, "clone", "-q", "--bare", str(home), str(origin))
    git(home, "remote", "add", "origin", str(origin))
    git(tmp_path, "clone", "-q", str(origin), str(colleague))
    for key, value in (("name", "Colleague"), ("email", "c@localhost")):
        git(colleague, "config", f"user.{key}", value)
    (colleague / "notes.md").write_text("one\n")
    git(colleague, "add", "notes.md")
    git(colleague, "commit", "-qm", "One")
    git(colleague, "push", "-q")
    git(home, "pull", "-q", "origin", git(home, "rev-parse", "--abbrev-ref", "HEAD"))
    git(home, "fetch", "-q", "origin")
    return home, colleague


def test_it_is_explained_and_the_named_command_follows_it(followed: tuple[Path, Path]) -> None:
    """What is not committed stays."""
    home, colleague = followed
    git(colleague, "commit", "-q", "--amend", "-m", "Another one")
    git(colleague, "push", "-qf")
    (home / "mine.md").write_text("mine\n")
    with pytest.raises(Rewritten, match="was rewritten by a force-push") as raised:
        follow.fast_forward(home)
    (command, *_) = re.findall(r"`([^`]+)`", raised.value.remedy)
    subprocess.run(shlex.split(command), cwd=home, check=True, capture_output=True)
    assert follow.fast_forward(home) == git(colleague, "rev-parse", "HEAD")
    assert (home / "mine.md").exists()


def test_commits_of_ones_own_are_none(followed: tuple[Path, Path]) -> None:
    """They would be lost with that command, so they are named as what they are."""
    home, colleague = followed
    git(home, "commit", "-q", "--allow-empty", "-m", "Mine")
    git(colleague, "commit", "-q", "--allow-empty", "-m", "Theirs")
    git(colleague, "push", "-q")
    with pytest.raises(RatchetError, match="cannot go forward") as raised:
        follow.fast_forward(home)
    assert not isinstance(raised.value, Rewritten)
