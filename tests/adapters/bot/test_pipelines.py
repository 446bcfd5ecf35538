"""Two configurations side by side, one of them in use."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratchet.adapters.bot import flavour, pipelines
from ratchet.domain.errors import RatchetError
from ratchet.domain.migration.pipeline import CLASSIFIER
from ratchet.domain.migration.project import Pipeline

FAST = {"pipeline": [{"name": CLASSIFIER}], "policies": [{"name": "RulePolicy"}]}
OWN = {"pipeline": [{"name": "DIETClassifier", "epochs": 5}], "policies": [{"name": "TEDPolicy"}]}


def test_a_switch_keeps_both_and_the_environment_follows(bot: Path) -> None:
    """There and back: what was changed meanwhile is kept under its name, and TensorFlow comes and goes."""
    lean = flavour.of(bot)
    before = (bot / "pyproject.toml").read_text()
    pipelines.write(bot, Pipeline.FAST, {Pipeline.FAST: FAST, Pipeline.OWN: OWN})
    assert pipelines.in_use(bot) is Pipeline.FAST
    assert flavour.of(bot) == lean
    with (bot / "config.yml").open("a") as file:
        file.write("# a change of ours\n")
    assert pipelines.switch(bot, Pipeline.OWN)
    assert not pipelines.switch(bot, Pipeline.OWN)
    assert pipelines.in_use(bot) is Pipeline.OWN
    assert flavour.TENSORFLOW in flavour.groups(bot)
    assert flavour.of(bot).python == "3.11"
    assert pipelines.switch(bot, Pipeline.FAST)
    assert (bot / "config.yml").read_text().endswith("# a change of ours\n")
    assert flavour.of(bot) == lean
    assert (bot / "pyproject.toml").read_text() == before


def test_without_the_other_configuration_the_error_says_where_it_belongs(bot: Path) -> None:
    """Nothing is changed."""
    before = (bot / "config.yml").read_text()
    with pytest.raises(
        RatchetError, match=r"There is no bot/config\.own\.yml\. Write that configuration there"
    ):
        pipelines.switch(bot, Pipeline.OWN)
    assert (bot / "config.yml").read_text() == before
