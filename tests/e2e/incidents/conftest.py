"""The museum of incidents: one team for all exhibits, and after each all is well again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.cli import ROOT
from tests.e2e.incidents.team import Team


@pytest.fixture(scope="package")
def museum(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A team whose bot is live, with three weeks behind it."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    made = Team(tmp_path_factory.mktemp("museum") / "team")
    try:
        made.make()
        yield made
    finally:
        made.ratchet("stop")


@pytest.fixture
def team(museum: Team) -> Iterator[Team]:
    """The team; what an exhibit breaks is mended after it."""
    yield museum
    museum.restore()
