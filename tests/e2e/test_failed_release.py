"""A model that the gate promoted and whose release fails: who is told, where it stands, and the way on.

The tests of this file go through one story of one workspace, in their order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows.monitor import once
from ratchet.adapters.prefect import server
from ratchet.adapters.registry.mlflow import Registry
from tests.e2e.cli import ROOT
from tests.e2e.kills.admission import make
from tests.e2e.kills.patient import Patient
from tests.e2e.service import Api
from tests.fakes.receiver import Receiver, receiving

pytestmark = [pytest.mark.e2e, pytest.mark.long]
RIGHT, WRONG = "Starting order laptop", "Your laptop is here"


@dataclass
class Story:
    """The workspace, and whoever takes its alerts."""

    patient: Patient
    receiver: Receiver

    @property
    def conversations(self) -> Path:
        return self.patient.workspace / "bot" / "tests" / "conversations" / "small.yml"

    def expect(self, old: str, new: str) -> None:
        """Change what a written conversation expects of the bot."""
        text = self.conversations.read_text(encoding="utf-8")
        assert old in text
        self.conversations.write_text(text.replace(old, new), encoding="utf-8")

    @property
    def api(self) -> Api:
        url = server.running_url(self.patient.settings)
        assert url is not None
        return Api(url)

    def newest(self, flow: str) -> dict[str, Any]:
        """The newest run of a flow."""
        body = {"sort": "START_TIME_DESC", "limit": 1, "flows": {"name": {"any_": [flow]}}}
        (run,) = self.api.ask("/flow_runs/filter", body)
        return dict(run)

    def waiting(self) -> Any:
        """What `ratchet status` says of a model that is not live."""
        return self.patient.ratchet.json("status")["waiting"]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A workspace without any release, whose bot does not say what is expected of it."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    with receiving() as receiver:
        made = make(tmp_path_factory.mktemp("failed") / "bot", RATCHET_ALERT_URLS=receiver.url)
        found = Story(made, receiver)
        found.expect(RIGHT, WRONG)
        try:
            yield found
        finally:
            made.ratchet("stop")


def test_whoever_retrains_is_told_the_next_step(story: Story) -> None:
    """Beside what failed and where to look."""
    said = story.patient.ratchet("retrain", code=1)
    assert "conversation" in said
    assert "`ratchet release` tries again." in said


def test_verdict_report_and_registry_entry_are_there(story: Story) -> None:
    """They were published before the release was tried; the run has failed all the same."""
    run = story.newest("retrain")
    assert (run["state_type"], run["state_name"]) == ("FAILED", "Failed")
    assert run["name"].endswith("promote")
    artifacts = story.api.ask("/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run["id"]]}}})
    assert {"verdict", "summary"} <= {artifact["key"] for artifact in artifacts}
    registry = Registry(story.patient.settings)
    (model,) = registry.models()
    assert model.decision == "promote"
    assert Path(model.report).exists()
    assert registry.live() is None


def test_status_says_that_it_is_promoted_and_not_live(story: Story) -> None:
    """With the reason, for people and for machines."""
    said = " ".join(story.patient.ratchet("status").split())
    assert "waiting version 1: promoted, not live: its release failed; `ratchet release` tries again" in said
    assert "release of version 1 failed at stage: The release does not answer" in said
    assert said.endswith(" `ratchet release` tries again.")
    waiting = story.waiting()
    assert (waiting["version"], waiting["by"], waiting["busy"]) == ("1", "", False)
    assert WRONG in waiting["why"]
    assert waiting["sentence"].endswith("; `ratchet release` tries again")


def test_history_has_the_attempt(story: Story) -> None:
    """The retrain's, with the step that failed and the run that it is of."""
    (failed,) = story.patient.ratchet.json("history")["attempts"]
    assert (failed["verb"], failed["step"], failed["version"]) == ("release", "stage", "1")
    assert (failed["flow"], failed["run"]) == ("retrain", story.newest("retrain")["id"])
    assert failed["release"]
    assert WRONG in failed["reason"]


def test_an_alert_says_it_in_its_first_line(story: Story) -> None:
    """Reason and next step, at the first look."""
    once(str(story.patient.workspace))
    assert story.receiver.told() == [("begin", "retrain failed")]
    first = story.receiver.posts[0]["message"].splitlines()[0]
    assert "The release does not answer as bot/tests/conversations says" in first
    assert WRONG in first
    assert first.endswith("`ratchet release` tries again.")


def test_the_remedy_works(story: Story) -> None:
    """What failed is put right, and the command that every message named brings the version out."""
    story.expect(WRONG, RIGHT)
    done = story.patient.ratchet.json("release")
    assert done["model_version"] == "1"
    assert story.newest("release")["state_name"] == "Released"
    assert story.waiting() is None


def test_the_incident_is_over_with_the_release_that_goes_live(story: Story) -> None:
    """Only that had failed of the retrain; the attempt is no longer the last word, and stays in the history."""
    for _ in range(2):
        once(str(story.patient.workspace))
    assert story.receiver.told() == [("begin", "retrain failed"), ("end", "retrain failed")]
    assert story.patient.ratchet.json("status")["last_attempt"] is None
    assert len(story.patient.ratchet.json("history")["attempts"]) == 1


def test_nothing_new_is_a_success_and_is_called_so(story: Story) -> None:
    """The next retrain goes through."""
    assert story.patient.ratchet.json("retrain")["outcome"] == "unchanged"
    run = story.newest("retrain")
    assert (run["state_type"], run["state_name"]) == ("COMPLETED", "Nothing new")


def test_outcomes_of_release_and_override_are_names_of_states(story: Story) -> None:
    """Live already is nothing new; a person's no is a rejection, whose caller gets an answer all the same."""
    assert "Already live: release" in story.patient.ratchet("release")
    assert len(story.patient.ratchet.json("history")["attempts"]) == 1
    assert story.newest("release")["state_name"] == "Nothing new"
    said = story.patient.ratchet("reject", "1", "--by", "Ana", "--reason", "wrong answers")
    assert "is rejected by Ana" in said
    assert story.newest("override")["state_name"] == "Rejected"
