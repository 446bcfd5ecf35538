"""The data folder changes as a whole or not at all, and a lost or edited ledger is refused."""

from __future__ import annotations

import errno
import hmac
import multiprocessing
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from ratchet.adapters.corpus import data_folder, dvc, following
from ratchet.adapters.corpus.data_folder import Store
from ratchet.adapters.settings import Settings
from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.retirement import retire
from ratchet.domain.errors import RatchetError
from tasks.corpus.store import store
from tests.adapters.killed_store import grow_and_die
from tests.corpora import data_workspace, git, rows
from tests.tiers import tiers

pytestmark = pytest.mark.e2e  # a real DVC remote, killed processes


def open_store(settings: Settings) -> Store:
    """Open the corpus as an ingest does."""
    params = settings.params
    return data_folder.open_store(settings.workspace, settings.state, params.corpus, params.split)


def put(settings: Settings, messages: pd.DataFrame, extras: Any = None) -> str:
    """Store messages as the corpus; returns the data revision."""
    sides = ledger.assign(messages, open_store(settings).ledger, settings.params.split, "2026-01-01")
    run: Any = SimpleNamespace(settings=settings)
    return str(store.fn(run, messages, sides, extras or {}))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace with a committed corpus of two intents."""
    settings = data_workspace(tmp_path / "bot-team")
    messages = pd.DataFrame(rows("leave", 30) + rows("laptop", 30)).assign(source="start").astype("str")
    put(settings, messages)
    git(settings.workspace, "add", "--all")
    git(settings.workspace, "commit", "-qm", "Data")
    return settings


POINTS = [
    ("ratchet.adapters.corpus.data_folder:write", "before"),
    ("ratchet.adapters.corpus.data_folder:write", "after"),
    ("ratchet.adapters.corpus.dvc:add", "after"),
    ("ratchet.adapters.corpus.dvc:push", "after"),
    ("ratchet.adapters.corpus.dvc:write_pointer", "before"),
    ("ratchet.adapters.corpus.dvc:write_pointer", "after"),
    ("ratchet.adapters.corpus.data_folder:move", "after"),
    ("ratchet.adapters.corpus.data_folder:install", "after"),
    ("ratchet.adapters.corpus.data_folder:recover", "after"),
]


IN_THE_MIDDLE = POINTS[3:7]
"""Between the push and the swap; `make test-long` tries the others."""


@pytest.mark.parametrize("at", tiers(POINTS, IN_THE_MIDDLE.__contains__), ids="-".join)
def test_killed_anywhere_the_corpus_is_whole(settings: Settings, at: tuple[str, str]) -> None:
    """After a kill at each step the next run finds all the old rows or all the new ones, and goes on."""
    process = multiprocessing.get_context("fork").Process(target=grow_and_die, args=(settings, *at))
    process.start()
    process.join()
    assert process.exitcode == -9
    swapped = POINTS.index(at) >= POINTS.index(("ratchet.adapters.corpus.dvc:write_pointer", "after"))
    found = open_store(settings)
    assert len(found.frame) == (70 if swapped else 60)
    assert (len(found.edited), found.removed) == (0, 0)
    data = settings.workspace / "data"
    assert dvc.describe(settings.workspace, data).revision == dvc.revision(settings.workspace)
    assert dvc.pushed(settings.workspace, dvc.revision(settings.workspace))
    assert not data_folder.staging(settings.workspace).parent.exists()
    put(settings, pd.concat([found.frame.drop(columns="place"), more("laptop", 5)], ignore_index=True))
    assert len(open_store(settings).frame) == len(found.frame) + 5


def more(intent: str, number: int) -> pd.DataFrame:
    """New rows of an intent."""
    return pd.DataFrame(rows(intent, number, start=500)).assign(source="more").astype("str")


def test_a_failed_push_changes_nothing(settings: Settings) -> None:
    """Git and data/ never name data that no remote has."""
    before = (settings.workspace / "data.dvc").read_bytes()
    remote = settings.workspace / ".ratchet" / "remote"
    shutil.rmtree(remote)
    remote.write_text("a file where the folder was")
    with pytest.raises(dvc.RemoteUnreachable):
        put(settings, pd.concat([open_store(settings).frame.drop(columns="place"), more("leave", 3)]))
    assert (settings.workspace / "data.dvc").read_bytes() == before
    assert len(open_store(settings).frame) == 60


def test_the_state_folder_may_lie_on_another_disk(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A volume for `.ratchet/` is no obstacle: what cannot be renamed across disks is copied."""
    real = os.rename

    def rename(source: str | Path, target: str | Path) -> None:
        if (".ratchet" in str(source)) != (".ratchet" in str(target)):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    put(settings, pd.concat([open_store(settings).frame.drop(columns="place"), more("leave", 3)]))
    assert len(open_store(settings).frame) == 63


def test_the_same_corpus_gives_the_same_bytes(settings: Settings, tmp_path: Path) -> None:
    """Another machine with the same rows, salt and day comes to the same revision."""
    other = data_workspace(tmp_path / "other")
    messages = open_store(settings).frame.drop(columns="place")
    assert put(other, messages) == dvc.revision(settings.workspace)


def test_changes_by_hand_are_seen(settings: Settings) -> None:
    """Rows added and removed in data/utterances.csv are told apart from those of data.dvc."""
    path = settings.workspace / "data" / "utterances.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:-2], "a new message,leave,by hand\n"]))
    found = open_store(settings)
    assert (len(found.frame), found.edited["text"].tolist(), found.removed) == (58, ["a new message"], 2)


@pytest.mark.parametrize("name", ["ledger.csv", "ledger.seal"])
def test_a_lost_ledger_is_refused_with_the_way_back(settings: Settings, name: str) -> None:
    """Without it nobody knows what was held out; the way back is followed and works, and deletes nothing."""
    (settings.workspace / "data" / name).unlink()
    with pytest.raises(RatchetError, match="is lost") as raised:
        open_store(settings)
    assert "`ratchet data reset`" in raised.value.remedy
    _, aside = following.put_aside(settings.workspace)
    assert len(open_store(settings).frame) == 60
    assert aside is not None
    assert (aside / "data" / "utterances.csv").exists()


def test_an_edited_ledger_is_refused(settings: Settings) -> None:
    """One side changed by hand breaks the seal."""
    path = settings.workspace / "data" / "ledger.csv"
    path.write_text(path.read_text().replace(",train,", ",test,", 1))
    with pytest.raises(RatchetError, match="edited by hand"):
        open_store(settings)


def test_another_salt_is_refused(settings: Settings) -> None:
    """With another salt no key would be known any more."""
    with pytest.raises(RatchetError, match=r"split.salt in params.yaml was changed"):
        data_folder.read_ledger(
            settings.workspace / "data", settings.params.split.model_copy(update={"salt": "x"})
        )


def test_another_ledger_with_a_good_seal_is_refused(settings: Settings) -> None:
    """A ledger that was made anew does not continue that of data.dvc."""
    policy = settings.params.split
    data = settings.workspace / "data"
    messages = data_folder.read_messages(data, settings.params.corpus)
    fresh = ledger.assign(messages[10:], ledger.empty(), policy, "2026-01-01")
    data_folder.write(data, messages, fresh, policy)
    with pytest.raises(RatchetError, match="is not the ledger of"):
        open_store(settings)


def test_a_new_ledger_names_its_normal_form_in_the_seal(settings: Settings) -> None:
    """It is read back from there; with another version in its place the seal does not fit."""
    data = settings.workspace / "data"
    assert (data / "ledger.seal").read_text().endswith(" normal-form=2\n")
    assert ledger.form_of(data_folder.read_ledger(data, settings.params.split)) == 2
    sealed = (data / "ledger.seal").read_text()
    (data / "ledger.seal").write_text(sealed.replace(" normal-form=2", ""))
    with pytest.raises(RatchetError, match="edited by hand"):
        data_folder.read_ledger(data, settings.params.split)
    (data / "ledger.seal").write_text(sealed.replace("=2", "=9"))
    with pytest.raises(RatchetError, match=r"made by a newer Ratchet: normal form 9"):
        data_folder.read_ledger(data, settings.params.split)


def test_an_old_ledger_keeps_its_bytes_its_form_and_its_keys(settings: Settings) -> None:
    """Read and written again it is the same file with the same seal; what comes in gets keys of its form."""
    policy, data = settings.params.split, settings.workspace / "data"
    messages = data_folder.read_messages(data, settings.params.corpus)
    book = data_folder.read_ledger(data, policy)[["key", "side", "first_seen"]]
    data_folder.write(data, messages, book, policy)
    content, sealed = (data / "ledger.csv").read_bytes(), (data / "ledger.seal").read_text()
    assert sealed.strip() == hmac.digest(policy.salt.encode(), content, "sha256").hex()
    old = data_folder.read_ledger(data, policy)
    assert ledger.form_of(old) == 1
    data_folder.write(data, messages, old, policy)
    assert ((data / "ledger.csv").read_bytes(), (data / "ledger.seal").read_text()) == (content, sealed)
    more = pd.concat([messages, messages[:1].assign(text="❤️"), messages[:1].assign(text="☠️")])
    grown = ledger.assign(more, old, policy, "2026-01-02")
    assert len(grown) == len(old) + 1
    data_folder.write(data, more, grown, policy)
    assert ledger.form_of(data_folder.read_ledger(data, policy)) == 1


def test_moves_have_columns_from_the_first_one_on(settings: Settings) -> None:
    """When and why a row was retired is read back, and the seal covers it."""
    policy, data = settings.params.split, settings.workspace / "data"
    book = data_folder.read_ledger(data, policy)
    assert (data / "ledger.csv").read_text().startswith("key,side,first_seen\n")
    held_out = book.loc[book["side"] == "test", "key"].tolist()
    moved = retire(book, held_out[:1], "2026-02-01", 'by hand, "worn"')
    data_folder.write(data, data_folder.read_messages(data, settings.params.corpus), moved, policy)
    assert data_folder.read_ledger(data, policy).equals(moved)
    path = data / "ledger.csv"
    path.write_text(path.read_text().replace("2026-02-01", "2026-02-02"))
    with pytest.raises(RatchetError, match="edited by hand"):
        data_folder.read_ledger(data, policy)


def test_a_deleted_pointer_is_refused(settings: Settings) -> None:
    """Without data.dvc an ingest would start a new ledger; Git still knows the old one."""
    (settings.workspace / "data.dvc").unlink()
    with pytest.raises(RatchetError, match="was deleted, but Git knows it"):
        open_store(settings)


def test_a_clone_without_data_gets_it(settings: Settings) -> None:
    """data/ is brought from the cache or the remote."""
    shutil.rmtree(settings.workspace / "data")
    shutil.rmtree(settings.workspace / ".dvc" / "cache")
    assert len(open_store(settings).frame) == 60


def test_extras_grow_by_name_and_example(settings: Settings) -> None:
    """Synonyms of two ingests come together; files of the team's own stay."""
    messages = open_store(settings).frame.drop(columns="place")
    put(settings, messages, {"synonym": {"laptop": ["pc"]}})
    (settings.workspace / "data" / "extras" / "own.yml").write_text("nlu: []\n")
    put(settings, messages, {"synonym": {"laptop": ["pc", "notebook"], "leave": ["vacation"]}})
    extras = settings.workspace / "data" / "extras"
    assert data_folder.nlu_extras.read_extras(extras / "synonym.yml") == {
        "synonym": {"laptop": ["pc", "notebook"], "leave": ["vacation"]}
    }
    assert (extras / "own.yml").exists()


def test_a_file_beside_the_messages_makes_a_difference(settings: Settings) -> None:
    """Synonyms written by hand are news to ingest; whatever else lies in data/ does not survive it."""
    assert not open_store(settings).differs
    extras = settings.workspace / "data" / "extras"
    extras.mkdir()
    (extras / "own.yml").write_text("nlu: []\n")
    (settings.workspace / "data" / "utterances.csv~").write_text("an editor's copy")
    found = open_store(settings)
    assert found.differs
    put(settings, found.frame.drop(columns="place"))
    assert not open_store(settings).differs
    assert (extras / "own.yml").exists()
    assert not (settings.workspace / "data" / "utterances.csv~").exists()


def test_a_new_context_field_is_unknown_throughout(settings: Settings) -> None:
    """A field declared later is empty in the rows that were there; one that is no longer declared is named."""
    params = settings.params.corpus
    data = settings.workspace / "data"
    wider = params.model_copy(update={"context": {"role": None}})
    assert set(data_folder.read_messages(data, wider)["role"]) == {""}
    text = (data / "utterances.csv").read_text()
    (data / "utterances.csv").write_text(text.replace("source", "origin", 1))
    with pytest.raises(RatchetError, match="has the columns text, intent, origin"):
        data_folder.read_messages(data, params)


@pytest.mark.parametrize("name", ["utterances.csv", "ledger.csv"])
def test_a_git_lfs_pointer_in_place_of_data_is_named(tmp_path: Path, name: str) -> None:
    """It is a well-formed CSV of one column, and would be called a wrong heading."""
    path = tmp_path / "data" / name
    path.parent.mkdir()
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(RatchetError, match=f"^data/{name} is a Git LFS pointer"):
        data_folder.read_csv(path)
