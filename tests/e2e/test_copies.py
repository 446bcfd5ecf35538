"""A workspace that is copied and moved while its bot answers, under a shell that names other servers.

The tests of this file go through one life of one workspace and its copy, in their order.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import load_settings
from ratchet.adapters.system.processes import alive
from ratchet.adapters.workspace.owners import recorded
from tests.e2e.cli import ROOT, Ratchet
from tests.e2e.hostile import surround
from tests.e2e.kills.admission import admit
from tests.e2e.kills.patient import Patient

pytestmark = [pytest.mark.e2e, pytest.mark.long]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    """A small bot that was released and answers."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    with pytest.MonkeyPatch.context() as patch:
        surround(patch, "GIT_DIR")  # the tests' own Git would follow it
        made = admit(tmp_path_factory.mktemp("copies") / "original")
        yield made
        for folder in made.workspace.parent.glob("*/"):
            if (folder / "params.yaml").exists():
                Ratchet(folder)("stop")


@pytest.fixture(scope="module")
def copy(original: Patient) -> Ratchet:
    """What `cp -r` makes of it."""
    folder = original.workspace.with_name("copy")
    shutil.copytree(original.workspace, folder, symlinks=True)
    return Ratchet(folder)


def answers(settings_of: Path) -> str:
    """Return the release that a workspace's bot answers with."""
    url = f"http://127.0.0.1:{load_settings(settings_of).port}"
    answer = httpx.post(f"{url}/chat", json={"sender": "a", "message": "hi"}, trust_env=False, timeout=30)
    return str(answer.raise_for_status().json()["release"])


def processes(workspace: Path) -> set[tuple[int, bool]]:
    """Return what a workspace notes as its processes, and whether each runs."""
    return {(one.pid, alive(one)) for one in recorded(workspace)}


@pytest.mark.parametrize("command", ["stop", "retrain", "up --detach", "down", "rollback", "serve", "status"])
def test_no_command_in_a_copy_reaches_the_original(original: Patient, copy: Ratchet, command: str) -> None:
    """It is told in one sentence, with the command that puts it right; the original's processes are as before."""
    before = processes(original.workspace)
    assert all(running for _, running in before)
    said = copy(*command.split(), code=1)
    assert f"{copy.workspace} is a copy of the workspace {original.workspace}" in said
    assert f"`ratchet --workspace {copy.workspace} adopt`" in said
    assert processes(original.workspace) == before
    assert answers(original.workspace)


def test_an_adopted_copy_serves_beside_the_original(original: Patient, copy: Ratchet) -> None:
    """Its copied .env named the original's ports; both answer, each on its own, and each is stopped alone."""
    assert "was not moved" in copy("adopt", "--moved", code=1)
    said = copy("adopt")
    assert f"nothing of {original.workspace} was touched" in said
    assert f".env: RATCHET_PORT={original.settings.port} is {original.workspace}'s own" in said
    copy("serve")
    assert load_settings(copy.workspace).port != original.settings.port
    assert answers(copy.workspace) == answers(original.workspace)
    before = processes(original.workspace)
    copy("stop")
    assert processes(original.workspace) == before
    assert answers(original.workspace)


def test_a_copys_registry_has_the_artifacts_of_its_own(original: Patient, copy: Ratchet) -> None:
    """Nothing of it leads back to the original's folder."""
    registry = Registry(load_settings(copy.workspace))
    source = registry.client.get_model_version("nlu", "1").source
    assert str(source).startswith(f"{copy.workspace}/.ratchet/artifacts/")
    assert registry.client.get_run(registry.model("1").run_id).info.artifact_uri in str(source)


def test_a_folder_that_was_moved_while_it_served_is_put_right(original: Patient) -> None:
    """What was started under the old path is stopped; models and code come from the registry at the new one."""
    release, port = answers(original.workspace), original.settings.port
    left = processes(original.workspace)
    moved = Ratchet(original.workspace.rename(original.workspace.with_name("moved")))
    assert f"was {original.workspace} until it was moved" in moved("stop", code=1)
    assert "at home here now" in moved("adopt")
    assert not [pid for pid, running in processes(moved.workspace) & left if running]
    for kept in ("models", "code"):
        shutil.rmtree(moved.workspace / ".ratchet" / kept, ignore_errors=True)
    moved("serve")
    moved("compare", "1", "1")
    assert (answers(moved.workspace), load_settings(moved.workspace).port) == (release, port)
    assert not original.workspace.exists()
