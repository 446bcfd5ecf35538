"""A workspace of before is upgraded while its bot serves: real Rasa, DVC, MLflow and Prefect.

The tests of this file go through one life of one workspace, in their order.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ratchet.adapters.system.processes import free_port
from tests.advice import commands, shell
from tests.corpora import git
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


def test_a_checkout_is_upgraded_as_advised(tmp_path: Path) -> None:
    """`ratchet upgrade` refuses it; `git pull` and `make setup` bring it to the newest commit, and its command runs."""
    origin, checkout, other = tmp_path / "origin.git", tmp_path / "checkout", tmp_path / "other"
    git(tmp_path, "clone", "-q", "--bare", str(ROOT), str(origin))
    for clone in (checkout, other):
        git(tmp_path, "clone", "-q", str(origin), str(clone))
    said = " ".join(Ratchet(checkout)("upgrade", code=1).split())
    assert "it is a checkout" in said
    (other / "README.md").write_text("# Newer\n")
    git(other, "-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "-qam", "Newer")
    git(other, "push", "-q")
    for line in commands(said[said.index("it is a checkout") :]):
        shell(checkout, line)
    assert (checkout / "README.md").read_text() == "# Newer\n"
    assert shell(checkout, ".venv/bin/ratchet --version").startswith("ratchet ")
