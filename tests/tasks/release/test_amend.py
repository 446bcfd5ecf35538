"""A person's decision is written into the page of the model that it is about."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.report import page
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.override import Override, make
from ratchet.domain.release.model import Model
from tasks.release.amend import amend
from tests.adapters.report.test_page import report
from tests.domain.release.test_manifest import model

NOW = datetime(2026, 3, 9, 6, 2, tzinfo=UTC)


@dataclass
class Registry:
    """A registry with one model and what was kept with it."""

    one: Model
    folder: Path
    kept: dict[str, str] = field(default_factory=dict)

    def model(self, version: str) -> Model:
        return self.one

    def artifact(self, model: Model, name: str) -> Path:
        if not (self.folder / name).exists():
            raise RatchetError(f"{name} cannot be fetched.", "Check the artifact store.")
        return self.folder / name

    def keep(self, model: Model, paths: list[Path]) -> None:
        self.kept |= {path.name: path.read_text() for path in paths}


@dataclass
class Run:
    """What the step is given."""

    registry: Registry
    folder: Path


def decided(by: str) -> Override:
    """A decision of today."""
    return make(model_sha256="a" * 64, version="7", by=by, reason="client demo", expires="7d", now=NOW)


def test_the_page_is_written_again_with_the_newest_decision_alone(tmp_path: Path) -> None:
    """In the registry and beside the training's own, with all that it said before."""
    trained, run_folder = tmp_path / "trained", tmp_path / "run"
    first = page.write(report(), trained)
    run: Any = Run(Registry(replace(model("7"), report=str(first)), trained), run_folder)
    for by in ("Mira", "Ana"):
        assert amend.fn(run, decided(by)) == "the page of version 7 shows the decision"
    for shown in (run.registry.kept["report.html"], first.read_text()):
        assert "Ana decided “promote”" in shown
        assert "client demo" in shown
        assert "Mira" not in shown
        assert "Rejected: the champion stays" in shown
    assert page.read(first.with_name(page.CONTENT)) == replace(report(), override=decided("Ana"))


def test_a_decision_holds_without_its_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model of an older Ratchet has nothing to write the page from: that is said, and the run continues."""
    run: Any = Run(Registry(model("7"), tmp_path), tmp_path / "run")
    assert amend.fn(run, decided("Ana")) == "the page of version 7 is as it was"
    assert "does not show the decision: report.json cannot be fetched." in capsys.readouterr().err
