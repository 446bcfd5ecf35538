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


def test_what_stands_in_the_way_of_a_rename_goes_as_advised(tmp_path: Path) -> None:
    """Rows edited by hand are taken in; an intent that is not there is found by its name; a change is put aside."""
    (clone,) = team(tmp_path, 1)
    (clone.workspace / "bot" / "domain.yml").write_text("intents:\n- leave\n- laptop\n")
    clone.git("add", "--all")
    clone.git("commit", "-qm", "Domain")
    with (clone.workspace / "data" / "utterances.csv").open("a") as file:
        file.write("a row of somebody's own,leave,hand\n")
    with pytest.raises(RatchetError, match="not taken in") as refused:
        run_rename(clone)
    assert "`ratchet ingest --commit`" in refused.value.remedy
    clone.ingest([])
    assert clone.clean()
    before = load.fn(clone.run)  # type: ignore[attr-defined]
    with pytest.raises(RatchetError, match="no intent 'holidays'") as refused:
        look_up.fn(clone.run, before, "holidays", "absence", False)  # type: ignore[attr-defined]
    assert "`ratchet data show`" in refused.value.remedy
    assert set(before.frame["intent"]) == {"leave", "laptop"}  # what that command counts
    domain = clone.workspace / "bot" / "domain.yml"
    domain.write_text(domain.read_text() + "- more\n")
    with pytest.raises(RatchetError, match="not committed") as refused:
        run_rename(clone)
    assert refused.value.remedy == "Commit them, or `git stash` them."
    clone.git("stash", "-q")
    assert run_rename(clone)
    assert clone.clean()
