"""The main job on a fleet, as a user does it: `ratchet` from the first retrain to a rollback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator

import docker
import httpx
import pytest
import yaml

from tests.e2e.cli import RATCHET, ROOT, Ratchet

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(900),
    pytest.mark.long,
]
FLEET = (
    "RATCHET_TARGET=swarm\nRATCHET_STACK=ratchet-whole\nRATCHET_PORT=15115\nRATCHET_OPERATION_PORT=15116\n"
)
URL = "http://127.0.0.1:15115"


@pytest.fixture(scope="module")
def ratchet(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ratchet]:
    """A workspace with the example, whose target is the swarm."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    folder = tmp_path_factory.mktemp("whole") / "helpdesk"
    subprocess.run([RATCHET, "init", folder, "--example", "helpdesk"], check=True)
    (folder / ".env").write_text(FLEET)
    ratchet = Ratchet(folder)
    yield ratchet
    ratchet("stop")


def change(ratchet: Ratchet, seed: int) -> None:
    """Give the next retrain something to do."""
    params = ratchet.workspace / "params.yaml"
    params.write_text(re.sub(r"^  seed: .*$", f"  seed: {seed}", params.read_text(), flags=re.MULTILINE))


def test_the_first_retrain_ends_with_a_fleet(ratchet: Ratchet) -> None:
    """From an example corpus to two replicas that answer who has a token."""
    summary = ratchet.json("retrain")
    assert summary["outcome"] == "released"
    fleet = ratchet.json("fleet")
    assert [replica["release"] for replica in fleet["replicas"]] == [summary["release"]] * 2
    clients = yaml.safe_load((ratchet.workspace / ".ratchet" / "secrets" / "client-tokens.yml").read_text())
    body = {"sender": "a", "message": "my laptop was stolen", "message_id": "1"}
    headers = {"Authorization": f"Bearer {clients[0]['token']}"}
    answer = httpx.post(f"{URL}/chat", json=body, headers=headers, trust_env=False)
    assert answer.json()["intent"]["name"] == "report_lost_device"
    assert "answers on" in ratchet("fleet", "logs")
    assert "report_lost_device" in ratchet("chat", "my laptop was stolen")


def test_a_retrain_that_is_killed_while_it_deploys_is_settled_by_the_next(ratchet: Ratchet) -> None:
    """SIGKILL in mid-rollout; the next retrain finds the fleet whole again, or makes it so, and releases."""
    before = ratchet.json("status")["release"]
    change(ratchet, 2)
    process = ratchet.start(
        "retrain", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("✓ stage"):
            os.killpg(process.pid, signal.SIGKILL)
            break
    process.wait()
    assert httpx.get(f"{URL}/status", trust_env=False).json()["ready"]
    ratchet("retrain")
    status = ratchet.json("status")
    assert status["serving"]
    assert status["release"] != before
    assert len(status["replicas"]) == 2


def test_rollback_brings_the_recorded_release_back(ratchet: Ratchet) -> None:
    """The release before serves on every replica, and the command says how long it took."""
    live = ratchet.json("status")["manifest"]
    back = ratchet.json("rollback")
    assert back["id"] == live["previous"]
    assert back["seconds"] > 0
    assert {replica["release"] for replica in ratchet.json("fleet")["replicas"]} == {back["id"]}


def test_a_rehearsal_is_in_the_manifest(ratchet: Ratchet) -> None:
    """Where the policy asks for it, a release goes back and forth once, and its manifest says how long it took."""
    change(ratchet, 3)
    params = ratchet.workspace / "params.yaml"
    params.write_text(params.read_text().replace("rehearse: false", "rehearse: true"))
    ratchet("retrain")
    rehearsal = ratchet.json("status")["manifest"]["rehearsal"]
    assert rehearsal["back_seconds"] > 0
    assert rehearsal["load"]["requests"] > 0
    assert rehearsal["load"]["errors"] == 0
