"""Data changed without code, and nobody knew why.

The bot's quality moved from one build to the next although nobody had touched the code. The code's history showed one
changed hash in a pointer file and no word about the messages behind it. Quality changes when the data changes, so
what came, went and was relabelled has to be as easy to read as a diff of the code.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.incidents.team import MISTAKEN, NEW_INTENT, SPOILT, WEEK, Team

pytestmark = pytest.mark.e2e


def test_git_alone_says_nothing(team: Team) -> None:
    """The old way: a quarter more data, a new intent, and the diff is a few lines of hash and size."""
    before, after = team.commits
    assert team.git("diff", "--name-only", before, after) == "data.dvc"
    assert NEW_INTENT not in team.git("diff", before, after)


def test_the_diff_of_the_data_names_messages_and_intents(team: Team) -> None:
    """What came in between two commits, by intent."""
    said = team.ratchet.json("data", "diff", *team.commits)
    intents = {row["intent"]: row for row in said["counts"]["intents"]}
    assert intents[NEW_INTENT]["before"] == 0
    assert intents[NEW_INTENT]["added"] == intents[NEW_INTENT]["after"] == WEEK


def test_each_model_says_what_it_came_from(team: Team) -> None:
    """First and third model differ in their data and in nothing else; that is in the registry for ever."""
    first, _, third = (model.lineage for model in team.models()[:3])
    assert first.data_revision != third.data_revision
    assert (first.code_hash, first.lock_hash, first.seed) == (third.code_hash, third.lock_hash, third.seed)


def test_the_report_says_why_accuracy_moved(team: Team) -> None:
    """The rejected week names the intent, counts the new labels, and blames the data."""
    _, rejected, released = team.summaries
    page = Path(rejected["report"]).read_text(encoding="utf-8")
    assert "Rejected: the champion stays" in page
    assert "Why accuracy moved" in page
    assert "with a new label" in page
    assert f"<code>{SPOILT}</code>" in page
    assert any(f"`{SPOILT}`" in reason for reason in rejected["reasons"])
    assert "Why accuracy moved" in Path(released["report"]).read_text(encoding="utf-8")
    assert MISTAKEN in page
