"""After a pull, `data/` follows `data.dvc`; what is only here is never replaced, and every way out is followed."""

from __future__ import annotations

import errno
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from ratchet.adapters.corpus import data_folder, driver, dvc, following, ledger_history, merging, remote
from ratchet.adapters.corpus.following import Local, LocalData
from ratchet.adapters.settings import load_settings
from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.questions import Answers, Choice
from ratchet.domain.errors import RatchetError
from tests.advice import only, shell
from tests.clones import Clone, another, forget_data, team
from tests.corpora import data_workspace, git, rows
from tests.full_disk import DISK
from tests.tiers import tiers

pytestmark = pytest.mark.e2e

MINE, YOURS = rows("leave", 8, start=100), rows("laptop", 8, start=200)


def texts(some: list[dict[str, str]]) -> set[str]:
    """The texts of rows."""
    return {row["text"] for row in some}


@pytest.fixture
def two(tmp_path: Path) -> tuple[Clone, Clone]:
    """Two clones, of which the second has pushed new messages."""
    one, other = team(tmp_path)
    other.ingest(YOURS)
    other.git("push", "-q")
    return one, other


def add_by_hand(clone: Clone, text: str) -> None:
    """Write a row into data/utterances.csv."""
    with (clone.workspace / "data" / "utterances.csv").open("a") as file:
        file.write(f"{text},leave,by hand\n")


def test_data_is_brought_along_after_a_pull(two: tuple[Clone, Clone]) -> None:
    """The new revision was never in this clone's cache; nothing is printed that a person has to do."""
    one, other = two
    one.git("pull", "-q")
    assert following.look(one.workspace).local is Local.BEHIND
    assert following.bring_along(one.workspace)
    assert one.texts() == other.texts()
    assert following.bring_along(one.workspace) is None


def test_a_history_whose_ledgers_are_lost_comes_back_from_a_machine_that_has_it(
    two: tuple[Clone, Clone], tmp_path: Path
) -> None:
    """The command that is named, typed there, puts every revision of it into the remote again."""
    one, other = two
    one.git("pull", "-q")
    shutil.rmtree(tmp_path / "remote")
    (tmp_path / "remote").mkdir()
    forget_data(one)
    with pytest.raises(RatchetError, match="No ledger of the data's history can be read") as told:
        ledger_history.newest(one.settings, "", [])
    shell(other.workspace, only(told.value.remedy, "dvc"))
    revision, book = ledger_history.newest(one.settings, "", [])
    assert revision == dvc.revision(other.workspace)
    assert len(book) == 68


@pytest.mark.long
def test_back_and_forth_between_branches(two: tuple[Clone, Clone]) -> None:
    """`git switch` moves data.dvc too."""
    one, _ = two
    first = one.texts()
    one.git("switch", "-qc", "topic")
    one.git("pull", "-q", "origin", "HEAD")
    following.bring_along(one.workspace)
    assert len(one.texts()) == 68
    one.git("switch", "-q", "-")
    following.bring_along(one.workspace)
    assert one.texts() == first


def test_rows_edited_by_hand_come_to_lie_on_top_of_what_was_pulled(two: tuple[Clone, Clone]) -> None:
    """They are named, never replaced; `data merge` merges them, and the next ingest takes them in."""
    one, _ = two
    add_by_hand(one, "may i have a day off tomorrow")
    one.git("pull", "-q")
    with pytest.raises(LocalData, match=r"edited by hand, and data\.dvc moved") as raised:
        following.bring_along(one.workspace)
    assert "`ratchet data merge`" in raised.value.remedy
    assert one.merge().state == "carried"
    assert texts(YOURS) < one.texts()
    assert "may i have a day off tomorrow" in one.texts()
    assert following.look(one.workspace).local is Local.EDITED
    one.ingest(MINE)
    assert one.clean()
    assert {"may i have a day off tomorrow"} | texts(MINE) | texts(YOURS) < one.texts()


def test_an_ingest_that_was_not_committed_is_merged_and_committed(two: tuple[Clone, Clone]) -> None:
    """Git gives the pulled data.dvc the place of the uncommitted one; the messages are not lost."""
    one, _ = two
    one.ingest(MINE, committed=False)
    one.git("checkout", "-q", "--", "data.dvc")
    one.git("pull", "-q")
    with pytest.raises(LocalData, match="an ingest that was not committed") as raised:
        one.ingest(rows("leave", 1, start=500))
    assert "`ratchet data merge`" in raised.value.remedy
    assert one.merge().state == "merged"
    assert one.clean()
    assert texts(MINE) | texts(YOURS) < one.texts()


@pytest.mark.long
def test_a_stash_that_does_not_fit_is_merged(two: tuple[Clone, Clone]) -> None:
    """`git stash; git pull; git stash pop`, as Git proposes when it refuses the pull."""
    one, _ = two
    one.ingest(MINE, committed=False)
    assert one.try_git("pull", "-q") != 0
    one.git("stash", "-q")
    one.git("pull", "-q")
    assert one.try_git("stash", "pop") != 0
    assert one.merge().state == "merged"
    assert one.clean()
    assert texts(MINE) | texts(YOURS) < one.texts()


@pytest.mark.parametrize("what", tiers(["edited", "ingested"], lambda one: one == "ingested"))
def test_what_no_commit_has_and_a_conflict_at_once(tmp_path: Path, what: str) -> None:
    """The remedy of the merge is followed to the letter, and nothing is lost."""
    one, other = team(tmp_path)
    other.ingest(YOURS)
    other.git("push", "-q")
    one.ingest(MINE)
    text = "may i have a day off tomorrow"
    if what == "edited":
        add_by_hand(one, text)
    else:
        one.ingest([{"text": text, "intent": "leave"}], committed=False)
        one.git("checkout", "-q", "--", "data.dvc")
    one.try_git("pull", "-q")
    with pytest.raises(RatchetError, match="in no commit, and the merge would replace them") as raised:
        one.merge()
    assert re.findall(r"`([^`]+)`", raised.value.remedy) == [
        "ratchet data reset --data-only",
        "ratchet data merge",
        "ratchet ingest .ratchet/set-aside/*/data/utterances.csv",
    ]
    following.put_aside(one.workspace, data_only=True)
    assert one.merge().state == "merged"
    assert one.clean()
    (kept,) = one.workspace.glob(".ratchet/set-aside/*/data/utterances.csv")
    one.ingest(pd.read_csv(kept, dtype="str")[["text", "intent"]].to_dict("records"))
    assert {text} | texts(MINE) | texts(YOURS) < one.texts()


@pytest.mark.parametrize(
    "spoil",
    tiers(
        ["delete data.dvc", "spoil data.dvc", "delete data", "lose the seal", "edit data"],
        lambda one: one in ("delete data.dvc", "edit data"),
    ),
)
def test_reset_mends_whatever_was_done_to_the_data_and_deletes_nothing(
    two: tuple[Clone, Clone], spoil: str
) -> None:
    """Also where the cache does not have the revision: it is fetched before anything is moved."""
    one, _ = two
    pointer, data = one.workspace / "data.dvc", one.workspace / "data"
    shutil.rmtree(one.workspace / ".dvc" / "cache")
    match spoil:
        case "delete data.dvc":
            pointer.unlink()
        case "spoil data.dvc":
            pointer.write_text("outs: 7\n")
        case "delete data":
            shutil.rmtree(data)
        case "lose the seal":
            (data / "ledger.seal").unlink()
        case _:
            add_by_hand(one, "hello there")
    if spoil not in ("delete data", "edit data"):
        params = one.settings.params
        with pytest.raises(RatchetError, match="`ratchet data reset`"):
            data_folder.open_store(one.workspace, one.settings.state, params.corpus, params.split)
    _, aside = following.put_aside(one.workspace)
    assert one.clean()
    assert len(one.texts()) == 60
    if spoil in ("edit data", "lose the seal", "spoil data.dvc"):
        assert aside is not None
        assert any(aside.iterdir())


@pytest.mark.long
def test_without_the_remote_nothing_is_moved(two: tuple[Clone, Clone], tmp_path: Path) -> None:
    """data/ stays whole where the new revision cannot be had."""
    one, _ = two
    one.git("pull", "-q")
    (tmp_path / "remote").rename(tmp_path / "away")
    before = one.texts()
    for act in (following.bring_along, following.put_aside):
        with pytest.raises((dvc.NotInRemote, dvc.RemoteUnreachable)):
            act(one.workspace)
    assert one.texts() == before
    (tmp_path / "away").rename(tmp_path / "remote")
    following.bring_along(one.workspace)
    assert one.clean()


def test_a_fresh_clone_has_its_data_at_the_first_look(tmp_path: Path) -> None:
    """Also a shallow one, with a detached HEAD, in a worktree."""
    one, _ = team(tmp_path)
    fresh = another(tmp_path, 5)
    assert following.bring_along(fresh.workspace)
    assert fresh.texts() == one.texts()
    fresh.git("worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    forget_data(fresh)
    tree = Clone(load_settings(tmp_path / "tree", target="process"))
    assert following.bring_along(tree.workspace)
    assert tree.texts() == one.texts()
    assert tree.clean()


def test_a_submodule_and_a_folder_of_a_monorepo_are_workspaces(tmp_path: Path) -> None:
    """A first look fetches the data, and what is ingested there is committed there; Git's driver is set up in both."""
    one, _ = team(tmp_path)
    outer = tmp_path / "product"
    outer.mkdir()
    git(outer, "init", "-q")
    git(
        outer,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        str(tmp_path / "origin.git"),
        "bot team",
    )
    inner = Clone(load_settings(outer / "bot team", target="process"))
    inner.git("config", "user.name", "Test")
    inner.git("config", "user.email", "test@localhost")
    assert following.bring_along(inner.workspace)
    assert driver.install(inner.workspace)
    inner.ingest(rows("leave", 2, start=500))
    assert inner.clean()
    assert "bot team" in git(outer, "status", "--porcelain")

    monorepo = tmp_path / "monorepo"
    (monorepo / "services").mkdir(parents=True)
    git(monorepo, "init", "-q")
    for words in (("user.name", "Test"), ("user.email", "test@localhost")):
        git(monorepo, "config", *words)
    folder = monorepo / "services" / "bot"
    shutil.copytree(
        one.workspace, folder, ignore=shutil.ignore_patterns(".git", ".ratchet", "data", "cache", "tmp")
    )
    git(monorepo, "add", "--all")
    git(monorepo, "commit", "-qm", "Everything")
    part = Clone(load_settings(folder, target="process"))
    assert following.bring_along(part.workspace)
    assert part.texts() == one.texts()
    part.ingest(rows("leave", 2, start=500))
    assert part.clean()


def test_a_read_only_home_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All state is in the workspace: messages are taken in, pushed, and brought along."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    one, other = team(tmp_path)
    with DISK.watched(home, 0, errno.EROFS):
        one.ingest(MINE)
        one.git("push", "-q")
        other.git("pull", "-q")
        following.bring_along(other.workspace)
    assert other.texts() == one.texts()
    assert one.clean()
    assert list(home.iterdir()) == []


def test_a_clone_whose_remote_is_another_machines_folder_names_the_one_command(tmp_path: Path) -> None:
    """`.ratchet/remote` stays where the workspace was made; the remedy is followed there, and the clone works."""
    home = made_at(tmp_path / "home")
    git(tmp_path, "clone", "-q", str(home.workspace), str(tmp_path / "clone"))
    clone = Clone(load_settings(tmp_path / "clone", target="process"))
    with pytest.raises(dvc.NotInRemote, match=r"its DVC remote \.ratchet/remote is not here") as raised:
        following.bring_along(clone.workspace)
    assert "`ratchet remote set`" in raised.value.remedy
    remote.move(home.settings, str(tmp_path / "share"), None, None)
    home.git("commit", "-qam", "Share the data")
    clone.git("pull", "-q")
    following.bring_along(clone.workspace)
    assert clone.texts() == home.texts()


def test_a_worktree_uses_the_remote_of_the_main_one(tmp_path: Path) -> None:
    """What is ingested there is in the main working tree's remote, so the branch can be merged."""
    home = made_at(tmp_path / "home")
    home.git("worktree", "add", "-qb", "topic", str(tmp_path / "tree"))
    tree = Clone(load_settings(tmp_path / "tree", target="process"))
    tree.edit(lambda frame: frame[:50])
    home.git("merge", "-q", "topic")
    following.bring_along(home.workspace)
    assert len(home.texts()) == 50
    assert home.clean()


def made_at(folder: Path) -> Clone:
    """A workspace with 60 messages, whose remote is a folder of its own, as `ratchet init` makes it."""
    home = Clone(data_workspace(folder))
    (home.workspace / "bot" / "config.yml").write_text("pipeline: []\n")
    frame = pd.DataFrame(rows("leave", 30) + rows("laptop", 30)).assign(source="start").astype("str")
    book = ledger.assign(frame, ledger.empty(), home.settings.params.split, "2026-01-01")
    home.put(frame, book, committed=False)
    home.git("add", "--all")
    home.git("commit", "-qm", "Data")
    return home


def test_answers_that_are_none_are_refused(tmp_path: Path) -> None:
    """A file of another kind is named, with the way to a right one."""
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(RatchetError, match="cannot be read as answers"):
        merging.read_answers(path, Choice.OURS)
    assert merging.read_answers(_questions(tmp_path), Choice.OURS) == Answers({"1": "ours"}, Choice.OURS)


def _questions(folder: Path) -> Path:
    path = folder / "y.csv"
    path.write_text("id,answer\n1,ours\n2,\n")
    return path
