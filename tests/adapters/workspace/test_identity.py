"""How a workspace's folder is recognised on a real file system."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from ratchet.adapters.settings import load_settings
from ratchet.adapters.system.files import write_json
from ratchet.adapters.workspace import identity
from ratchet.domain.operations.identity import Identity, Standing


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A workspace that was used."""
    folder = tmp_path / "home"
    (folder / "bot").mkdir(parents=True)
    (folder / "params.yaml").write_text("")
    identity.claim(folder)
    return folder


def test_a_clone_without_state_is_neither_copy_nor_moved(tmp_path: Path) -> None:
    """`git clone` brings no `.ratchet/`; the first use draws an identity, which stays."""
    first = identity.claim(tmp_path)
    assert identity.claim(tmp_path) == first
    assert first.home == str(tmp_path)


def test_a_copy_is_told_with_the_command_that_puts_it_right(home: Path) -> None:
    """The original goes on as before."""
    copy = home.with_name("the copy")
    shutil.copytree(home, copy)
    with pytest.raises(identity.Displaced, match=f"is a copy of the workspace {home}") as told:
        load_settings(copy)
    assert f"`ratchet --workspace '{copy}' adopt`" in told.value.remedy
    assert load_settings(home).workspace == home


def test_a_moved_folder_is_told_and_not_one_that_a_link_leads_to(home: Path) -> None:
    """The path that counts is the folder's own."""
    link = home.with_name("link")
    link.symlink_to(home)
    assert load_settings(link).workspace == home
    moved = home.rename(home.with_name("moved"))
    with pytest.raises(identity.Displaced, match=f"was {home} until it was moved"):
        load_settings(moved)


def test_where_the_original_is_gone_both_ways_out_are_named(home: Path) -> None:
    """A copy whose original was deleted looks like a folder that was moved to another disk."""
    copy = home.with_name("copy")
    shutil.copytree(home, copy)
    shutil.rmtree(home)
    with pytest.raises(identity.Displaced, match="copied or moved") as told:
        load_settings(copy)
    assert "adopt --moved" in told.value.remedy
    assert "adopt --copy" in told.value.remedy


def test_a_copy_that_shares_its_state_by_a_link_is_a_copy(home: Path) -> None:
    """`cp -r` copies links as links: two folders with the state of one."""
    state = home / ".ratchet"
    elsewhere = state.rename(home.with_name("disk"))
    state.symlink_to(elsewhere)
    identity.claim(home)
    copy = home.with_name("copy")
    shutil.copytree(home, copy, symlinks=True)
    assert identity.standing(home)[0] is Standing.HOME
    assert identity.standing(copy)[0] is Standing.COPY


def test_state_from_before_identities_names_its_home_by_its_records(tmp_path: Path) -> None:
    """A copy that was made before this version is recognised too: by processes, or by the registry's addresses."""
    home, state = tmp_path / "home", tmp_path / "home" / ".ratchet"
    (home / "bot").mkdir(parents=True)
    (home / "params.yaml").write_text("")
    write_json(state / "process" / "supervisor.json", {"argv": ["python", str(state / "process"), "5005"]})
    assert identity.read(home) == Identity("", str(home))
    (state / "process" / "supervisor.json").unlink()
    with sqlite3.connect(state / "mlflow.db") as registry:
        registry.execute("CREATE TABLE experiments (artifact_location TEXT)")
        registry.execute("INSERT INTO experiments VALUES (?)", (str(state / "artifacts" / "nlu"),))
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    assert identity.standing(copy)[0] is Standing.COPY
    claimed = identity.claim(home)
    assert claimed.id
    assert identity.standing(copy)[0] is Standing.COPY
