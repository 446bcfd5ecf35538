"""New data alone that never ships.

A pipeline built and released whenever the code changed. Colleagues labelled messages for weeks, and none of it reached
a user, because no code had changed.
"""

from __future__ import annotations

import pytest
import yaml

from ratchet.adapters.triggers import follow
from ratchet.domain.operations import triggers
from tests.e2e.cli import ROOT
from tests.e2e.incidents.team import NEW_INTENT, Team, answers_of

pytestmark = pytest.mark.e2e


def test_a_pipeline_that_looks_at_code_sees_nothing(team: Team) -> None:
    """The old way: between the two commits no file of the code changed."""
    assert team.git("diff", "--name-only", *team.commits, "--", "bot", "deployments", "params.yaml") == ""


def test_new_data_starts_a_retrain(team: Team) -> None:
    """The same step is one event, and it starts a retrain on the newest data; a schedule does so in any case."""
    before, after = team.commits
    (event,) = triggers.events(follow.compare(team.settings, before, after))
    assert (event.name, event.payload["code"]) == (triggers.DATA_CHANGED, "no")
    assert answers_of(event) == ["retrain/retrain-on-data-change"]
    deployments = yaml.safe_load((ROOT / "deployments" / "prefect.yaml").read_text())["deployments"]
    weekly = next(one for one in deployments if one["name"] == "retrain-weekly")
    assert weekly["schedules"]
    assert weekly["parameters"]["revision"] == "HEAD"


def test_the_new_intent_reached_people(team: Team) -> None:
    """The data was all that changed, and the bot now understands what it did not know before."""
    first, live = team.models()[0], team.live()
    assert NEW_INTENT not in first.intents
    assert live.lineage.code_hash == first.lineage.code_hash
    assert team.say("a visitor is coming tomorrow, please register her")["intent"]["name"] == NEW_INTENT
