"""Tests of the `process` target on real processes, with a stand-in for the bot's server."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest

from ratchet.adapters.bot import channel
from ratchet.adapters.system.processes import Replica, await_ready, read_replica
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.domain.errors import RatchetError
from tests.adapters.targets.stand_ins import packaged, released, with_policy
from tests.workspaces import fake_workspace

pytestmark = pytest.mark.e2e  # real servers and their supervisor


def test_a_release_replaces_another_without_a_failed_request(target: ProcessTarget) -> None:
    """People who talk to the bot while it is released notice nothing: each request is answered."""
    first = released(target, b"one")
    assert channel.serves(target.url(), first.id)
    codes: list[int] = []
    done = threading.Event()

    def talk() -> None:
        while not done.is_set():
            body = {"sender": "a", "message": "hello"}
            answer = httpx.post(f"{target.url()}/chat", json=body, trust_env=False, timeout=10)
            codes.append(answer.status_code)

    people = [threading.Thread(target=talk) for _ in range(3)]
    for person in people:
        person.start()
    second = released(target, b"two")
    time.sleep(0.5)
    done.set()
    for person in people:
        person.join()
    assert channel.serves(target.url(), second.id)
    assert len(codes) > 5
    assert set(codes) == {200}


@pytest.mark.parametrize("fault", ["crash", "never-healthy"])
def test_a_release_that_does_not_come_up_leaves_the_old_one_serving(tmp_path: Path, fault: str) -> None:
    """The new one is stopped and its log shown; the old one answers all the time."""
    target = with_policy(ProcessTarget(fake_workspace(tmp_path / "ws")), start_timeout_seconds=2.0)
    try:
        old = released(target, b"one")
        with pytest.raises(RatchetError, match=r"ended before it was ready|was not ready within 2 s"):
            target.stage(packaged(target, b"two", fault), print)
        assert channel.serves(target.url(), old.id)
        assert not (target.folder / "staged.json").exists()
    finally:
        target.stop(print)


def test_a_server_that_ends_is_told_in_its_own_words(tmp_path: Path) -> None:
    """A model without its sentence encoder: one sentence of the error, and the end of the log below it."""
    said = "m.tar.gz cannot be served without its sentence encoder: there is none here. Run `ratchet serve`."
    log = tmp_path / "log"
    log.write_text(f"loading\nerror: {said}\n")
    gone = Replica("r", 1, 2**22 + 1, 0.0)
    with pytest.raises(RatchetError) as caught:
        await_ready(gone, lambda: False, 5, log)
    assert caught.value.fact == f"The new replica ended before it was ready: {said}"
    assert "loading" in caught.value.remedy
    log.write_text("")
    with pytest.raises(RatchetError) as silent:
        await_ready(gone, lambda: False, 5, log)
    assert silent.value.fact == "The new replica ended before it was ready."


def test_a_killed_replica_is_restarted_and_requests_wait_for_it(target: ProcessTarget) -> None:
    """SIGKILL of the live replica: the supervisor brings it back without anybody's help."""
    release = released(target, b"one")
    before = read_replica(target.folder / "live.json")
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)
    answer = httpx.get(f"{target.url()}/status", timeout=20, trust_env=False)
    assert answer.json()["release"] == release.id
    after = read_replica(target.folder / "live.json")
    assert after is not None
    assert after.pid != before.pid


def test_a_bundle_that_was_changed_is_never_started(target: ProcessTarget) -> None:
    """A model archive is code: its digest is verified before each load."""
    release = packaged(target, b"one")
    (target.bundles / release.bundle / "model.tar.gz").write_bytes(b"evil")
    with pytest.raises(RatchetError, match="is not the one that release"):
        target.stage(release, print)


def test_packaging_twice_is_a_no_op(target: ProcessTarget) -> None:
    """The same model and code give the same bundle, however often it is packaged."""
    first, second = packaged(target, b"one"), packaged(target, b"one")
    assert first.bundle == second.bundle
    assert len(list(target.bundles.iterdir())) == 1


def test_a_port_in_use_is_one_clear_error_and_stops_nothing(target: ProcessTarget) -> None:
    """The other program keeps its port; the staged replica does not linger."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", target.settings.port))
        other.listen()
        release = packaged(target, b"one")
        target.stage(release, print)
        with pytest.raises(RatchetError, match=r"cannot be opened.*RATCHET_PORT"):
            target.deploy(release, print)
    assert target.replicas() == []
    assert not (target.folder / "staged.json").exists()


def test_cleaning_stops_what_an_unfinished_release_left_and_keeps_the_live_one(target: ProcessTarget) -> None:
    """A staged replica of a killed run goes; the live replica and its bundle stay, whatever their age.

    So do the releases before it: attempts that failed do not count against them.
    """
    before = [packaged(target, f"live {number}".encode()).bundle for number in range(6)]
    live = released(target, b"live")
    for bundle in (*before, live.bundle):
        os.utime(target.bundles / bundle, (0, 0))
    for number in range(6):
        packaged(target, str(number).encode())
    left_over = packaged(target, b"left")
    target.stage(left_over, print)
    left = read_replica(target.folder / "staged.json")
    assert left is not None
    target.clean(live, print, [*before, live.bundle])
    assert channel.status(left.url) is None
    assert channel.serves(target.url(), live.id)
    kept = {path.name for path in target.bundles.iterdir()}
    assert kept == {*before[-4:], live.bundle, left_over.bundle}


def test_stopping_leaves_nothing_running_and_starting_again_serves_the_same(target: ProcessTarget) -> None:
    """`ratchet stop` ends supervisor and replica; the release stays packaged."""
    release = released(target, b"one")
    target.stop(print)
    assert channel.status(target.url()) is None
    target.stage(release, print)
    target.deploy(release, print)
    assert channel.serves(target.url(), release.id)


def test_a_replica_that_no_file_names_is_found_and_stopped(target: ProcessTarget) -> None:
    """A run killed between starting a server and noting it leaves no server for ever."""
    live = released(target, b"live")
    url = target.stage(packaged(target, b"left"), print)
    (target.folder / "staged.json").unlink()
    target.clean(live, print)
    assert channel.status(url) is None
    assert channel.serves(target.url(), live.id)
