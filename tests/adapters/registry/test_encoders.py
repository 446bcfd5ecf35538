"""Sentence encoders in a real artifact store."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ratchet.adapters.bot import encoders as local
from ratchet.adapters.bot import weights
from ratchet.adapters.registry import encoders
from ratchet.adapters.registry.mlflow import Registry
from ratchet.domain.errors import RatchetError
from tests.adapters.bot.test_encoders import LINEAR, write
from tests.adapters.registry.test_mlflow import migrated, registry
from tests.domain.release.test_manifest import LINEAGE

__all__ = ["migrated", "registry"]


def quiet(_: str) -> None:
    """Nobody listens."""


@pytest.fixture
def team(registry: Registry, tmp_path: Path) -> Registry:
    """A registry whose workspace gets a small encoder from a folder."""
    write(tmp_path / "source")
    config = {"pipeline": [{"name": LINEAR, "encoder": "small"}]}
    (registry.settings.bot / "config.yml").write_text(json.dumps(config))
    return Registry(registry.settings.model_copy(update={"encoder_weights": str(tmp_path / "source")}))


def test_an_encoder_is_kept_once_and_comes_back(team: Registry, tmp_path: Path) -> None:
    """Another machine, whose source is gone, takes it from the store, and so does one whose file was changed."""
    digest, why = encoders.for_training(team.settings, team, quiet)
    assert why == ""
    encoders.keep(team, digest)
    encoders.keep(team, digest)
    assert len(team.reader.runs(encoders.EXPERIMENT, "FINISHED")) == 1
    shutil.rmtree(local.home(team.settings))
    shutil.rmtree(tmp_path / "source")
    encoders.ready(team.settings, team, digest, quiet)
    assert set(local.files_of(team.settings, digest)) == {"encoder.json", "model.onnx", "tokenizer.json"}
    changed = local.folder(team.settings, digest) / "model.onnx"
    changed.unlink()
    changed.write_bytes(b"changed")
    encoders.ready(team.settings, team, digest, quiet)
    assert local.files_of(team.settings, digest)


def test_without_weights_it_is_said_and_nothing_breaks(team: Registry, tmp_path: Path) -> None:
    """The reason is one line; a setting turns encoders off; a bot that asks for none says nothing."""
    shutil.rmtree(tmp_path / "source")
    digest, why = encoders.for_training(team.settings, team, quiet)
    assert digest == ""
    assert "the linear classifier is trained" in why
    assert "\n" not in why
    off = team.settings.model_copy(update={"encoder_weights": weights.NONE})
    write(local.home(off) / "x")
    assert encoders.for_training(off, team, quiet)[0] == ""
    (off.bot / "config.yml").write_text("pipeline: []")
    assert encoders.for_training(off, team, quiet) == ("", "")


def test_a_model_whose_encoder_is_lost_is_one_error(team: Registry) -> None:
    """A model that needs none is fine; one whose weights are nowhere is not run."""
    encoders.ready(team.settings, team, "", quiet)
    with pytest.raises(RatchetError, match="cannot run without it"):
        encoders.ready(team.settings, team, "0" * 64, quiet)


def test_the_lineage_names_the_encoder_and_old_ones_none() -> None:
    """A manifest from before there were encoders is read as one without."""
    named = replace(LINEAGE, encoder="e" * 64)
    assert type(named).from_dict(named.as_dict()) == named
    before = {name: value for name, value in LINEAGE.as_dict().items() if name != "encoder"}
    assert type(LINEAGE).from_dict(before) == LINEAGE
