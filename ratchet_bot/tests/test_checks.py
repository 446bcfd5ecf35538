"""Checks: what is asked with the staging token harms nobody and leaves nothing."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from ratchet_bot.channel import checks, memory
from ratchet_bot.channel.actions import Actions
from ratchet_bot.channel.handoff import Handoff
from tests import replicas
from tests.conftest import Trained
from tests.replicas import SLOW, UNKNOWN
from tests.test_handoff import Desk
from tests.test_serve import WEB, Server, launch

needs_redis = pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")
STAGING = "s" * 24


@given(st.one_of(st.none(), st.integers(1, 10**9)), st.text())
def test_a_check_is_kept_for_ten_minutes_at_most(seconds: int | None, name: str) -> None:
    """Whatever conversations are kept for; others are kept as long as that."""
    assert 0 < checks.lifetime(f"staging/{name}", seconds) <= min(600, seconds or 600)
    assert checks.lifetime(f"web/{name}", seconds) == seconds


def test_a_check_is_not_handed_off(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged for those who want to see it, and no person is sent for."""
    caplog.set_level(logging.INFO)
    Handoff("http://127.0.0.1:9/").post({"sender": "staging/check-1"})
    assert [(record.levelname, "check" in record.message) for record in caplog.records] == [("INFO", True)]


def test_an_action_of_a_check_is_not_run(caplog: pytest.LogCaptureFixture) -> None:
    """It changes and says nothing; those of people are sent."""
    caplog.set_level(logging.INFO)
    server = replicas.Actions()
    actions = Actions(server.url)

    async def run(sender: str) -> Any:
        body = {"sender_id": sender, "next_action": "action_note", "tracker": {}}
        return await actions.request(json=body, method="post", timeout=10, compress=False)

    try:
        assert asyncio.run(run("staging/anna")) == {"events": [], "responses": []}
        assert not server.begun
        assert "action_note was not run" in caplog.text
        assert asyncio.run(run("web/anna"))["responses"] == [{"text": "note 1"}]
    finally:
        server.server.shutdown()


def test_checks_in_memory_are_forgotten() -> None:
    """Conversations and replies; those of people stay."""

    async def scenario() -> None:
        made = memory.make(None)
        for name in ("staging/a", "staging/b", "web/staging/c"):
            await made.trackers.save(made.trackers.init_tracker(name))
            await made.replies.put(name, "1", {"said": name})
        assert await made.forget_checks() == 4
        assert list(await made.trackers.keys()) == ["web/staging/c"]
        assert await made.replies.get("staging/a", "1") is None
        assert await made.replies.get("web/staging/c", "1") == {"said": "web/staging/c"}

    asyncio.run(scenario())


@dataclass
class Checked:
    """A replica, and who must not hear of its checks."""

    server: Server
    desk: Desk
    actions: replicas.Actions

    def forget(self, token: str | None) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.delete(f"{self.server.url}/checks", headers=headers, timeout=30)


@pytest.fixture(scope="module")
def with_action(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return replicas.train(tmp_path_factory.mktemp("with-action"))


def serve(trained: Trained, folder: Path, **environment: str) -> Iterator[Checked]:
    """A replica with a staging token and one client application."""
    (folder / "clients.yml").write_text(f"- {{name: web, token: {WEB}, rights: [chat, parse]}}\n")
    (folder / "staging").write_text(STAGING)
    desk, actions = Desk(failures=0), replicas.Actions()
    server = launch(
        trained,
        RATCHET_CLIENT_TOKENS_FILE=str(folder / "clients.yml"),
        RATCHET_STAGING_TOKEN_FILE=str(folder / "staging"),
        RATCHET_HANDOFF_URL=desk.url,
        RATCHET_ACTIONS_URL=actions.url,
        **environment,
    )
    try:
        server.await_ready()
        yield Checked(server, desk, actions)
    finally:
        server.process.terminate()
        server.process.wait(timeout=15)
        desk.server.shutdown()
        actions.server.shutdown()


@pytest.fixture(scope="module")
def checked(with_action: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checked]:
    yield from serve(with_action, tmp_path_factory.mktemp("checked"))


@pytest.mark.e2e
def test_only_the_staging_token_forgets_checks(checked: Checked) -> None:
    """403 for a client application, 401 for a caller that is none."""
    assert checked.forget(WEB).status_code == 403
    assert checked.forget(None).status_code == checked.forget("wrong" * 5).status_code == 401
    assert checked.forget(STAGING).status_code == 200


def ask_all(checked: Checked, token: str, sender: str) -> list[dict[str, Any]]:
    """A custom action, a question back and a hand-off."""
    say = checked.server.say
    return [say(text, sender, token, message_id=f"m-{i}") for i, text in enumerate([SLOW, UNKNOWN, UNKNOWN])]


@pytest.mark.e2e
def test_a_check_is_answered_and_nobody_hears_of_it(checked: Checked) -> None:
    """A person's message after it shows that both would have heard by then."""
    action, _, handed_off = ask_all(checked, STAGING, "bert")
    assert action["messages"] == []
    assert handed_off["intent"]["name"] == "nlu_handoff"
    ask_all(checked, WEB, "bert")
    replicas.until(lambda: checked.desk.received, "the hand-off")
    assert [one["sender"] for one in checked.desk.received] == ["web/bert"]
    assert checked.actions.begun == {"bert": 1}
    assert checked.forget(STAGING).json() == {"deleted": 4}  # a conversation and three replies
    assert checked.forget(STAGING).json() == {"deleted": 0}
    assert checked.server.say(UNKNOWN, "bert", STAGING)["intent"]["name"] == "nlu_fallback"


@pytest.mark.e2e
@needs_redis
def test_redis_keeps_checks_shortly_and_forgets_them_when_told(
    with_action: Trained, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """All that is kept of a check ends within ten minutes, and at once with DELETE; a person's things stay."""
    redis = replicas.RedisServer(tmp_path_factory.mktemp("redis"))
    redis.start()
    serving = serve(with_action, tmp_path_factory.mktemp("checked"), RATCHET_REDIS_URL=redis.url)
    try:
        checked = next(serving)
        for number in range(50):
            for token in (STAGING, WEB):
                checked.server.say("what is for lunch", f"p-{number % 2}", token, message_id=f"m-{number}")
        checked.server.say("what is for lunch", "x:staging/y", WEB)
        with redis.client() as client:
            client.set("ratchet:lock:staging/gone", "{}")
            of_people = {key for key in client.scan_iter() if ":staging/" not in key}
            of_people.add("ratchet:tracker:web/x:staging/y")
            of_checks = set(client.scan_iter()) - of_people
            kinds = {key.split(":")[1] for key in of_checks}
            assert kinds == {"tracker", "earlier", "reply", "lock"}
            client.delete("ratchet:lock:staging/gone")
            kept = {key: client.ttl(key) for key in of_checks - {"ratchet:lock:staging/gone"}}
            assert all(0 < seconds <= 600 for seconds in kept.values()), kept
            assert client.ttl("ratchet:tracker:web/p-0") > 600
            assert checked.forget(STAGING).json() == {"deleted": len(kept)}
            assert of_people <= set(client.scan_iter())
            assert not [key for key in client.scan_iter() if "staging/" in key and key not in of_people]
    finally:
        serving.close()
        redis.kill()


@pytest.mark.e2e
@needs_redis
def test_the_lock_of_a_check_ends_too(tmp_path: Path) -> None:
    """A replica that dies in a check leaves a queue, which Redis forgets; a person's is kept as before."""

    async def scenario(url: str) -> None:
        made = memory.make(url)
        async with made.locks.lock("staging/anna"), made.locks.lock("web/anna"):
            assert 0 < await made.store.redis.ttl("ratchet:lock:staging/anna") <= 600
            assert await made.store.redis.ttl("ratchet:lock:web/anna") == -1
            queue = json.loads(await made.store.redis.get("ratchet:lock:staging/anna"))
            assert queue["conversation_id"] == "staging/anna"
        await made.store.redis.close()

    with replicas.redis_server(tmp_path) as url:
        asyncio.run(scenario(url))
