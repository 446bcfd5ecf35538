"""What somebody took away from a running fleet is found and put back; conversations outlive their store."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratchet.domain.operations.fleet_faults import Name
from tests.e2e.fleet.fleet import UNKNOWN, Fleet, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def test_what_was_taken_from_a_running_fleet_is_found_and_mended(fleet: Fleet) -> None:
    """Conversation store, switch, a replica, and the file of the clients' tokens; then everything is as declared."""
    assert fleet.live is not None
    assert list(fleet.target.faults()) == []
    tokens = fleet.settings.state / "secrets" / "client-tokens.yml"
    before = tokens.read_text()
    stack = fleet.settings.stack
    fleet.client.services.get(fleet.target.service).scale(1)
    for name in ("redis", "switch"):
        fleet.client.services.get(f"{stack}_{name}").remove()
    tokens.unlink()
    found = list(fleet.target.faults())
    assert {fault.name for fault in found} == {Name.SECRETS, Name.SERVICES}
    assert all(fault.mendable for fault in found)
    for _ in range(2):  # where `switch` is gone nobody says yet whose replicas are to be counted
        for fault in fleet.target.faults():
            fleet.target.mend(fault, fleet.say)
    assert list(fleet.target.faults()) == []
    assert tokens.read_text() == before
    fleet.assert_serves(fleet.live)
    until(fleet.answers, 15, "an answer")


def test_conversations_are_saved_and_put_back_beside_what_went_on(fleet: Fleet, tmp_path: Path) -> None:
    """As one moment has them; who wrote since then goes on from there."""
    store = fleet.target.conversations()
    for name in ("doris", "edith"):
        assert fleet.chat(name, UNKNOWN)["intent"]["name"] == "nlu_fallback"
    assert "conversation" in store.save(tmp_path, fleet.say)
    [redis] = fleet.containers("redis")
    assert redis.exec_run(["redis-cli", "FLUSHALL"]).exit_code == 0
    assert fleet.chat("edith", "order a notebook")["intent"]["name"] == "order_laptop"
    said = store.load(tmp_path, fleet.say)
    assert "have changed since and stay as they are" in said
    assert "stay" not in store.save(tmp_path, fleet.say)
    assert fleet.chat("doris", UNKNOWN)["intent"]["name"] == "nlu_handoff"
    assert fleet.chat("edith", UNKNOWN)["intent"]["name"] == "nlu_fallback"
    assert "RESTORE" not in redis.exec_run(["ls", "/data"]).output.decode()
