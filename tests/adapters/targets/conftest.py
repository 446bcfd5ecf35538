"""A target of its own for each test of the `process` target."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ratchet.adapters.targets.process import ProcessTarget
from tests.workspaces import fake_workspace


@pytest.fixture
def target(tmp_path: Path) -> Iterator[ProcessTarget]:
    """A target of its own, stopped in the end."""
    target = ProcessTarget(fake_workspace(tmp_path / "ws"))
    yield target
    target.stop(print)
