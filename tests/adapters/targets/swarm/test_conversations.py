"""Where the conversations of a fleet are, and what is said where they cannot be had; the engine is a stand-in."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ratchet.adapters.rescue.collect import CONVERSATIONS
from ratchet.adapters.rescue.mending import put_back
from ratchet.adapters.system import commands
from ratchet.adapters.targets.swarm import base, proof, stack
from ratchet.adapters.targets.swarm.conversations import FleetConversations
from ratchet.adapters.targets.swarm.store import outside, place_of
from ratchet.domain.errors import RatchetError
from tests.advice import commands as advised
from tests.advice import only
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


class Store:
    """A Redis in a container, for conversations that go in and out; `image` is its version, "" for one that is dead."""

    id = "c1"

    def __init__(self, image: str, faults: set[str]) -> None:
        self.image, self.faults = SimpleNamespace(id=image), faults
        self.attrs: dict[str, Any] = {"Mounts": [{"Type": "volume", "RW": True, "Destination": "/data"}]}
        self.status = "created"

    def exec_run(self, argv: list[str], **_: Any) -> tuple[int, bytes]:
        line = " ".join(argv)
        if "PING" in line:
            return 0, b"PONG" if self.image.id else b""
        if "--scan" in line:
            return 0, b"ratchet:tracker:web/anna\n"
        if "--pipe" in line:
            return 0, b"OOM command not allowed" if "full" in self.faults else b"errors: 0, replies: 1"
        return 0, b""

    def put_archive(self, *_: Any) -> bool:
        return True

    def get_archive(self, _: str) -> tuple[bytes, None]:
        return b"", None

    def start(self) -> None:
        """It reads the file that lies there, which Redis 8 wrote."""
        self.status = "running" if self.image.id == "redis:8" else "exited"

    def reload(self) -> None:
        """Nothing else happens."""

    def logs(self, tail: int) -> bytes:
        return b"Can't handle RDB format version 12"

    def remove(self, force: bool, v: bool) -> None:
        """It is gone."""


class WithStore(Engine):
    """An engine with the store that stack.yml names; `faults` are `dead`, `mute` (gives no copy) and `full`."""

    faults: set[str]

    @property
    def containers(self) -> Any:
        name = "fleet_redis"
        image = (
            self.known[name]["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"] if name in self.known else ""
        )
        own = Store("" if "dead" in self.faults else image, self.faults)
        return SimpleNamespace(
            list=lambda filters: [own] if name in self.known and filters["label"].endswith(name) else [],
            create=lambda image, **_: Store(image, self.faults),
        )

    def exec_create(self, *_: Any, **__: Any) -> dict[str, str]:
        return {"Id": "e1"}

    def exec_start(self, *_: Any, **__: Any) -> list[bytes]:
        return [b"REDIS"]

    def exec_inspect(self, _: str) -> dict[str, int]:
        return {"ExitCode": int("mute" in self.faults)}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FleetConversations:
    """The conversations of a fleet of which only the store runs, on Redis 7, and a folder `saved` with a copy."""
    engine = WithStore()
    engine.faults = set()
    monkeypatch.setattr(commands, "run", engine.run)
    monkeypatch.setattr(proof, "until", lambda condition, seconds, every=0.05: condition())
    settings = fake_workspace(tmp_path / "ws", target="swarm", stack="fleet")
    made = FleetConversations(engine, settings)  # type: ignore[arg-type]
    bring(made)
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "conversations.rdb").write_bytes(b"REDIS")
    return made


def bring(store: FleetConversations) -> None:
    """Start what stack.yml declares, as `ratchet serve` and every release do."""
    values = stack.variables(store.settings, colour="blue")
    base.bring(store.client, store.settings, stack.read(store.settings), values)


def name_image(store: FleetConversations, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the image of the Redis that wrote the copy under a key of stack.yml, and start it."""
    document = stack.read(store.settings)
    document["services"][key]["image"] = "redis:8"
    monkeypatch.setattr(stack, "read", lambda settings: document)
    bring(store)


def test_a_copy_that_only_a_newer_redis_reads_is_read_with_that_image_or_deleted(
    store: FleetConversations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """stack.yml names it under the key in the advice; without the file nothing is put back."""
    saved = tmp_path / "saved"
    with pytest.raises(RatchetError, match=r"Redis cannot read .*RDB format version 12") as told:
        store.load(saved, print)
    [key] = advised(told.value.remedy)
    assert f"for `{key}` in deployments/stack.yml" in told.value.remedy
    name_image(store, key, monkeypatch)
    assert store.load(saved, print) == "1 conversation"
    (saved / "conversations.rdb").unlink()
    put_back_into = SimpleNamespace(name="swarm", conversations=lambda: store)
    saved.rename(store.settings.workspace / CONVERSATIONS)
    put_back(store.settings, put_back_into, print)  # type: ignore[arg-type]


def test_a_store_that_gives_no_copy_is_asked_again_after_a_look_at_its_log(
    store: FleetConversations, tmp_path: Path
) -> None:
    """`docker service logs` says why; the same command works once that is over, and nothing half is left before."""
    engine: Any = store.client
    engine.faults.add("mute")
    (tmp_path / "new").mkdir()
    with pytest.raises(RatchetError, match="gave no copy of its conversations") as told:
        store.save(tmp_path / "new", print)
    assert not list((tmp_path / "new").iterdir())
    assert "Out of memory" in engine.type(only(told.value.remedy, "docker"))
    engine.faults.clear()
    assert store.save(tmp_path / "new", print) == "1 conversation"


def test_a_store_that_takes_only_a_part_keeps_it_and_says_why_in_its_log(
    store: FleetConversations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy is still there, and is taken once there is room."""
    name_image(store, "redis", monkeypatch)
    engine: Any = store.client
    engine.faults.add("full")
    with pytest.raises(RatchetError, match="did not take all conversations: OOM") as told:
        store.load(tmp_path / "saved", print)
    assert "Out of memory" in engine.type(only(told.value.remedy, "docker"))
    engine.faults.clear()
    assert store.load(tmp_path / "saved", print) == "1 conversation"
