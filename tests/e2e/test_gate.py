"""A person's part in the gate: what it rejected is released with an approval alone, of that model and while it lasts.

The team of the museum has a rejected model: half of an intent's labels were wrong. That verdict and report name the
intent is proved in `incidents/test_data_changed_without_code_and_nobody_knew_why.py`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ratchet.domain.gate.override import Override, make
from tests.e2e.incidents.team import Team

pytestmark = pytest.mark.e2e


@pytest.fixture
def rejected(team: Team) -> str:
    """The version of the week of confused labels."""
    version = str(team.summaries[1]["model_version"])
    assert team.registry.model(version).decision == "reject"
    return version


def approved(team: Team, version: str, since: timedelta, expires: str) -> Override:
    """An approval as `ratchet approve` stored it a while ago."""
    model = team.registry.model(version)
    when = datetime.now(UTC) - since
    return make(
        model_sha256=model.sha256, version=version, by="Mira", reason="demo", expires=expires, now=when
    )


def test_without_an_override_it_is_not_released(team: Team, rejected: str) -> None:
    """Nor with one that lacks a reason."""
    before = team.live().id
    assert "no one has approved it" in team.ratchet("release", rejected, code=1)
    assert "needs a reason" in team.ratchet("approve", rejected, "--by", "Mira", "--reason", " ", code=2)
    assert team.live().id == before


def test_an_override_of_other_bytes_is_refused(team: Team, rejected: str) -> None:
    """An approval is bound to a digest: of another file it says nothing."""
    override = approved(team, rejected, timedelta(minutes=1), "7d")
    team.registry.set_override(replace(override, model_sha256="0" * 64))
    assert "is for the model 000000000000" in team.ratchet("release", rejected, code=1)
    assert team.live().model_version != rejected


def test_an_expired_override_is_refused(team: Team, rejected: str) -> None:
    """An hour ago, for a minute: the model is no longer allowed."""
    team.registry.set_override(approved(team, rejected, timedelta(hours=1), "1m"))
    assert "expired at" in team.ratchet("release", rejected, code=1)
    assert team.live().model_version != rejected


def test_a_rejection_stops_a_model_that_the_gate_promoted(team: Team) -> None:
    """A person's no stands above the gate's yes."""
    first = team.models()[0]
    assert first.decision == "promote"
    team.ratchet("reject", first.version, "--by", "Mira", "--reason", "rude answers")
    assert f"Mira rejected version {first.version}: rude answers" in team.ratchet(
        "release", first.version, code=1
    )
