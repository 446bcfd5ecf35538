"""An intent is renamed once; what a killed run left is named, and nothing of somebody else's is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratchet.domain.errors import RatchetError
from tasks.corpus.load import load
from tasks.corpus.look_up import look_up
from tasks.corpus.rename import rename
from tests.clones import Clone, team

pytestmark = pytest.mark.e2e


def run_rename(clone: Clone) -> str:
    """`ratchet rename leave holiday`."""
    before = load.fn(clone.run)  # type: ignore[attr-defined]
    files = look_up.fn(clone.run, before, "leave", "holiday", False)  # type: ignore[attr-defined]
    return str(rename.fn(clone.run, before, "leave", "holiday", files))  # type: ignore[attr-defined]


def test_a_rename_that_was_killed_or_is_done_already_is_seen(tmp_path: Path) -> None:
    """Files with the new name that no commit has stop it; a second run changes nothing, whatever else lies there."""
    (clone,) = team(tmp_path, 1)
    domain = clone.workspace / "bot" / "domain.yml"
    domain.write_text("intents:\n- leave\n- laptop\n")
    clone.git("add", "--all")
    clone.git("commit", "-qm", "Domain")
    domain.write_text(domain.read_text().replace("leave", "holiday"))  # killed before the data was written
    with pytest.raises(RatchetError, match=r"not committed: bot/domain\.yml"):
        run_rename(clone)
    clone.git("checkout", "-q", "--", "bot/domain.yml")
    commit = run_rename(clone)
    assert clone.clean()
    assert "- holiday" in domain.read_text()
    (clone.workspace / "notes.txt").write_text("someone's own")
    assert run_rename(clone) == commit == clone.git("rev-parse", "HEAD").strip()
