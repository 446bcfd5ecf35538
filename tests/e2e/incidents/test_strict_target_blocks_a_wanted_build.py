"""Strict target blocks a wanted build.

A team promised 80% and a point more each week for ten weeks, and its build failed below that. Builds with exactly what
the client had asked for could not be released, because they were just under the week's target; what is left then is
to lower the number in the script by hand, for everybody and for ever.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.incidents.team import Team

pytestmark = pytest.mark.e2e


def test_a_strict_target_can_be_set_and_a_person_stands_above_it(team: Team) -> None:
    """The old way, as policy, rejects; an approval releases that one model, by name, with a reason and an end."""
    for key, value in {"seed": 7, "start_percent": 99, "compare": "point", "on_miss": "reject"}.items():
        team.change("params.yaml", rf"^  {key}: .*$", f"  {key}: {value}")
    team.change("params.yaml", r"^  floor_margin_points: .*$", "  floor_margin_points: 50")
    summary = team.ratchet.json("retrain")
    assert summary["outcome"] == "rejected"
    assert any("99.0%" in reason for reason in summary["reasons"])
    assert team.answers()  # the release before goes on

    version = summary["model_version"]
    team.ratchet("approve", version, "--by", "Ana", "--reason", "the client wants it", "--expires", "1d")
    live = team.live()
    assert live.model_version == version
    assert live.override is not None
    assert (live.override["by"], live.override["reason"]) == ("Ana", "the client wants it")
    assert team.ratchet.json("status")["manifest"]["override"]["by"] == "Ana"
    assert team.say("hello")["release"] == live.id
    assert (version, "Ana") in {
        (one["version"], one["by"]) for one in team.ratchet.json("history")["overrides"]
    }
    (page,) = team.settings.state.glob(
        f"artifacts/*/{team.registry.model(version).run_id}/artifacts/report.html"
    )
    for shown in (page, Path(summary["report"])):
        assert "Ana decided “promote”" in shown.read_text(encoding="utf-8")


def test_as_it_comes_a_missed_target_warns(team: Team) -> None:
    """Week 3 was released below 99%, too: without the strict rule a target is there to stretch for."""
    released = team.summaries[-1]
    assert released["accuracy"] < 0.99
    assert released["outcome"] == "released"
    assert team.settings.params.ramp.on_miss == "warn"
