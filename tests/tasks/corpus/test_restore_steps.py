"""Going back to older messages, on real data in Git and a real DVC remote."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ratchet.adapters.corpus import dry_run, dvc, following, ledger_history
from ratchet.adapters.readers.reading import Columns
from ratchet.adapters.settings import load_settings
from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.restoration import OlderData
from ratchet.domain.errors import RatchetError
from tasks.corpus.fetch import fetch
from tasks.corpus.load import load
from tests.corpora import data_workspace, git, rows
from tests.tasks.older_data import FIRST, MORE, WAYS, Team, messages, revert, revert_with_data
from tests.tiers import exhaustive, tiers

pytestmark = pytest.mark.e2e  # real Git, a real DVC remote


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """The team, with the second commit checked out; made once."""
    made = Team(data_workspace(tmp_path_factory.mktemp("made") / "bot-team"))
    made.first = made.put(messages(*FIRST))
    made.second = made.put(messages(*FIRST, MORE))
    return made


@pytest.fixture
def team(made: Team, tmp_path: Path) -> Team:
    """A copy of the team for each test."""
    shutil.copytree(made.workspace, tmp_path / "bot-team", symlinks=True)
    return Team(load_settings(tmp_path / "bot-team", target="process"), made.first, made.second)


@pytest.mark.parametrize("way", tiers(WAYS, lambda way: way in WAYS[:2]))
def test_a_retrain_on_older_data_names_the_command_that_works(
    team: Team, way: Callable[[Team], None]
) -> None:
    """However data.dvc got older: following the remedy to the letter leads to a split under the newest ledger."""
    way(team)
    with pytest.raises(OlderData) as refused:
        team.retrain()
    assert "lack" in refused.value.fact or "20 are gone" in refused.value.fact
    done = team.follow(refused.value)
    assert (done.changed, done.messages, done.carried, done.placed, done.left_out) == (True, 60, 20, 0, 0)
    older, _ = team.stored(team.first)
    now, sides = team.stored(done.revision)
    assert now.equals(older)
    assert sides.equals(team.stored(team.second)[1])
    assert dvc.pushed(team.workspace, done.revision)
    assert git(team.workspace, "status", "--porcelain") == ""
    split_now = team.retrain()
    assert len(split_now.train) + len(split_now.holdout) == 60
    assert split_now.unchecked == ()


@pytest.mark.parametrize("way", tiers(WAYS[:3], lambda way: way is WAYS[0]))
def test_an_ingest_and_a_validation_on_older_data_name_it_too(
    team: Team, way: Callable[[Team], None]
) -> None:
    """New messages would get their sides under the older ledger; after the restore they get them under the newest."""
    way(team)
    columns = Columns("text", "intent", {})
    with pytest.raises(OlderData):
        dry_run.check(team.settings, [], columns, review=False)
    with pytest.raises(OlderData) as refused:
        load.fn(team.run)  # type: ignore[attr-defined]
    done = team.follow(refused.value)
    assert load.fn(team.run).revision == done.revision  # type: ignore[attr-defined]
    assert dry_run.check(team.settings, [], columns, review=False).ok


def test_messages_that_come_back_after_a_restore_have_the_side_that_they_had(team: Team) -> None:
    """What was taken out on purpose and returns later was placed once, for ever."""
    revert(team)
    done = team.restore(team.first)
    _, sides = team.stored(done.revision)
    again = ledger.assign(messages(*FIRST, MORE), sides, team.policy, "2027-01-01")
    assert again.equals(team.stored(team.second)[1])


def test_a_restore_of_what_is_there_changes_nothing(team: Team) -> None:
    """Twice is fine, by a Git revision, a whole hash or the start of one."""
    revert(team)
    first = team.restore("HEAD")
    for wanted in (team.first, team.first[:12], first.revision.removesuffix(".dir"), "HEAD~1"):
        again = team.restore(wanted)
        assert (again.changed, again.revision) == (False, first.revision)


def test_data_that_was_never_released_may_be_taken_back_without_a_word_from_a_retrain(team: Team) -> None:
    """The champion's ledger is whole in it: there is nothing that a retrain could get wrong."""
    revert_with_data(team)
    team.second, second = team.first, team.second
    assert len(team.retrain().train) > 0
    with pytest.raises(
        OlderData
    ):  # an ingest could: the ledger of `second` has sides for what may come again
        load.fn(team.run)  # type: ignore[attr-defined]
    assert team.restore(team.first).ledger == second


def made_anew(team: Team) -> str:
    """A ledger in which every side is another."""
    frame, sides = team.stored(team.second)
    swapped = sides.assign(side=sides["side"].map({"train": "test", "test": "train"}))
    return team.put(frame, swapped)


def straddling(team: Team) -> str:
    """A near-duplicate on the other side than its like."""
    frame, sides = team.stored(team.second)
    near = frame[:1].assign(text=frame["text"][0][:-1] + "z")
    grown = pd.concat([frame, near], ignore_index=True)
    added = ledger.assign(grown, sides, team.policy, "2026-01-02")
    wrong = "test" if added["side"].iloc[-1] == "train" else "train"
    return team.put(grown, pd.concat([sides, added[-1:].assign(side=wrong)]))


def without_side(team: Team) -> str:
    """Messages that somebody put under DVC by hand."""
    frame, sides = team.stored(team.second)
    return team.put(pd.concat([frame, messages(rows("laptop", 5, start=300))], ignore_index=True), sides)


@pytest.mark.parametrize("spoil", [exhaustive(made_anew), straddling, exhaustive(without_side)])
def test_every_split_that_cannot_be_trusted_has_a_way_out(team: Team, spoil: Callable[[Team], str]) -> None:
    """The remedy works for a ledger made anew, a straddling pair and messages without a side."""
    spoil(team)
    with pytest.raises(OlderData, match="cannot be trusted") as refused:
        team.retrain()
    team.follow(refused.value)
    assert len(team.retrain().train) > 0


def test_a_ledger_that_is_lost_is_named_and_does_not_stand_in_the_way(
    team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    """After `dvc gc` the newest that is left is taken, and what could not be looked at is said."""
    revert_with_data(team)
    forget(team, team.second)
    assert load.fn(team.run).revision == team.first  # type: ignore[attr-defined]
    assert "came later, and is lost" in " ".join(capsys.readouterr().err.split())
    report = dry_run.check(team.settings, [], Columns("text", "intent", {}), review=False)
    assert [one.rule for one in report.warnings] == ["older data"]
    done = team.restore("HEAD")
    assert (done.changed, done.ledger) == (False, team.first)
    assert team.second in done.unread


def forget(team: Team, revision: str) -> None:
    """Take a data revision out of cache and remote, as `dvc gc` does."""
    name = revision.removesuffix(".dir")
    for place in (".dvc/cache", ".ratchet/remote"):
        (team.workspace / place / "files" / "md5" / name[:2] / f"{name[2:]}.dir").unlink()
    shutil.rmtree(team.settings.state / "data" / name, ignore_errors=True)


@pytest.mark.parametrize("step", [lambda run: fetch.fn(run, None), lambda run: load.fn(run)])
def test_data_that_is_lost_has_a_way_back(team: Team, step: Any) -> None:
    """A forgotten `dvc push`: the remedy names the newest revision that there is, and works."""
    forget(team, team.second)
    shutil.rmtree(team.workspace / "data")
    with pytest.raises(RatchetError, match="neither in this machine's cache") as refused:
        step(team.run)
    assert team.follow(refused.value).messages == 60
    assert len(load.fn(team.run).frame) == 60  # type: ignore[attr-defined]


def test_changes_by_hand_are_not_lost(team: Team) -> None:
    """The error says how to keep or drop them, and the restore works after that."""
    path = team.workspace / "data" / "utterances.csv"
    path.write_text(path.read_text() + "may i bring my dog,leave,x\n")
    with pytest.raises(RatchetError, match="changed by hand") as refused:
        team.restore("HEAD~1")
    assert "dog" in path.read_text()
    assert "`ratchet data reset`" in refused.value.remedy
    _, aside = following.put_aside(team.workspace)
    assert aside is not None
    assert "dog" in (aside / "data" / "utterances.csv").read_text()
    assert team.restore("HEAD~1").messages == 60


@pytest.mark.parametrize("wanted", ["no-such", "0" * 12, "abc"])
def test_what_names_no_data_is_refused(team: Team, wanted: str) -> None:
    """Neither in Git nor a hash of a known revision."""
    with pytest.raises(RatchetError, match="No data revision is named"):
        team.restore(wanted)


def test_the_history_keeps_its_order_through_merges_and_reverts(team: Team) -> None:
    """A revision has the place where it came first; one that a merge made is the newest."""
    git(team.workspace, "checkout", "-qb", "other", "HEAD~1")
    shutil.rmtree(team.workspace / "data")
    dvc.materialise(team.workspace, team.first, team.workspace / "data")
    third = team.put(messages(*FIRST, rows("laptop", 5, start=200)))
    git(team.workspace, "checkout", "-q", "-f", "-")
    git(team.workspace, "merge", "-q", "-s", "ours", "--no-commit", "other")
    fourth = team.put(messages(*FIRST, MORE, rows("laptop", 5, start=200)), message="Merge")
    found = ledger_history.introduced(team.workspace)
    assert (found[0], found[-1], set(found)) == (fourth, team.first, {team.first, team.second, third, fourth})
    git(team.workspace, "checkout", "HEAD~1", "--", "data.dvc")
    git(team.workspace, "commit", "-qm", "Back")
    assert ledger_history.introduced(team.workspace) == found
