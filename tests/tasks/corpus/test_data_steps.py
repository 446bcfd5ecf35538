"""The first steps of a retrain: fetch, validate and split, on real data in a real DVC remote."""

from __future__ import annotations

import multiprocessing
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from ratchet.adapters.corpus import data_folder, dvc, proofs
from ratchet.adapters.corpus.retirement import plan
from ratchet.adapters.readers.reading import Reading
from ratchet.adapters.settings import Settings
from ratchet.domain.corpus import ledger, validation
from ratchet.domain.corpus.corpus import key, keys
from ratchet.domain.corpus.retiring import RetirePolicy
from ratchet.domain.corpus.unchecked import Unchecked
from ratchet.domain.errors import RatchetError
from tasks.corpus.assign import assign
from tasks.corpus.cover import cover
from tasks.corpus.fetch import fetch
from tasks.corpus.load import load
from tasks.corpus.retire import retire
from tasks.corpus.split import split
from tasks.corpus.store import store
from tasks.corpus.take import take
from tasks.corpus.validate import validate
from tasks.release.stage import sample
from tasks.training.recall import messages_of
from tests.adapters.killed_store import grow_and_die
from tests.corpora import data_workspace, git, rows
from tests.tiers import exhaustive

pytestmark = pytest.mark.e2e  # a real DVC remote


def run_of(settings: Settings, champion: Any = None) -> Any:
    """A run of this workspace, with or without a champion."""
    return SimpleNamespace(settings=settings, registry=SimpleNamespace(champion=lambda: champion))


def put(settings: Settings, messages: pd.DataFrame, book: pd.DataFrame | None = None) -> str:
    """Store messages, with a ledger of their own unless one is given; returns the data revision."""
    known = ledger.empty() if book is None else book
    sides = ledger.assign(messages, known, settings.params.split, "2026-01-01")
    return str(store.fn(run_of(settings), messages, sides, {}))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace with a committed corpus of two intents."""
    settings = data_workspace(tmp_path / "bot-team")
    put(settings, pd.DataFrame(rows("leave", 30) + rows("laptop", 30)).assign(source="start").astype("str"))
    git(settings.workspace, "add", "--all")
    git(settings.workspace, "commit", "-qm", "Data")
    return settings


def test_the_steps_give_the_sides_of_the_ledger(settings: Settings) -> None:
    """All messages, each on one side, the holdout with the day on which it was first seen."""
    run = run_of(settings)
    corpus = fetch.fn(run, None)
    assert validate.fn(run, corpus).frame is corpus.frame
    sides = split.fn(run, corpus)
    assert len(sides.train) + len(sides.holdout) + len(sides.quarantine) == 60
    assert set(sides.holdout["first_seen"]) == {"2026-01-01"}
    assert (corpus.revision, corpus.git_revision) == (dvc.revision(settings.workspace), "")


def test_data_that_no_remote_has_is_refused(settings: Settings) -> None:
    """A release refers to its data for ever; what lies on one machine only is lost with it."""
    shutil.rmtree(settings.workspace / ".ratchet" / "remote")
    with pytest.raises(RatchetError, match="is not in the DVC remote") as refused:
        fetch.fn(run_of(settings), None)
    assert refused.value.remedy == "Put it there: `dvc push`."
    (settings.workspace / ".ratchet" / "remote").mkdir()
    dvc.push(settings.workspace, dvc.revision(settings.workspace))
    assert len(fetch.fn(run_of(settings), None).frame) == 60


def test_an_ingest_that_was_killed_in_mid_swap_is_completed_first(settings: Settings) -> None:
    """data.dvc is new, data/ still old: that is no change by hand."""
    arguments = (settings, "ratchet.adapters.corpus.dvc:write_pointer", "after")
    process = multiprocessing.get_context("fork").Process(target=grow_and_die, args=arguments)
    process.start()
    process.join()
    assert len(fetch.fn(run_of(settings), None).frame) == 70


def test_errors_in_the_corpus_end_the_run(settings: Settings) -> None:
    """Three rows are no corpus: the error names the rule, and where to see more."""
    put(settings, pd.DataFrame(rows("leave", 2) + rows("laptop", 1)).assign(source="x").astype("str"))
    run = run_of(settings)
    with pytest.raises(RatchetError, match="fewer than 10 examples") as refused:
        validate.fn(run, fetch.fn(run, None))
    assert "`ratchet validate`, correct data/utterances.csv and take it in" in refused.value.remedy
    put(settings, pd.DataFrame(rows("leave", 12) + rows("laptop", 12)).assign(source="x").astype("str"))
    assert validate.fn(run, fetch.fn(run, None)).warnings


def test_a_report_is_made_once_for_a_revision(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second retrain takes what was proved; another policy proves it anew."""
    run = run_of(settings)
    corpus = fetch.fn(run, None)
    first = validate.fn(run, corpus).warnings

    def fail(*_: object) -> None:
        raise AssertionError("checked again")

    monkeypatch.setattr(validation, "validate", fail)
    assert validate.fn(run, corpus).warnings == first
    strict = settings.params.validation.model_copy(update={"few_examples": 40})
    params = settings.params.model_copy(update={"validation": strict})
    with pytest.raises(AssertionError, match="checked again"):
        validate.fn(run_of(settings.model_copy(update={"params": params})), corpus)


def test_a_side_that_changed_against_the_champion_is_refused(settings: Settings) -> None:
    """A ledger made anew gives other sides: the champion was trained on what would now be its holdout."""
    champion = SimpleNamespace(lineage=SimpleNamespace(data_revision=dvc.revision(settings.workspace)))
    messages = data_folder.read_messages(settings.workspace / "data", settings.params.corpus)
    sides = data_folder.read_ledger(settings.workspace / "data", settings.params.split)
    swapped = sides.assign(side=sides["side"].map({"train": "test", "test": "train"}))
    put(settings, messages, swapped)
    run = run_of(settings, champion)
    with pytest.raises(RatchetError, match="60 keys changed their side"):
        split.fn(run, fetch.fn(run, None))


def test_a_straddling_pair_is_refused_also_after_a_proof(settings: Settings) -> None:
    """What was proved is kept; a new near-duplicate on the other side is found."""
    run = run_of(settings)
    split.fn(run, fetch.fn(run, None))
    messages = data_folder.read_messages(settings.workspace / "data", settings.params.corpus)
    book = data_folder.read_ledger(settings.workspace / "data", settings.params.split)
    near = messages[:1].assign(text=messages["text"][0][:-1] + "z")
    grown = pd.concat([messages, near], ignore_index=True)
    added = ledger.assign(grown, book, settings.params.split, "2026-01-02")
    wrong = "test" if added["side"].iloc[-1] == "train" else "train"
    put(settings, grown, pd.concat([book, added[-1:].assign(side=wrong)]))
    with pytest.raises(RatchetError, match="near-duplicate on the other side"):
        split.fn(run, fetch.fn(run, None))


def lost(settings: Settings) -> Any:
    """A champion whose data neither cache nor remote has any more, as after `dvc gc`."""
    lineage = SimpleNamespace(data_revision=f"{'0' * 32}.dir")
    return SimpleNamespace(lineage=lineage, created_at="2026-11-01T06:00:00")


def test_a_champions_ledger_that_is_lost_is_a_finding(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether a message changed its side cannot be known: the sides say so, and the terminal does when piped."""
    run = run_of(settings, lost(settings))
    sides = split.fn(run, fetch.fn(run, None))
    (unchecked,) = sides.unchecked
    assert "no message changed its side" in unchecked.check
    assert "neither in this machine's cache nor in the remote" in unchecked.reason
    assert unchecked.sentence in " ".join(capsys.readouterr().err.split())


def test_champions_messages_that_are_lost_are_a_finding(settings: Settings) -> None:
    """Whether a holdout message was relabelled cannot be known."""
    run = run_of(settings, lost(settings))
    found = messages_of(run, fetch.fn(run, None), run.registry.champion())
    assert isinstance(found, Unchecked)
    assert "another label" in found.check


def test_a_champion_of_the_same_data_leaves_nothing_unchecked(settings: Settings) -> None:
    """Its ledger is today's, and its messages are."""
    champion: Any = SimpleNamespace(lineage=SimpleNamespace(data_revision=dvc.revision(settings.workspace)))
    run = run_of(settings, champion)
    corpus = fetch.fn(run, None)
    assert split.fn(run, corpus).unchecked == ()
    assert messages_of(run, corpus, champion) is None


def test_a_proof_of_older_code_counts_for_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that came with a later version of Ratchet is applied to data that was checked before it."""
    run = run_of(settings)
    corpus = fetch.fn(run, None)
    policy = settings.params.split
    validate.fn(run, corpus)
    split.fn(run, corpus)
    assert proofs.known_sides(settings.state, policy) is not None
    monkeypatch.setattr(proofs, "rules", lambda: "the next version")
    policies = (settings.params.validation, settings.params.corpus)
    assert proofs.known_report(settings.state, corpus.revision, *policies) is None
    assert proofs.known_sides(settings.state, policy) is None


@pytest.mark.parametrize("content", [b"", *map(exhaustive, [b"key\n", b"\xff\xfe\x00", b"a,b,c\n1,2,3,4\n"])])
def test_damaged_proofs_are_made_again(settings: Settings, content: bytes) -> None:
    """They cost time, not safety, and never a traceback."""
    run = run_of(settings)
    corpus = fetch.fn(run, None)
    split.fn(run, corpus)
    (file,) = (settings.state / "proved").glob("sides-*.csv")
    whole = file.read_bytes()
    file.write_bytes(content)
    split.fn(run, corpus)
    assert file.read_bytes() == whole


def test_a_load_test_sends_the_corpus_also_after_new_data_came(settings: Settings) -> None:
    """A run that took a newer commit leaves no data/: what data.dvc names is sent, not stock phrases."""
    before = sample(run_of(settings), 5)
    shutil.rmtree(settings.workspace / "data")
    assert sample(run_of(settings), 5) == before
    assert len(before) == 5


def test_a_load_test_without_a_corpus_says_so(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """Stock phrases test less, and nobody should believe otherwise."""
    shutil.rmtree(settings.workspace / "data")
    (settings.workspace / "data.dvc").unlink()
    assert sample(run_of(settings), 5) == []
    assert "stock phrases: data.dvc is missing" in capsys.readouterr().err


def all_held_out(settings: Settings, intent: str) -> None:
    """Make the ledger one in which all messages of an intent are held out, as older versions made them."""
    data, policy = settings.workspace / "data", settings.params.split
    messages = data_folder.read_messages(data, settings.params.corpus)
    book = data_folder.read_ledger(data, policy)
    mine = ledger.with_sides(messages, book, policy)
    keys_of_intent = keys(mine.loc[mine["intent"] == intent, "form"], policy.salt)
    put(settings, messages, book.assign(side=book["side"].mask(book["key"].isin(keys_of_intent), "test")))


def with_limits(settings: Settings, **limits: float) -> Settings:
    """The settings with other limits for a retirement."""
    params = settings.params
    gate = params.gate.model_copy(update={"retire": RetirePolicy.model_validate(limits)})
    return settings.model_copy(update={"params": params.model_copy(update={"gate": gate})})


def test_an_intent_whose_messages_are_all_held_out_stops_the_retrain(settings: Settings) -> None:
    """It is named, and the command that is named mends it; where that is refused, messages are asked for instead."""
    all_held_out(settings, "leave")
    run = run_of(settings)
    with pytest.raises(RatchetError, match=r"`leave` \(30 messages, 30 of them held out\)") as raised:
        validate.fn(run, fetch.fn(run, None))
    assert raised.value.remedy == "Ingest messages of leave that are worded differently."
    free = with_limits(settings, max_percent=100, min_holdout_rows=5)
    run = run_of(free)
    with pytest.raises(RatchetError) as raised:
        validate.fn(run, fetch.fn(run, None))
    assert raised.value.remedy == "Move them to training: `ratchet data retire leave`."
    before = load.fn(run)
    shown = plan(free, None, (before.frame, before.ledger), ["leave"], False)  # type: ignore[arg-type]
    planned, sides = retire.fn(run, before, ["leave"], False, "by hand", shown.digest)
    store.fn(run, before.frame, sides, {})
    report = validate.fn(run, fetch.fn(run, None))
    assert (planned.rows, [one.rule for one in report.warnings]) == (30, ["unjudged intents"])


def test_what_was_not_shown_is_not_retired(settings: Settings) -> None:
    """Another holdout than the one that a person agreed to, or a data/ that was edited: nothing moves."""
    run = run_of(with_limits(settings, max_percent=100, min_holdout_rows=1))
    before = load.fn(run)
    with pytest.raises(RatchetError, match="changed since the messages were shown"):
        retire.fn(run, before, ["leave"], False, "by hand", "another")
    path = settings.workspace / "data" / "utterances.csv"
    path.write_text(path.read_text() + "a message by hand,leave,me\n")
    with pytest.raises(RatchetError, match=r"was changed since data\.dvc was written"):
        retire.fn(run, load.fn(run), ["leave"], False, "by hand", "another")


def test_a_retirement_is_new_until_a_champion_has_it(settings: Settings) -> None:
    """Against an older champion the retired rows are named; against one of this data, none; without one, all."""
    old = dvc.revision(settings.workspace)
    run = run_of(with_limits(settings, max_percent=100, min_holdout_rows=1))
    before = load.fn(run)
    shown = plan(run.settings, None, (before.frame, before.ledger), ["leave"], False)  # type: ignore[arg-type]
    _, sides = retire.fn(run, before, ["leave"], False, "by hand", shown.digest)
    new = store.fn(run, before.frame, sides, {})

    def retired(revision: str | None, created_at: str = "") -> int:
        lineage = SimpleNamespace(data_revision=revision)
        champion = SimpleNamespace(lineage=lineage, created_at=created_at) if revision else None
        run = run_of(settings, champion)
        return len(split.fn(run, fetch.fn(run, None)).retired)

    assert (retired(old), retired(str(new)), retired(None)) == (shown.rows, 0, shown.rows)


def test_an_ingest_that_leaves_an_intent_untrained_is_refused_with_a_way_in(settings: Settings) -> None:
    """New texts that all lie near another intent's holdout; with that retired first, they are trained on."""
    free = with_limits(settings, max_percent=100, min_holdout_rows=1)
    run = run_of(free)
    before = load.fn(run)
    near = before.ledger.loc[before.ledger["side"] == "test", "key"].tolist()
    held = before.frame[[key(text, "test") in near for text in before.frame["text"]]]
    rows_ = held.loc[held["intent"] == "leave", "text"].tolist()[:3]
    texts = [f"{text}{letter}" for text in rows_ for letter in "qrst"]
    fresh = pd.DataFrame({"text": texts, "intent": "absence", "source": "new"}, dtype="str")
    reading = Reading(fresh.assign(place=[f"new.csv:{n}" for n in range(2, 14)]))
    taken = take.fn(run, before, reading, False, False)
    refused = cover.fn(run, before, taken, assign.fn(run, taken.merged.frame, before.ledger, None))
    assert not refused.accepted
    (error,) = refused.report.errors
    assert "`absence` (12 messages, 12 of them held out)" in error.sentence
    assert "`ratchet data retire leave`, and ingest again" in error.sentence
    shown = plan(free, None, (before.frame, before.ledger), ["leave"], False)  # type: ignore[arg-type]
    _, sides = retire.fn(run, before, ["leave"], False, "by hand", shown.digest)
    store.fn(run, before.frame, sides, {})
    before = load.fn(run)
    taken = take.fn(run, before, reading, False, False)
    assert cover.fn(run, before, taken, assign.fn(run, taken.merged.frame, before.ledger, None)).accepted
