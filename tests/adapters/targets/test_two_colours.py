"""Tests of the `process` target's two colours on real processes: the switch, what stays warm, and the way back."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import psutil
import pytest

from ratchet.adapters.bot import channel
from ratchet.adapters.system.files import write_json
from ratchet.adapters.system.processes import Replica, alive, ensure_supervisor, read_replica, terminate
from ratchet.adapters.targets import colours
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release
from tests.adapters.targets.stand_ins import packaged, released, with_policy
from tests.tiers import exhaustive, tiers
from tests.workspaces import ROOT

pytestmark = pytest.mark.e2e  # real servers and their supervisor

PATIENCE_SECONDS = 30


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def replica(target: ProcessTarget, name: str) -> Replica:
    """The process that a file names."""
    found = read_replica(target.folder / name)
    assert found is not None
    return found


def write(connection: http.client.HTTPConnection) -> str:
    """Write a message over a kept connection and return who answered."""
    body = json.dumps({"sender": "a", "message": "hello"})
    connection.request("POST", "/chat", body, {"Content-Type": "application/json"})
    return str(json.load(connection.getresponse())["release"])


def test_a_release_switches_at_once_and_keeps_the_old_one_warm(target: ProcessTarget) -> None:
    """New connections and new requests on a kept one go to the new release; the old one runs on, and is not listed."""
    first = released(target, b"one")
    assert target.warm() is None
    kept = http.client.HTTPConnection("127.0.0.1", target.settings.port, timeout=10)
    assert write(kept) == first.id
    socket = kept.sock
    second = released(target, b"two")
    assert write(kept) == second.id
    assert kept.sock is socket
    assert channel.serves(target.url(), second.id)
    warm = target.warm()
    assert warm is not None
    assert warm.release == first.id
    assert alive(replica(target, colours.WARM))
    assert [one.release for one in target.replicas()] == [second.id]


@pytest.mark.parametrize("minutes", [15, exhaustive(0)])
def test_a_request_in_flight_is_answered_by_the_release_that_has_it(
    target: ProcessTarget, minutes: float
) -> None:
    """Whether that stays warm or stops: it is waited for."""
    target = with_policy(target, keep_warm_minutes=minutes, drain_seconds=20)
    first = released(target, b"one", "slow 3")
    answers: list[str] = []
    person = http.client.HTTPConnection("127.0.0.1", target.settings.port, timeout=20)
    asking = threading.Thread(target=lambda: answers.append(write(person)))
    second = packaged(target, b"two")
    target.stage(second, print)
    asking.start()
    time.sleep(0.5)
    target.deploy(second, print)
    assert channel.serves(target.url(), second.id)
    asking.join()
    assert answers == [first.id]


def test_a_rollback_to_a_warm_release_is_a_switch_and_so_is_the_way_forth(target: ProcessTarget) -> None:
    """The same processes serve again; the one that is left stays warm in its place."""
    first, second = released(target, b"one"), released(target, b"two")
    one, two = replica(target, colours.WARM), replica(target, colours.LIVE)
    for live, left, process in ((first, second, one), (second, first, two)):
        assert target.switch_back(live, print)
        assert channel.serves(target.url(), live.id)
        assert replica(target, colours.LIVE).pid == process.pid
        warm = target.warm()
        assert warm is not None
        assert warm.release == left.id
    assert not target.switch_back(second, print), "it is live, not warm"


@pytest.mark.parametrize("sign", [exhaustive(signal.SIGKILL), signal.SIGSTOP])
def test_the_live_release_need_not_be_healthy_for_a_rollback(target: ProcessTarget, sign: int) -> None:
    """It died, or stands still: traffic switches all the same, and stays switched."""
    first, second = released(target, b"one"), released(target, b"two")
    bad = replica(target, colours.LIVE)
    os.kill(bad.pid, sign)
    said: list[str] = []
    assert target.switch_back(first, said.append)
    assert channel.serves(target.url(), first.id)
    if sign == signal.SIGSTOP:
        os.kill(bad.pid, signal.SIGCONT)
        warm = target.warm()
        assert warm is not None
        assert warm.release == second.id
    time.sleep(1.5)  # three looks of the supervisor
    assert replica(target, colours.LIVE).release == first.id
    assert channel.serves(target.url(), first.id)


@contextlib.contextmanager
def other_token(target: ProcessTarget, release: Release) -> Iterator[Release]:
    """Another staging token was given out, as after one that was lost."""
    token = channel.staging_token(target.settings)
    before = token.read_text()
    token.write_text("another token of some length")
    yield release
    token.write_text(before)


@contextlib.contextmanager
def changed(target: ProcessTarget, release: Release) -> Iterator[Release]:
    """Its model was changed on disk."""
    model = target.bundles / release.bundle / "model.tar.gz"
    before = model.read_bytes()
    model.write_bytes(b"evil")
    yield release
    model.write_bytes(before)


@contextlib.contextmanager
def another(target: ProcessTarget, release: Release) -> Iterator[Release]:
    """A release is asked for that is not warm."""
    yield replace(release, id="2026-01-01-000000")


@contextlib.contextmanager
def other_bundle(target: ProcessTarget, release: Release) -> Iterator[Release]:
    """The manifest names another bundle than the one that the process runs from."""
    yield replace(packaged(target, b"three"), id=release.id)


@contextlib.contextmanager
def frozen(target: ProcessTarget, release: Release) -> Iterator[Release]:
    """It stands still, and does not say that it is ready."""
    warm = replica(target, colours.WARM)
    os.kill(warm.pid, signal.SIGSTOP)
    yield release
    os.kill(warm.pid, signal.SIGCONT)


def test_only_exactly_this_release_in_good_order_is_switched_to(
    target: ProcessTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A revoked token stays revoked. Else nothing changes, and the release path starts the release again."""
    monkeypatch.setattr(channel, "TIMEOUT", httpx.Timeout(2.0))
    first, second = released(target, b"one"), released(target, b"two")
    before = replica(target, colours.LIVE)
    for spoilt in (other_token, changed, another, other_bundle, frozen):
        with spoilt(target, first) as release:
            assert not target.switch_back(release, print), spoilt
            assert replica(target, colours.LIVE) == before
    assert channel.serves(target.url(), second.id)
    assert target.switch_back(first, print)


def test_a_new_release_ends_the_warm_one_first_and_says_so(target: ProcessTarget) -> None:
    """Two replicas at a time is what the machine has to hold."""
    first, second = released(target, b"one"), released(target, b"two")
    one, said = replica(target, colours.WARM), list[str]()
    third = packaged(target, b"three")
    target.stage(third, said.append)
    assert f"stopped the replica of {first.id}, which was still warm" in said
    assert not alive(one)
    assert target.warm() is None
    target.deploy(third, said.append)
    warm = target.warm()
    assert warm is not None
    assert warm.release == second.id


@pytest.mark.parametrize("policy", [{"keep_warm_minutes": 0}, {"order": "rolling"}])
def test_without_warmth_the_old_replica_stops_after_the_switch(
    target: ProcessTarget, policy: dict[str, Any]
) -> None:
    """Then there is nothing to switch back to."""
    first = released(target, b"one")
    old = replica(target, colours.LIVE)
    released(with_policy(target, **policy), b"two")
    assert not alive(old)
    assert target.warm() is None
    assert not target.switch_back(first, print)


def test_the_supervisor_ends_a_warm_replica_when_its_time_is_over(target: ProcessTarget) -> None:
    """Nothing of Ratchet runs then; the live one is not touched."""
    target = with_policy(target, keep_warm_minutes=0.02)
    released(target, b"one")
    old = replica(target, colours.LIVE)
    second = released(target, b"two")
    until(lambda: not alive(old) and not (target.folder / colours.WARM).exists())
    assert channel.serves(target.url(), second.id)
    until(lambda: "which was warm" in (target.folder / "logs" / "supervisor.log").read_text())


def test_a_supervisor_that_was_restarted_ends_what_is_over(target: ProcessTarget) -> None:
    """It was killed meanwhile, with nobody to look at the time."""
    released(target, b"one")
    second = released(target, b"two")
    warm, supervisor = replica(target, colours.WARM), replica(target, colours.SUPERVISOR)
    os.kill(supervisor.pid, signal.SIGKILL)
    until(lambda: not alive(supervisor))
    write_json(target.folder / colours.WARM, {**warm.as_dict(), "until": "2026-01-01T00:00:00"})
    ensure_supervisor(target.folder, target.settings.port)
    until(lambda: not alive(warm))
    assert channel.serves(target.url(), second.id)


def test_a_warm_replica_that_dies_is_not_restarted(target: ProcessTarget) -> None:
    """There is none then, which the next look finds."""
    first, second = released(target, b"one"), released(target, b"two")
    terminate(replica(target, colours.WARM))
    assert target.warm() is None
    assert not target.switch_back(first, print)
    until(lambda: not (target.folder / colours.WARM).exists())
    assert channel.serves(target.url(), second.id)


def test_cleaning_keeps_what_is_warm_and_ends_what_is_over(target: ProcessTarget) -> None:
    """It is no stray, and its bundle stays whatever its age; `cool` and `stop` leave none."""
    first, second = released(target, b"one"), released(target, b"two")
    warm = replica(target, colours.WARM)
    os.utime(target.bundles / first.bundle, (0, 0))
    target.clean(second, print, ["other"] * 5)
    assert alive(warm)
    assert (target.bundles / first.bundle).exists()
    target.cool(print)
    assert alive(warm), "its time is not over"
    target.cool(print, now=True)
    assert not alive(warm)
    released(target, b"three")
    left = [replica(target, name) for name in (colours.WARM, colours.LIVE)]
    target.stop(print)
    assert not any(map(alive, left))


def test_too_little_memory_is_said_before_anything_starts(
    target: ProcessTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what it takes; the setting that it names lets the release go out."""
    first = released(target, b"one")
    released(target, b"two")
    third = packaged(target, b"three")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1_000_000))
    with pytest.raises(RatchetError, match=r"needs \d+ MB of memory, and \d+ MB are free") as caught:
        target.stage(third, print)
    assert "`rollout.order: rolling`" in caught.value.remedy
    assert read_replica(target.folder / colours.STAGED) is None
    warm = target.warm()
    assert warm is not None
    assert warm.release == first.id
    rolling = with_policy(target, order="rolling")
    rolling.stage(third, print)
    rolling.deploy(third, print)
    assert channel.serves(target.url(), third.id)


def test_under_a_supervisor_of_an_older_ratchet_nothing_stays_warm(target: ProcessTarget) -> None:
    """It would not end it, and would keep connections on the old release; what to do about it is said, and helps."""
    released(target, b"one")
    old = replica(target, colours.LIVE)
    write_json(
        target.folder / colours.SUPERVISOR, {**replica(target, colours.SUPERVISOR).as_dict(), "release": ""}
    )
    said: list[str] = []
    second = packaged(target, b"two")
    target.stage(second, print)
    target.deploy(second, said.append)
    assert not alive(old)
    assert "`ratchet stop`, then `ratchet serve`" in said[0]
    target.stop(print)
    target.stage(second, print)
    target.deploy(second, print)
    released(target, b"three")
    assert target.warm() is not None


def test_a_restart_never_replaces_what_was_switched_to_meanwhile(target: ProcessTarget) -> None:
    """The supervisor saw the old one dead and took its time; the new one stays live."""
    released(target, b"one")
    old = replica(target, colours.LIVE)
    second = released(target, b"two")
    assert not colours.restart(target.folder, old)
    assert replica(target, colours.LIVE).release == second.id


def test_a_restarted_replica_has_the_secrets_of_its_restart(target: ProcessTarget) -> None:
    """It is warm later on, and a rollback to it a switch."""
    first = released(target, b"one")
    before = replica(target, colours.LIVE)
    with other_token(target, first):
        os.kill(before.pid, signal.SIGKILL)
        until(lambda: replica(target, colours.LIVE).pid != before.pid)
        until(lambda: channel.serves(target.url(), first.id))
        released(target, b"two")
        assert target.switch_back(first, print)


def test_what_was_started_with_other_settings_or_secrets_is_not_as_declared(target: ProcessTarget) -> None:
    """So that a release of the same model and code takes them over, and one without any change does nothing."""
    first = released(target, b"one")
    assert target.as_declared()
    with other_token(target, first):
        assert not target.as_declared()
    assert target.as_declared()
    changed = target.settings.model_copy(update={"conversation_messages": 7})
    assert not ProcessTarget(changed).as_declared()


CHANGES = {"deploy": 2, "switch_back": 2}
"""So many files does each of them replace."""
KILLS = [(step, number) for step, most in CHANGES.items() for number in range(1, most + 1)]


@pytest.mark.parametrize("kill", tiers(KILLS, lambda kill: kill[1] == 1))
def test_a_killed_switch_leaves_one_replica_live_and_the_next_run_cleans_up(
    target: ProcessTarget, kill: tuple[str, int]
) -> None:
    """Between its two changes: somebody serves, and what no file names is found; then the same again comes through."""
    step, number = kill
    first, second = released(target, b"one"), released(target, b"two")
    wanted = first
    if step == "deploy":
        wanted = packaged(target, b"three")
        target.stage(wanted, print)
    done = run_killed(target, step, number, wanted)
    assert done.returncode == -signal.SIGKILL, done.stderr
    live = replica(target, colours.LIVE)
    assert live.release == (wanted.id if number == CHANGES[step] else second.id)
    assert channel.serves(target.url(), live.release)
    target.clean(None, print)
    target.clean(None, print)
    assert {one.pid for one in servers(target)} == {one.pid for one in colours.named(target.folder)}
    assert channel.serves(target.url(), live.release)
    if live.release != wanted.id and not target.switch_back(wanted, print):
        target.stage(wanted, print)
        target.deploy(wanted, print)
    assert channel.serves(target.url(), wanted.id)


def run_killed(
    target: ProcessTarget, step: str, number: int, release: Release
) -> subprocess.CompletedProcess[str]:
    """Run a step of the target in a process that is killed after a change."""
    settings = target.settings
    words = [str(settings.workspace), str(settings.port), step, str(number), json.dumps(release.as_dict())]
    argv = [sys.executable, "-m", "tests.adapters.targets.killed_target", *words]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=120)


def servers(target: ProcessTarget) -> list[psutil.Process]:
    """The servers that run from the target's bundles."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(word.startswith(str(target.bundles)) for word in process.info["cmdline"] or [])
    ]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"until": 3}', '{"release": "r1"}', '{"pid": -1}'])
def test_a_damaged_note_of_what_is_warm_is_no_warm_release(tmp_path: Path, content: str) -> None:
    """It goes, and what it named is a process that no file names."""
    (tmp_path / colours.WARM).write_text(content)
    assert colours.kept(tmp_path) is None
    assert colours.cool(tmp_path) is None
    assert not (tmp_path / colours.WARM).exists()


@pytest.mark.parametrize("until", [None, 3, "soon", "2026-01-01", "2026-01-01T00:00:00+00:00"])
def test_a_note_without_a_time_to_come_is_over(tmp_path: Path, until: object) -> None:
    """Nothing stays for ever for want of a date, and nobody switches to what is about to end."""
    this = Replica.of_this_process(5005)
    write_json(tmp_path / colours.WARM, {**this.as_dict(), "until": until})
    found = colours.kept(tmp_path)
    assert found is not None
    assert found.over
    assert colours.switch_to_warm(tmp_path, this, 15) == (False, None)
    assert read_replica(tmp_path / colours.LIVE) is None
