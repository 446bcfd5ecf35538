"""Which configuration a project that is brought over gets."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ratchet.adapters.migration import migrate
from ratchet.domain.errors import RatchetError
from ratchet.domain.migration.project import Pipeline
from ratchet.domain.migration.table import Kind
from tests.advice import commands
from tests.domain.migration.test_pipeline import PROJECT


def test_an_own_pipeline_that_rasa_cannot_train_is_left_out_by_the_other_one() -> None:
    """The option that is advised makes a configuration without the component, and a row that says so."""
    config = {"pipeline": [{"name": "SpacyNLP", "model": "en"}], "policies": [{"name": "MagicPolicy"}]}
    read: Any = SimpleNamespace(project=replace(PROJECT, config=config))
    with pytest.raises(RatchetError, match=r"config\.yml names SpacyNLP, which cannot be used here") as told:
        migrate.configured(read, Pipeline.OWN)
    option, value = commands(told.value.remedy)[0].split()
    assert option == "--pipeline"
    configs, rows = migrate.configured(read, Pipeline(value))
    assert list(configs) == [Pipeline.FAST]
    assert {"SpacyNLP", "MagicPolicy"} <= {row.what for row in rows if row.kind is Kind.LEFT}
