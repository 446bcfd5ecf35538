"""Code change that triggers hours of training.

The model was trained within the build. As the data grew a build took hours, also the one that corrected a comma in an
answer; so the team trained weekly, and made machine learning a service of its own.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ratchet.adapters.bot import bot_code
from ratchet.adapters.triggers import follow
from ratchet.domain.operations import triggers
from tests.e2e.incidents.team import Team, answers_of

pytestmark = pytest.mark.e2e

WORDS, WORDING = "Let us printer problem.", "I am on my way to the printer."


def test_a_new_wording_is_live_without_a_training(team: Team) -> None:
    """A build that is keyed by the bot's folder would train; Ratchet releases the champion with the new words."""
    before, models, version = (
        bot_code.code_digest(team.settings.bot),
        team.models(),
        team.live().model_version,
    )
    team.change("bot/domain.yml", re.escape(f'"{WORDS}"'), f'"{WORDING}"')
    commit = team.commit("Another wording")
    assert bot_code.code_digest(team.settings.bot) != before  # the old way: the folder changed, so train

    (event,) = triggers.events(follow.compare(team.settings, team.head, commit))
    assert answers_of(event) == ["release/release-on-code-change"]
    assert "Nothing new" in team.ratchet("retrain")
    said = team.ratchet("release", version)
    assert not re.search(r"(?m)^. train\b", said)
    assert team.models() == models
    assert team.live().model_version == version
    reply = team.say("the printer is broken")
    assert WORDING in [message["text"] for message in reply["messages"]]


def test_an_answer_that_was_emptied_is_not_live(team: Team) -> None:
    """What trains nothing is judged as well: the page has the words that would be lost, and what served serves."""
    team.change("bot/domain.yml", re.escape(f'"{WORDS}"'), '""')
    team.commit("An answer less")
    said = team.ratchet("release", code=1)
    assert "Rejected by the rule answer" in said
    page = next(word for word in said.split() if word.endswith("code.html.")).rstrip(".")
    assert WORDS in Path(page).read_text(encoding="utf-8")
    assert team.live().id == team.release
    assert WORDS in [message["text"] for message in team.say("the printer is broken")["messages"]]


def test_code_that_shapes_the_model_trains_on_the_same_data(team: Team) -> None:
    """Then a training is due, on the data of the live model: what changes is known to come from the code."""
    team.change("bot/config.yml", r"^language: en$", "language: en\n# another pipeline")
    commit = team.commit("Another pipeline")
    (event,) = triggers.events(follow.compare(team.settings, team.head, commit))
    assert answers_of(event) == ["retrain/retrain-on-code-change"]


def test_documentation_and_tests_start_nothing(team: Team) -> None:
    """Neither a training nor a release."""
    (team.workspace / "README.md").write_text("How we run the bot.\n")
    commit = team.commit("A page for newcomers")
    assert triggers.events(follow.compare(team.settings, team.head, commit)) == []
