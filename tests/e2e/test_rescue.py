"""A machine that is lost and comes back, and releases whose bundles are lost, with a real bot on the `process` target.

The tests of this file go through one life of one workspace, in their order.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import load_settings
from ratchet.adapters.system.processes import terminate
from ratchet.adapters.workspace.owners import recorded
from tests.corpora import git
from tests.e2e.cli import ROOT, Ratchet
from tests.e2e.kills.admission import admit
from tests.e2e.kills.patient import Patient

pytestmark = [pytest.mark.e2e, pytest.mark.long]

SECRET = {"RATCHET_BACKUP_PASSPHRASE": "correct horse battery staple"}
MESSAGE = "i need a new laptop"


@dataclass
class Life:
    """The workspace where it is now, and what has to come back: releases, manifest, answer."""

    ratchet: Ratchet
    file: Path
    status: dict[str, Any]
    answer: dict[str, Any]

    @property
    def workspace(self) -> Path:
        """Its folder."""
        return self.ratchet.workspace


def ask(workspace: Path) -> dict[str, Any]:
    """Say something to the bot; the answer without what is of the moment."""
    url = f"http://127.0.0.1:{load_settings(workspace).port}"
    said = httpx.post(f"{url}/chat", json={"sender": "a", "message": MESSAGE}, trust_env=False, timeout=30)
    answer = dict(said.raise_for_status().json())
    return {name: answer[name] for name in ("messages", "intent", "release", "model_id")}


def lost(workspace: Path) -> None:
    """Lose the machine: its processes and its disk."""
    for process in recorded(workspace):
        terminate(process)
    shutil.rmtree(workspace)


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """A bot with two releases, the second of another wording, whose commit is on no other machine; backed up."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    made: Patient = admit(tmp_path_factory.mktemp("rescue") / "first")
    made.another_wording()
    git(made.workspace, "commit", "--quiet", "--all", "--message", "Another wording")
    made.run("release")
    (made.workspace / "directory.csv").write_text("user,role,location\nana,employee,berlin\n")
    life = Life(
        made.ratchet,
        made.workspace.with_name("machine.backup"),
        made.ratchet.json("status"),
        ask(made.workspace),
    )
    said = made.ratchet("backup", life.file, env=SECRET)
    assert "registry" in said
    yield life
    life.ratchet("stop")


def test_a_lost_machine_serves_the_same_release_afterwards(life: Life) -> None:
    """Restored into another folder: same release, same digest, same answer, without training or building anything."""
    lost(life.workspace)
    new = life.workspace.with_name("second")
    said = Ratchet(life.workspace.parent)("restore", life.file, "--into", new, env=SECRET)
    assert f"Next: ratchet --workspace {new} serve" in said
    life.ratchet = Ratchet(new)
    life.ratchet("serve")
    status = life.ratchet.json("status")
    for name in (
        "release",
        "digest",
        "manifest",
        "model_version",
        "code_commit",
        "data_revision",
        "accuracy",
    ):
        assert status[name] == life.status[name], name
    assert status["serving"] is True
    assert ask(new) == life.answer
    assert (new / "directory.csv").exists()
    assert "Nothing is wrong." in life.ratchet("doctor")


def test_the_way_back_is_there_too(life: Life) -> None:
    """`rollback` goes to the release before, and back again."""
    life.ratchet("rollback")
    assert ask(life.workspace)["release"] != life.answer["release"]
    life.ratchet("rollback", "--to", life.answer["release"])
    assert ask(life.workspace) == life.answer


def test_the_restored_workspace_knows_what_it_was_trained_on(life: Life) -> None:
    """A retrain finds nothing new: data, ledger, code and registry fit each other."""
    assert "Nothing new" in life.ratchet("retrain")


def test_a_rollback_builds_a_lost_bundle_again_from_its_commit(life: Life) -> None:
    """Not from today's tree, which has another wording by now."""
    settings = load_settings(life.workspace)
    before = Registry(settings).releases()[0]
    shutil.rmtree(settings.state / "bundles" / before.bundle)
    domain = life.workspace / "bot" / "domain.yml"
    kept = domain.read_text()
    domain.write_text(kept.replace("Starting order laptop", "Never released: order laptop"))
    said = life.ratchet("rollback")
    assert "ensure" in said
    answer = ask(life.workspace)
    assert answer["release"] == before.id
    assert "Never released" not in str(answer["messages"])
    domain.write_text(kept)
    life.ratchet("rollback", "--to", life.answer["release"])
    assert ask(life.workspace) == life.answer


def test_the_doctor_mends_what_was_removed_by_hand(life: Life) -> None:
    """All bundles deleted, the bot killed, an alias moved: one command, and the same answer."""
    settings = load_settings(life.workspace)
    life.ratchet("stop")
    shutil.rmtree(settings.state / "bundles")
    Registry(settings).client.delete_registered_model_alias("nlu", "champion")
    said = life.ratchet("doctor", code=1)
    for name in ("bundle:", "serving:", "aliases:"):
        assert name in said
    assert "Nothing is wrong." in life.ratchet("doctor", "--mend")
    assert ask(life.workspace) == life.answer


def test_a_killed_restore_into_a_clone_can_be_done_again(life: Life) -> None:
    """`kill -9` at any moment: the next one ends well, and what serves is the release of the backup."""
    clone = life.workspace.with_name("clone")
    git(life.workspace.parent, "clone", "--quiet", str(life.workspace), str(clone))
    killed = Ratchet(clone.parent)
    process = killed.start("restore", life.file, "--into", clone, env=SECRET, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while (
        process.poll() is None
        and not list(clone.glob(".ratchet/restoring-*"))
        and time.monotonic() < deadline
    ):
        time.sleep(0.01)
    process.kill()
    process.wait()
    killed(
        "restore",
        life.file,
        "--into",
        clone,
        *(["--force"] if (clone / ".ratchet/mlflow.db").exists() else []),
        env=SECRET,
    )
    copy = Ratchet(clone)
    try:
        copy("serve")
        assert ask(clone)["release"] == life.answer["release"]
        assert ask(life.workspace) == life.answer  # the drill left the other one alone
    finally:
        copy("stop")
    assert not list((clone / ".ratchet").glob("restoring-*"))
