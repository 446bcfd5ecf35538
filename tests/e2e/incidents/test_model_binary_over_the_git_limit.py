"""Model binary over the Git hosting limit.

Two people kept each trained model in Git beside the code, as it was the only storage that they had. Two hours before
the launch a model passed the host's limit and the push was refused; deleting it in the next commit does not help
then, because the history still has it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ratchet.adapters.system.files import sha256
from tests.e2e.incidents.team import Team

pytestmark = pytest.mark.e2e

LIMIT = 100 * 1024 * 1024
HOOK = f"""#!/bin/sh
# What a Git host does: a push that brings a file over the limit is refused.
while read -r old new ref; do
  git rev-list --objects "$new" --not --all | cut -d' ' -f1 | git cat-file --batch-check='%(objectsize)' |
    awk '$1 > {LIMIT} {{ exit 1 }}' || {{ echo "error: this exceeds the file size limit of 100.00 MB" >&2; exit 1; }}
done
"""


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """An empty repository on a Git host with the usual limit."""
    host = tmp_path / "host.git"
    subprocess.run(["git", "init", "-q", "--bare", host], check=True)
    hook = host / "hooks" / "pre-receive"
    hook.write_text(HOOK)
    hook.chmod(0o755)
    return host


def test_a_model_in_git_is_refused_and_deleting_it_does_not_help(
    team: Team, host: Path, tmp_path: Path
) -> None:
    """The old way: neither the commit with the model nor the one that removes it can be pushed."""
    old = tmp_path / "old"
    team.git("init", "-q", str(old), cwd=tmp_path)
    write_model(old / "models" / "20261122.tar.gz")
    team.git("add", "--all", cwd=old)
    team.git("commit", "-q", "-m", "The model for the launch", cwd=old)
    with pytest.raises(subprocess.CalledProcessError) as refused:
        team.git("push", "-q", host, "HEAD:main", cwd=old)
    assert "size limit" in refused.value.stderr
    team.git("rm", "-q", "-r", "models", cwd=old)
    team.git("commit", "-q", "-m", "No model, then", "--allow-empty", cwd=old)
    with pytest.raises(subprocess.CalledProcessError):
        team.git("push", "-q", host, "HEAD:main", cwd=old)


def test_ratchets_models_are_in_the_registry_and_git_takes_none(team: Team, host: Path) -> None:
    """A model that lies about is not taken along by `git add --all`; the push goes through without any."""
    write_model(team.workspace / "bot" / "models" / "20261122-by-hand.tar.gz")
    write_model(team.workspace / "bot" / "copy-of-the-model.tar.gz")
    team.git("add", "--all")
    assert team.git("status", "--porcelain") == ""
    team.git("push", "-q", host, "HEAD:main")
    sizes = [int(line.split()[3]) for line in team.git("ls-tree", "-r", "-l", "HEAD").splitlines()]
    assert max(sizes) < LIMIT / 100
    for model in team.models():
        assert sha256(team.registry.archive(model)) == model.sha256


def write_model(path: Path) -> None:
    """Write a file of 101 MB."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(LIMIT + 1024 * 1024)
