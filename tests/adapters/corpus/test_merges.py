"""Two people's data come together with real Git and DVC, however they meet, and whenever the merge is killed."""

from __future__ import annotations

import importlib
import multiprocessing
import re
from pathlib import Path

import pandas as pd
import pytest

from ratchet.adapters.corpus import data_folder, dvc, following, ledger_history, merges, merging
from ratchet.adapters.system import git_state
from ratchet.domain.corpus.questions import NONE, Answers, Choice
from ratchet.domain.errors import RatchetError
from tests.adapters.killed_store import die_around
from tests.clones import Clone, team
from tests.corpora import rows
from tests.tasks.older_data import Team
from tests.tiers import tiers

pytestmark = pytest.mark.e2e

MINE, YOURS = rows("leave", 8, start=100), rows("laptop", 8, start=200)


def texts(*parts: list[dict[str, str]]) -> set[str]:
    """The texts of rows."""
    return {row["text"] for part in parts for row in part}


def apart(folder: Path, with_driver: bool = False) -> tuple[Clone, Clone]:
    """Two clones, each with an ingest of its own; the other's is pushed."""
    one, other = team(folder, with_driver=with_driver)
    other.ingest(YOURS)
    other.git("push", "-q")
    one.ingest(MINE)
    return one, other


def test_a_pull_with_a_conflict_is_resolved_by_one_command(tmp_path: Path) -> None:
    """No driver was set up: Git reports a conflict, `data merge` needs no question, commits and pushes the data."""
    one, other = apart(tmp_path)
    assert one.try_git("pull", "-q") != 0
    with pytest.raises(dvc.Conflicted, match="two people changed the data"):
        following.look(one.workspace)
    done = one.merge()
    assert (done.state, done.questions) == ("merged", ())
    assert one.clean()
    assert texts(MINE, YOURS) <= one.texts()
    assert len(one.texts()) == 76
    message = one.git("log", "-1", "--format=%B")
    assert "8 messages in from one clone, 8 from the other" in message
    assert len(one.git("log", "-1", "--format=%P").split()) == 2
    assert one.merge().state == "nothing"
    one.git("push", "-q")
    other.git("pull", "-q")
    assert following.bring_along(other.workspace)
    assert other.texts() == one.texts()
    assert other.clean()


def test_with_the_driver_a_pull_merges_by_itself_and_data_follows(tmp_path: Path) -> None:
    """`git pull` ends with a merge commit; the next command brings data/ along."""
    one, _ = apart(tmp_path, with_driver=True)
    one.git("pull", "-q", "--no-edit")
    assert one.git("status", "--porcelain") == ""
    assert following.look(one.workspace).local is following.Local.BEHIND
    following.bring_along(one.workspace)
    assert one.clean()
    assert texts(MINE, YOURS) <= one.texts()


@pytest.mark.long
def test_both_ways_come_to_the_same_revision(tmp_path: Path) -> None:
    """Whoever merges, with whichever clone: the data revision is the same."""
    one, other = apart(tmp_path)
    one.try_git("pull", "-q")
    other.git("fetch", "-q", str(one.workspace), "HEAD")
    here, there = one.merge(), other.merge(wanted="FETCH_HEAD")
    assert here.revision == there.revision
    assert other.clean()


@pytest.mark.parametrize("with_driver", tiers([False, True], bool))
def test_a_rebase_is_resolved_too(tmp_path: Path, with_driver: bool) -> None:
    """Two commits of data on top of another's: each stop is merged, and the rebase ends.

    With the driver there is a stop where there is a question; what Git then goes on with does not wait for the lock.
    """
    one, other = team(tmp_path, with_driver=with_driver)
    text = rows("leave", 1)[0]["text"]
    other.ingest(YOURS)
    other.relabel(text, "laptop")
    other.git("push", "-q")
    one.relabel(text, "holiday")
    one.ingest(rows("leave", 3, start=300))
    assert one.try_git("pull", "-q", "--rebase") != 0
    assert one.merge().state == "asked"
    assert one.merge(Answers({}, Choice.OURS)).state == "merged"
    assert git_state.operation(one.workspace) == ""
    assert one.clean()
    frame = one.version().frame.set_index("text")
    assert (len(frame), frame.loc[text, "intent"]) == (71, "laptop")
    assert one.git("rev-list", "--count", "--merges", "HEAD") == "0"


def test_questions_are_listed_and_answered_in_a_file(tmp_path: Path) -> None:
    """A message that both labelled: nothing is changed, the file is filled in, and the merge is committed."""
    one, other = team(tmp_path)
    text, removed = rows("leave", 2)[0]["text"], rows("leave", 2)[1]["text"]
    other.relabel(text, "laptop")
    other.relabel(removed, "laptop")
    other.git("push", "-q")
    one.relabel(text, "holiday")
    one.remove(removed)
    assert one.try_git("pull", "-q") != 0
    before = (one.workspace / "data.dvc").read_text()
    asked = one.merge()
    assert asked.state == "asked"
    assert {(one.kind, one.ours, one.theirs) for one in asked.questions} == {
        ("label", "holiday", "laptop"),
        ("removed", "", "laptop"),
    }
    assert (one.workspace / "data.dvc").read_text() == before
    path = Path(asked.file)
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    table.assign(answer=["theirs" if row == "removed" else "leave" for row in table["question"]]).to_csv(
        path, index=False
    )
    done = one.merge(merging.read_answers(path, None))
    assert (done.state, done.account and done.account.answered) == ("merged", 2)
    frame = one.version().frame.set_index("text")
    assert (frame.loc[text, "intent"], frame.loc[removed, "intent"]) == ("leave", "laptop")
    assert one.clean()
    assert not path.exists()


@pytest.mark.long
def test_other_files_in_conflict_are_named_and_wait(tmp_path: Path) -> None:
    """The data is merged; what a person has to resolve is listed, and the same command then commits."""
    one, other = team(tmp_path)
    for clone, text in ((other, "theirs"), (one, "ours")):
        (clone.workspace / "bot" / "config.yml").write_text(f"pipeline: [{text}]\n")
        clone.git("commit", "-qam", "Bot")
        clone.ingest(YOURS if text == "theirs" else MINE)
    other.git("push", "-q")
    assert one.try_git("pull", "-q") != 0
    done = one.merge()
    assert (done.state, done.left) == ("waits", ("bot/config.yml",))
    (one.workspace / "bot" / "config.yml").write_text("pipeline: [both]\n")
    one.git("add", "bot/config.yml")
    assert one.merge().state == "merged"
    assert one.clean()
    assert texts(MINE, YOURS) <= one.texts()


def test_a_merge_that_took_one_side_is_found_and_mended(tmp_path: Path) -> None:
    """As a web page, or `git checkout --ours`, resolves it: the other's messages are missed, and brought in."""
    one, _ = apart(tmp_path)
    one.try_git("pull", "-q")
    one.git("checkout", "--ours", "data.dvc")
    one.git("add", "data.dvc")
    one.git("commit", "-qm", "Merge in the browser")
    with pytest.raises(RatchetError, match="kept the data of one side: 8 texts of the other") as raised:
        one.ingest(rows("leave", 2, start=400))
    assert "`ratchet data merge`" in raised.value.remedy
    assert one.merge().state == "merged"
    assert texts(MINE, YOURS) <= one.texts()
    assert one.clean()
    one.ingest(rows("leave", 2, start=400))


def test_data_that_a_merge_left_out_on_purpose_stays_out(tmp_path: Path) -> None:
    """`git merge -s ours`: the way out that the refusal names is followed to the letter, and nothing is stuck."""
    one, _ = apart(tmp_path)
    one.git("fetch", "-q")
    one.git("merge", "-q", "-s", "ours", "-m", "Theirs is wrong", "@{upstream}")
    kept = one.texts()
    with pytest.raises(RatchetError, match="kept the data of one side") as raised:
        ledger_history.require_both_sides(one.settings, "`ratchet retrain`")
    command = re.findall(r"`ratchet data restore (\w+) --commit`", raised.value.remedy)
    assert one.merge().state == "merged"
    Team(one.settings).restore(command[0])
    ledger_history.require_both_sides(one.settings, "`ratchet retrain`")
    assert one.texts() == kept
    assert one.clean()


@pytest.mark.long
def test_a_named_branch_is_merged_data_and_code(tmp_path: Path) -> None:
    """`ratchet data merge origin/main`."""
    one, other = apart(tmp_path)
    (other.workspace / "bot" / "config.yml").write_text("pipeline: [new]\n")
    other.git("commit", "-qam", "Bot")
    other.git("push", "-q")
    one.git("fetch", "-q")
    branch = one.git("rev-parse", "--abbrev-ref", "HEAD")
    assert one.merge(wanted=f"origin/{branch}").state == "merged"
    assert (one.workspace / "bot" / "config.yml").read_text() == "pipeline: [new]\n"
    assert one.clean()
    assert texts(MINE, YOURS) <= one.texts()


@pytest.mark.long
def test_synonyms_of_both_come_in(tmp_path: Path) -> None:
    """By name and example; a file of the team's own that one side added comes along."""
    one, other = team(tmp_path)
    for clone, name in ((one, "pc"), (other, "notebook")):
        extras = clone.workspace / "data" / "extras"
        if not (clone.workspace / "data").exists():
            following.bring_along(clone.workspace)
        extras.mkdir(parents=True)
        (extras / f"{name}.yml").write_text("nlu: []\n")
        data_folder.nlu_extras.write_extras(extras / "synonym.yml", "synonym", {"laptop": [name]})
        clone.ingest(MINE if clone is one else YOURS)
    other.git("push", "-q")
    one.try_git("pull", "-q")
    assert one.merge().state == "merged"
    extras = one.workspace / "data" / "extras"
    assert data_folder.nlu_extras.read_extras(extras / "synonym.yml") == {
        "synonym": {"laptop": ["notebook", "pc"]}
    }
    assert (extras / "pc.yml").exists()
    assert (extras / "notebook.yml").exists()


POINTS = [
    ("ratchet.adapters.corpus.merging:write", "after"),
    ("ratchet.adapters.corpus.merging:store", "before"),
    ("ratchet.adapters.corpus.dvc:add", "after"),
    ("ratchet.adapters.corpus.dvc:push", "after"),
    ("ratchet.adapters.corpus.uncommitted:note", "after"),
    ("ratchet.adapters.corpus.dvc:write_pointer", "before"),
    ("ratchet.adapters.corpus.dvc:write_pointer", "after"),
    ("ratchet.adapters.corpus.data_folder:move", "after"),
    ("ratchet.adapters.corpus.data_folder:install", "after"),
    ("ratchet.adapters.corpus.data_folder:swap", "after"),
    ("ratchet.adapters.corpus.merges:finish", "before"),
    ("ratchet.adapters.corpus.merges:conclude", "before"),
    ("ratchet.adapters.system.git:record", "before"),
    ("ratchet.adapters.system.git:record", "after"),
]
USUAL = {"write_pointer", "record", "conclude"}


def merge_and_die(clone: Clone, point: str, when: str) -> None:
    """Merge, and be killed at a point."""
    module, _, name = point.partition(":")
    owner = importlib.import_module(module)
    setattr(owner, name, die_around(getattr(owner, name), when))
    merges.merge(clone.settings, NONE, None, lambda text: None)


@pytest.mark.parametrize(
    "at", tiers(POINTS, lambda one: one[0].rpartition(":")[2] in USUAL and one[1] == "after")
)
def test_killed_anywhere_the_same_command_ends_the_merge(tmp_path: Path, at: tuple[str, str]) -> None:
    """After a kill at each step, `data merge` comes to the same revision, committed once."""
    point, when = at
    one, _ = apart(tmp_path)
    one.try_git("pull", "-q")
    process = multiprocessing.get_context("fork").Process(target=merge_and_die, args=(one, point, when))
    process.start()
    process.join()
    assert process.exitcode == -9
    done = one.merge()
    assert done.state == ("nothing" if at == POINTS[-1] else "merged")
    assert one.clean()
    assert texts(MINE, YOURS) <= one.texts()
    assert len(one.texts()) == 76
    assert one.git("rev-list", "--count", "--merges", "HEAD") == "1"


@pytest.mark.long
def test_one_answer_for_all_and_what_is_left_out_is_kept_in_a_file(tmp_path: Path) -> None:
    """With --skip a message that is new to both stays out, and lies in a file that can be taken in later."""
    one, other = team(tmp_path)
    (new,) = rows("new", 1)
    other.ingest([{**new, "intent": "laptop"}])
    other.git("push", "-q")
    one.ingest([{**new, "intent": "leave"}])
    one.try_git("pull", "-q")
    done = one.merge(Answers({}, Choice.SKIP))
    assert done.state == "merged"
    assert new["text"] not in one.texts()
    assert set(pd.read_csv(done.skipped)["intent"]) == {"leave", "laptop"}
