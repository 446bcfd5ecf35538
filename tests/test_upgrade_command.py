"""What `ratchet upgrade` and `ratchet status` say of a workspace of before."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from ratchet.cli.app import app
from tests.docs.schemas import validate
from tests.older import git, older_workspace


def ratchet(root: Path, *words: str) -> Result:
    """Run a command in a workspace; it has to end well."""
    done = CliRunner().invoke(app, ["--workspace", str(root), *words])
    assert done.exit_code == 0, done.output
    return done


def test_status_names_the_upgrade_which_shows_commits_and_then_has_nothing_to_do(tmp_path: Path) -> None:
    """The command that status names, and the one that the upgrade names, followed to the letter."""
    root = older_workspace(tmp_path / "ws")
    assert "see `ratchet upgrade`" in " ".join(ratchet(root, "status").output.split())
    shown = ratchet(root, "upgrade").output
    assert "50 unchanged copies of the framework: bot/ 2, bot/channel/ 10, bot/components/ 8" in shown
    assert "new keys, with their defaults: corpus.language, gate.unjudged, gate.min_fallback_percent" in shown
    assert "Nothing was changed. Change these 60 files: `ratchet upgrade --commit`." in shown
    planned = json.loads(ratchet(root, "upgrade", "--json").output)
    assert (planned["commit"], len(planned["steps"])) == ("", 60)
    assert git(root, "status", "--porcelain") == ""
    done = ratchet(root, "upgrade", "--commit").output
    assert f"in commit {git(root, 'rev-parse', 'HEAD')[:8]}" in done
    assert "up to date" in ratchet(root, "upgrade").output
    assert json.loads(ratchet(root, "upgrade", "--commit", "--json").output)["steps"] == []
    status = json.loads(ratchet(root, "status", "--json").output)
    validate("status", status)
    assert status["outdated"] is None
