"""Rollback to a version that never was live.

A release went wrong, and the person on call took 'the version before': one less than the number in service. That one
had been built, found bad and never been released, and now it talked to everybody. Which version had been live before
stood nowhere.
"""

from __future__ import annotations

import pytest

from tests.e2e.incidents.team import Team

pytestmark = pytest.mark.e2e


def test_the_number_before_is_a_rejected_model(team: Team) -> None:
    """The old way: one less than the live version is the model of the confused labels."""
    before = int(team.live().model_version) - 1
    model = team.registry.model(str(before))
    assert model.decision == "reject"
    assert model.version not in {release.model_version for release in team.registry.releases()}


def test_a_rollback_goes_to_what_was_live(team: Team) -> None:
    """Without a name to the release before; to anything that never was live not at all, with a list of what was."""
    live = team.live()
    rejected = str(int(live.model_version) - 1)
    said = team.ratchet("rollback", "--to", rejected, code=1)
    assert f"Release {rejected} never was live" in said
    assert live.id in said
    assert str(live.previous) in said
    assert team.live().id == live.id
    team.ratchet("rollback")
    assert team.live().id == live.previous
    assert team.say("hello")["release"] == live.previous
