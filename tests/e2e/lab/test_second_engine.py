"""A machine with its engine is lost, and another engine serves the same release, and the same conversations."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from ratchet.adapters.settings import load_settings
from ratchet.adapters.targets.swarm import images, stack
from tests.e2e.cli import Ratchet
from tests.e2e.fleet.fleet import UNKNOWN
from tests.e2e.kills.flock import Flock, admit_flock
from tests.e2e.lab.lab import Lab

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root for network namespaces"),
]

SECRET = {"RATCHET_BACKUP_PASSPHRASE": "correct horse battery staple"}


@pytest.fixture
def first(engine: docker.DockerClient, tmp_path: Path) -> Iterator[Flock]:
    """A fleet on this machine's own engine."""
    made = admit_flock(tmp_path / "first", "ratchet-second")
    yield made
    made.fleet.remove()


def test_a_fleet_is_restored_onto_another_engine(
    first: Flock, bare_lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its image is built again from the manifest; who was asked to say it in other words is handed over there."""
    assert first.fleet.chat("anna", UNKNOWN)["intent"]["name"] == "nlu_fallback"
    before, file = first.ratchet.json("status"), tmp_path / "machine.backup"
    assert "conversations" in first.ratchet("backup", file, env=SECRET)
    runtime = images.ensure_runtime(
        first.fleet.client, first.settings, stack.recipes(first.settings), first.fleet.say
    )
    bare_lab.start(["haproxy:lts", "redis:7"], first=[runtime], joined=1)
    first.fleet.remove()
    first.ratchet("down")
    shutil.rmtree(first.workspace)
    monkeypatch.setenv("DOCKER_HOST", bare_lab.nodes[0].host)
    again = tmp_path / "second"
    said = Ratchet(tmp_path)("restore", file, "--into", again, env=SECRET)
    assert "1 conversation" in said
    ratchet = Ratchet(again)
    try:
        ratchet("serve")
        after = ratchet.json("status")
        assert after["serving"] is True
        assert [after[name] for name in ("release", "model_version", "code_commit")] == [
            before[name] for name in ("release", "model_version", "code_commit")
        ]
        second = Flock(ratchet, load_settings(again))
        assert second.fleet.chat("anna", UNKNOWN)["intent"]["name"] == "nlu_handoff"
        assert "Nothing is wrong." in ratchet("doctor")
    finally:
        ratchet("stop")
        ratchet("down")
