"""Where the conversations of a fleet are, and what is said where they cannot be had; the engine is a stand-in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.system import commands
from ratchet.adapters.targets.swarm import base, proof, stack
from ratchet.adapters.targets.swarm.conversations import FleetConversations
from ratchet.adapters.targets.swarm.store import outside, place_of
from ratchet.domain.errors import RatchetError
from tests.fakes.engine import Engine
from tests.workspaces import fake_workspace


def document(url: str, **services: Any) -> dict[str, Any]:
    """A stack whose bot has its conversations at an address."""
    return {"services": {"bot": {"environment": {"RATCHET_REDIS_URL": url}}, "redis": {}, **services}}


def test_the_store_is_found_as_the_stack_names_it() -> None:
    """Port, database, user and password go to `redis-cli`, the password by the environment."""
    plain = place_of(document("redis://redis:6379/0"), "team")
    assert plain is not None
    assert (plain.service, plain.words, plain.environment) == ("team_redis", ("-p", "6379", "-n", "0"), {})
    own = place_of(document("redis://bot:secret@store:6380/2", store={}), "team")
    assert own is not None
    assert own.words == ("-p", "6380", "-n", "2", "--user", "bot")
    assert own.environment == {"REDISCLI_AUTH": "secret"}
    listed = {"services": {"bot": {"environment": ["RATCHET_REDIS_URL=redis://redis"]}, "redis": {}}}
    assert place_of(listed, "team") == plain


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("rediss://cache.example:6380", "outside the fleet, at cache.example"),
        ("redis://bot:secret@cache.example", "outside the fleet, at cache.example"),
        ("", "in the memory of each replica"),
    ],
)
def test_a_store_that_is_no_part_of_the_fleet_is_said_and_its_password_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    """Nothing is written of it, and nothing can be put back into it."""
    settings = fake_workspace(tmp_path / "ws", target="swarm", stack="fleet")
    monkeypatch.setattr(stack, "read", lambda settings: document(url))
    assert place_of(document(url), "fleet") is None
    store, folder = FleetConversations(Engine(), settings), tmp_path / "saved"  # type: ignore[arg-type]
    folder.mkdir()
    assert said in store.save(folder, print)
    assert not list(folder.iterdir())
    with pytest.raises(RatchetError, match=said):
        store.load(folder, print)
    assert "secret" not in outside(url)


def test_what_keeps_the_conversations_away_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No fleet yet, a store on another node, one that does not answer: only the first is a backup without them."""
    engine = Engine()
    monkeypatch.setattr(commands, "run", engine.run)
    monkeypatch.setattr(proof, "until", lambda condition, seconds, every=0.05: condition())
    settings = fake_workspace(tmp_path / "ws", target="swarm", stack="fleet")
    store = FleetConversations(engine, settings)  # type: ignore[arg-type]
    assert "nothing was released yet" in store.save(tmp_path, print)
    base.bring(engine, settings, stack.read(settings), stack.variables(settings, colour="blue"))  # type: ignore[arg-type]
    with pytest.raises(RatchetError, match=r"does not answer.*`ratchet serve`"):
        store.save(tmp_path, print)
    engine.here = False
    with pytest.raises(RatchetError, match=r"on the node here,.*DOCKER_HOST"):
        store.save(tmp_path, print)
