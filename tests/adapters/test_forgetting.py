"""Somebody's words leave the corpus, its older revisions in cache and remote, the events and the samples."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from ratchet.adapters import forgetting
from ratchet.adapters.corpus import data_folder, data_revisions, dvc, following, forgotten
from ratchet.adapters.forgetting import Forgotten
from ratchet.adapters.readers.reading import Reading
from ratchet.domain.errors import RatchetError
from tasks.corpus.load import load
from tasks.corpus.take import take
from tests.clones import Clone, team
from tests.corpora import rows

pytestmark = pytest.mark.e2e

SECRET = "my name is ana lopez and my leave is wrong"
COLUMNS = (
    "at, conversation, text, context, intent, confidence, ranking, handed_off, failed, seconds, release, model_version,"
    " model_id"
)


def holding(folder: Path, words: str) -> list[Path]:
    """The files below a folder that hold the words, whatever they are named."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and words.encode() in path.read_bytes().lower() and ".git" not in path.parts
    ]


def forget(clone: Clone, *texts: str, person: str | None = None) -> Forgotten:
    """`ratchet forget`."""
    return forgetting.forget(clone.settings, texts, person, [], lambda text: None)


def test_a_text_is_gone_from_every_revision_and_the_older_ones_still_work(tmp_path: Path) -> None:
    """Cache, remote and both clones; the ledger keeps its keys, an older revision is read and validated as before."""
    one, other = team(tmp_path)
    one.ingest([{"text": SECRET, "intent": "leave"}])
    one.ingest(rows("laptop", 3, start=300))
    one.git("push", "-q")
    other.git("pull", "-q")
    following.bring_along(other.workspace)
    old = dvc.revision(one.workspace)
    book = data_folder.read_ledger(one.workspace / "data", one.settings.params.split)
    samples = one.settings.state / "harvest" / "2026-W01"
    samples.mkdir(parents=True)
    pd.DataFrame({"text": [SECRET, "hello"], "intent": ""}).to_csv(samples / "sample.csv", index=False)
    done = forget(one, "My name is Ana Lopez, and my leave is wrong!")
    assert (done.messages, done.samples, len(done.rewritten), done.lost, done.left) == (1, 1, 2, (), ())
    assert holding(one.workspace, SECRET) == []
    assert holding(tmp_path / "remote", SECRET) == []
    assert one.clean()
    assert data_folder.read_ledger(one.workspace / "data", one.settings.params.split).equals(book)
    before = data_revisions.stored(one.settings, old)
    assert data_folder.read_ledger(before, one.settings.params.split).equals(book)
    assert dvc.pushed(one.workspace, old)
    one.git("push", "-q")
    other.git("pull", "-q")
    following.bring_along(other.workspace)
    assert holding(other.workspace, SECRET) == []
    assert other.texts() == one.texts()
    other.git("checkout", "-q", "HEAD~1")  # data.dvc names the revision that is no longer there
    following.bring_along(other.workspace)
    assert len(other.texts()) == 63
    assert following.look(other.workspace).local in (following.Local.NOTHING, following.Local.BEHIND)
    assert forget(one, SECRET).rewritten == ()


def test_a_persons_events_go_and_what_was_harvested_from_them(tmp_path: Path) -> None:
    """The same words of a labelled message that the team wrote stay; other people's events stay."""
    (one,) = team(tmp_path, 1)
    known = rows("leave", 1)[0]["text"]
    one.edit(lambda frame: pd.concat([frame, frame.head(1).assign(text=SECRET, source="production")]))
    events = one.settings.state / "events" / "messages.db"
    events.parent.mkdir(parents=True)
    with sqlite3.connect(events) as database:
        database.execute(f"CREATE TABLE messages (id INTEGER PRIMARY KEY, {COLUMNS})")
        said = (("local/ana", SECRET), ("intranet/ana", known), ("local/ben", "hello"))
        for number, (name, text) in enumerate(said):
            who = hashlib.sha256(name.encode()).hexdigest()[:32]
            values = (1.0, who, text, "{}", "leave", 0.9, "[]", 0, 0, 0.1, "r", "1", "m")
            places = ", ".join("?" * (len(values) + 1))
            database.execute(f"INSERT INTO messages VALUES ({places})", (number, *values))
        database.execute("CREATE TABLE ratings (id INTEGER PRIMARY KEY, conversation, text)")
        for name, text in said:
            who = hashlib.sha256(name.encode()).hexdigest()[:32]
            database.execute("INSERT INTO ratings (conversation, text) VALUES (?, ?)", (who, text))
    tokens = one.settings.state / "secrets" / "client-tokens.yml"
    tokens.parent.mkdir(parents=True)
    tokens.write_text("- {name: intranet, token: not-a-secret-in-a-test, rights: [chat]}\n")
    done = forget(one, person="ana")
    assert (done.events, done.messages) == (4, 1)
    assert SECRET not in one.texts()
    assert known in one.texts()
    with sqlite3.connect(events) as database:
        for table in ("messages", "ratings"):
            assert database.execute(f"SELECT text FROM {table}").fetchall() == [("hello",)]
    assert SECRET.encode() not in events.read_bytes()


def test_a_chain_of_rewritten_revisions_is_followed(tmp_path: Path) -> None:
    """One that was written again twice; a circle ends."""
    (tmp_path / ".dvc").mkdir()
    a, b, c, d = (f"{letter * 32}.dir" for letter in "abcd")
    forgotten.add(tmp_path, {a: b})
    forgotten.add(tmp_path, {b: c})
    assert [forgotten.now(tmp_path, name) for name in (a, b, c, d)] == [c, c, c, d]
    forgotten.add(tmp_path, {c: a})
    assert forgotten.now(tmp_path, a) in (a, b, c)


def test_a_line_that_names_no_revision_removes_nothing(tmp_path: Path) -> None:
    """Whoever can push to Git writes `.dvc/forgotten`, and what it names is removed: a path in it is passed over.

    So are the marks that Git leaves where two people forgot something; the pairs of both sides hold.
    """
    (clone,) = team(tmp_path, 1)
    precious = clone.settings.state / "precious"
    precious.mkdir()
    (precious / "file").write_text("kept")
    one, other = f"{'a' * 32}.dir", f"{'b' * 32}.dir"
    (clone.workspace / forgotten.FILE).write_bytes(
        f"<<<<<<< HEAD\n../precious {one}\n=======\n{one} {other}\n>>>>>>> theirs\n\xff \xfe\n".encode(
            "latin-1"
        )
    )
    following.bring_along(clone.workspace)
    assert (precious / "file").exists()
    assert forgotten.read(clone.workspace) == {one: other}


def test_rows_edited_by_hand_are_not_lost(tmp_path: Path) -> None:
    """`data/` is replaced, so what only stands there is taken in or put aside first; nothing is removed till then."""
    (one,) = team(tmp_path, 1)
    one.ingest([{"text": SECRET, "intent": "leave"}])
    path = one.workspace / "data" / "utterances.csv"
    edited = path.read_text() + "a row of somebody's own,leave,hand\n"
    path.write_text(edited)
    with pytest.raises(RatchetError, match="changes that were not taken in"):
        forget(one, SECRET)
    assert path.read_text() == edited
    _, aside = following.put_aside(one.workspace)  # as the error says, `ratchet data reset`
    assert aside is not None
    assert (aside / "data" / "utterances.csv").read_text() == edited
    assert forget(one, SECRET).messages == 1


def test_what_a_killed_run_left_uncommitted_is_committed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the list of rewritten revisions and its commit: the same command again commits it."""
    (one,) = team(tmp_path, 1)
    one.ingest([{"text": SECRET, "intent": "leave"}])
    with monkeypatch.context() as patch:

        def killed(*_: object) -> str:
            raise KeyboardInterrupt

        patch.setattr(forgetting.git, "commit", killed)
        with pytest.raises(KeyboardInterrupt):
            forget(one, SECRET)
    assert one.git("status", "--porcelain") != ""
    forget(one, SECRET)
    assert one.clean()
    assert holding(tmp_path / "remote", SECRET) == []


def test_what_is_shared_stays_in_the_remote_though_the_cache_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone without the rewritten revisions in its cache ends what another began: their ledgers stay."""
    one, other = team(tmp_path)
    one.ingest([{"text": SECRET, "intent": "leave"}])
    with monkeypatch.context() as patch:
        patch.setattr(following, "forget", lambda *_, **__: None)  # killed before anything was removed
        forget(one, SECRET)
    one.git("push", "-q")
    other.git("pull", "-q")
    shutil.rmtree(other.workspace / ".dvc" / "cache", ignore_errors=True)
    shutil.rmtree(other.settings.state / "dvc", ignore_errors=True)
    following.forget(other.workspace, everywhere=True)
    assert holding(tmp_path / "remote", SECRET) == []
    assert dvc.pushed(other.workspace, dvc.revision(other.workspace))


def test_words_that_are_none_name_nothing(tmp_path: Path) -> None:
    """An empty `--text` is not everybody's empty message."""
    (one,) = team(tmp_path, 1)
    assert forget(one, "", " ").messages == 0


def test_a_merge_does_not_bring_words_back(tmp_path: Path) -> None:
    """Another clone went on from a revision that had them; they leave its own revisions as the note says."""
    one, other = team(tmp_path)
    one.ingest([{"text": SECRET, "intent": "leave"}])
    one.git("push", "-q")
    other.git("pull", "-q")
    following.bring_along(other.workspace)
    other.ingest(rows("laptop", 3, start=300))
    forget(one, SECRET)
    one.git("push", "-q")
    other.git("fetch", "-q")
    done = other.merge(wanted="@{upstream}")
    assert done.state == "merged"
    assert any("1 message left out whose words were forgotten" in note for note in done.notes), done.notes
    assert any("`ratchet forget --again`" in note for note in done.notes)
    assert SECRET not in other.texts()
    assert len(other.texts()) == 63
    assert other.clean()
    forget(other)  # `ratchet forget --again`
    assert holding(other.workspace, SECRET) == []
    assert holding(tmp_path / "remote", SECRET) == []
    assert other.clean()


def test_what_was_forgotten_does_not_come_in_again(tmp_path: Path) -> None:
    """The export from which it came is ingested once more: it is left out and counted, and nothing else changes.

    It was the last message, so that the corpus with it is the very revision that was written again.
    """
    (one,) = team(tmp_path, 1)
    before = dvc.revision(one.workspace)
    one.ingest([{"text": SECRET, "intent": "leave"}])
    forget(one, SECRET)
    now = dvc.revision(one.workspace)
    assert now != before  # the ledger keeps the key
    frame = one.version().frame.head(0).assign(place="")
    row = {"text": SECRET.upper(), "intent": "leave", "source": "export", "place": "export.csv:2"}
    reading = Reading(pd.concat([frame, pd.DataFrame([row], dtype="str")], ignore_index=True), {}, ())
    taken = take.fn(one.run, load.fn(one.run), reading, False, False)  # type: ignore[attr-defined]
    assert not taken.merged.changed
    assert ["1 row left out whose words were forgotten" in one.sentence for one in taken.report.account] == [
        True
    ]
    assert SECRET not in str(taken.report).lower()
    one.ingest(rows("laptop", 1, start=400))
    assert len(one.texts()) == 61
    assert one.clean()


def test_another_branch_does_not_bring_words_back(tmp_path: Path) -> None:
    """Its revisions are written again, too: a switch to it brings the same data, less the words."""
    (one,) = team(tmp_path, 1)
    main = one.git("rev-parse", "--abbrev-ref", "HEAD")
    one.git("switch", "-qc", "experiment")
    one.ingest([{"text": SECRET, "intent": "leave"}, *rows("laptop", 2, start=300)])
    one.git("switch", "-q", main)
    following.bring_along(one.workspace)
    forget(one, SECRET)
    assert holding(tmp_path / "remote", SECRET) == []
    one.git("switch", "-q", "experiment")
    following.bring_along(one.workspace)
    assert len(one.texts()) == 62
    assert holding(one.workspace, SECRET) == []
