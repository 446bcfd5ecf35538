"""A workspace of before is upgraded while its bot serves: real Rasa, DVC, MLflow and Prefect.

The tests of this file go through one life of one workspace, in their order.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from ratchet.adapters.system.processes import free_port
from tests.e2e.cli import ROOT, Ratchet
from tests.older import older_workspace

pytestmark = [pytest.mark.e2e, pytest.mark.long]


@pytest.fixture(scope="module")
def ratchet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ratchet]:
    """The workspace as commit 66bd076 made it."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    folder = older_workspace(tmp_path_factory.mktemp("upgrade") / "moodbot")
    (folder / ".env").write_text(f"RATCHET_PORT={free_port()}\n")
    ratchet = Ratchet(folder)
    yield ratchet
    ratchet("stop")


def says(status: dict[str, str]) -> str:
    """What the live bot takes a message for."""
    answer = httpx.post(f"{status['url']}/chat", json={"sender": "a", "message": "hello"}, trust_env=False)
    assert answer.json()["release"] == status["release"]
    return str(answer.json()["intent"]["name"])


def test_it_trains_and_serves_as_it_is(ratchet: Ratchet) -> None:
    """With its own copy of the framework; status says that there is an upgrade."""
    assert ratchet.json("retrain")["outcome"] == "released"
    status = ratchet.json("status")
    assert "ratchet upgrade" in status["outdated"]
    assert says(status) == "greet"


def test_upgraded_it_has_no_framework_code_and_retrains_and_releases(ratchet: Ratchet) -> None:
    """What serves meanwhile goes on; the new release runs with the framework's package."""
    before = ratchet.json("status")["release"]
    assert ratchet.json("upgrade", "--commit")["commit"]
    assert ratchet.json("status")["release"] == before
    code = [path.name for path in (ratchet.workspace / "bot").rglob("*.py") if ".venv" not in path.parts]
    assert code == []
    assert ratchet.json("retrain")["outcome"] == "released"
    status = ratchet.json("status")
    assert (status["outdated"], status["model_version"]) == (None, "2")
    assert says(status) == "greet"


def test_back_on_the_release_of_before_its_own_code_serves(ratchet: Ratchet) -> None:
    """Models that were registered before run with the code that is stored with them."""
    ratchet("rollback")
    status = ratchet.json("status")
    assert (status["serving"], status["model_version"]) == (True, "1")
    assert says(status) == "greet"
    assert ratchet.json("retrain")["outcome"] in ("unchanged", "released")
