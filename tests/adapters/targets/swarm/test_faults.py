"""The doctor's own look at a fleet, and how what is wrong is put right; the engine is a stand-in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.bot import channel
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import commands
from ratchet.adapters.targets import warmth
from ratchet.adapters.targets.swarm import base, faults, images, proxies, stack, switch
from ratchet.adapters.targets.swarm.target import SwarmTarget
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.doctor import Fault
from ratchet.domain.operations.fleet_faults import Name
from ratchet.domain.release.colours import Colour
from ratchet.domain.release.manifest import Release
from tests.fakes.engine import Engine
from tests.workspaces import ROOT, fake_workspace, make_release

CLIENTS = "- {name: web, token: 01234567890123456789012345678901, rights: [chat]}\n"


@dataclass
class Fleet:
    """A fleet on the stand-in: blue serves, green is warm where there is one."""

    settings: Settings
    engine: Engine
    target: SwarmTarget
    live: Release
    said: list[str]
    sends_to: str = ""
    """The release to which the proxy sends people whatever `switch` says, "" for the one that it says."""

    def start(self, colour: Colour, release: Release) -> None:
        """Start a release in a colour."""
        document, values = stack.read(self.settings), stack.variables(self.settings, release)
        self.target.colours.start(colour, document, values)

    def answers(self) -> str:
        """The release that people get, "" for none."""
        names = [f"fleet_{name}" for name in ("proxy", "redis")]
        serving = self.target.colours.present(self.target.colours.live())
        up = all(self.engine.tasks({"service": name}) for name in names if name in self.engine.known)
        whole = up and all(name in self.engine.known for name in names)
        return self.sends_to or (serving.release if serving and whole else "")

    def look(self) -> list[Fault]:
        """What the doctor sees."""
        return list(self.target.faults())

    def mend(self) -> list[Fault]:
        """Put right what it sees; returns what it sees then."""
        for fault in self.look():
            if fault.mendable:
                self.target.mend(fault, self.said.append)
        return self.look()

    def replicas(self, service: str) -> int:
        """How many the engine was told."""
        return int(self.engine.inspect_service(service)["Spec"]["Mode"]["Replicated"]["Replicas"])


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """A fleet as it should be."""
    engine = Engine(secrets={"ratchet_client_tokens": CLIENTS, "ratchet_staging_token": "s" * 32})
    monkeypatch.setattr(images, "connect", lambda timeout=60: engine)
    monkeypatch.setattr(images, "exists", lambda client, image: True)
    monkeypatch.setattr(commands, "run", engine.run)
    monkeypatch.setattr(proxies, "require", lambda client, settings, document: None)
    monkeypatch.setattr(faults, "PROXY_SECONDS", 0.0)
    monkeypatch.setattr(faults, "AGAIN_SECONDS", 0.0)
    settings = fake_workspace(tmp_path / "ws", target="swarm", stack="fleet")
    folder = settings.state / "secrets"
    folder.mkdir(parents=True)
    for name, secret in faults.TOKENS.items():
        (folder / name).write_text(engine.secrets[secret])
        (folder / name).chmod(0o600)
    live = release("live")
    made = Fleet(settings, engine, SwarmTarget(settings), live, [])
    base.bring(engine, settings, stack.read(settings), stack.variables(settings, colour="blue"))
    made.start(Colour.BLUE, live)
    monkeypatch.setattr(channel, "serves", lambda url, release: made.answers() == release)
    monkeypatch.setattr(channel, "readiness", lambda url: {"ready": True, "release": live.id})
    return made


def release(name: str) -> Release:
    """A release of this name."""
    return replace(make_release(f"sha256:{name}", "m" * 64), id=name, target="swarm")


def names(found: list[Fault]) -> list[str]:
    """Their names."""
    return [fault.name for fault in found]


def warm(fleet: Fleet, minutes: float) -> Release:
    """Keep an older release warm for so many minutes; it may be over already."""
    older = release("older")
    fleet.start(Colour.GREEN, older)
    fleet.target.colours.keep_warm(Colour.GREEN, datetime.now(UTC) + timedelta(minutes=minutes))
    return older


def test_a_fleet_as_declared_has_no_fault(fleet: Fleet) -> None:
    """Neither alone nor with a release that is kept warm."""
    assert fleet.look() == []
    warm(fleet, 10)
    assert fleet.look() == []


def test_a_fleet_that_was_stopped_has_no_fault_of_its_own(fleet: Fleet) -> None:
    """That nothing serves is found by the replicas' answers, on every target."""
    fleet.engine.known.clear()
    assert fleet.look() == []


@pytest.mark.parametrize("number", [0, 1, 5])
def test_replicas_scaled_by_hand_are_found_and_brought_back(fleet: Fleet, number: int) -> None:
    """To the number that stack.yml declares; a service of the base likewise."""
    fleet.engine.run(["docker", "service", "update", "--replicas", str(number), "fleet-blue_bot-blue"])
    [fault] = fleet.look()
    assert (fault.name, fault.mendable) == (Name.REPLICAS, True)
    assert f"has {number} replica" in fault.fact
    assert "declares 2" in fault.fact
    assert fleet.mend() == []
    assert fleet.replicas("fleet-blue_bot-blue") == 2


@pytest.mark.parametrize("service", ["redis", "switch"])
def test_a_service_of_the_fleet_scaled_to_nothing_is_brought_back(fleet: Fleet, service: str) -> None:
    """Also by every run that begins, which has to find a fleet that can take a release."""
    for repair in (fleet.mend, lambda: fleet.target.clean(fleet.live, fleet.said.append)):
        fleet.engine.run(["docker", "service", "update", "--replicas", "0", f"fleet_{service}"])
        assert names(fleet.look()) == [Name.REPLICAS]
        repair()
        assert fleet.look() == []


@pytest.mark.parametrize("lost", [["redis"], ["proxy"], ["switch"], ["redis", "proxy", "switch"]])
def test_services_that_were_removed_are_started_again(fleet: Fleet, lost: list[str]) -> None:
    """By the doctor, and by every run that begins; the colour that had the traffic has it again."""
    warm(fleet, 10)
    for repair in (fleet.mend, lambda: fleet.target.clean(fleet.live, fleet.said.append)):
        for name in lost:
            del fleet.engine.known[f"fleet_{name}"]
        [fault] = fleet.look()
        assert (fault.name, fault.mendable) == (Name.SERVICES, True)
        assert all(f"fleet_{name}" in fault.fact for name in lost)
        repair()
        assert fleet.look() == []
        assert fleet.target.colours.live() is Colour.BLUE


def test_a_run_that_begins_leaves_the_replicas_that_somebody_added(fleet: Fleet) -> None:
    """There may be a reason; the doctor names it."""
    fleet.engine.run(["docker", "service", "update", "--replicas", "5", "fleet-blue_bot-blue"])
    fleet.target.clean(fleet.live, fleet.said.append)
    assert fleet.replicas("fleet-blue_bot-blue") == 5


@pytest.mark.parametrize("name", list(faults.TOKENS))
def test_a_missing_token_is_taken_from_a_replica(fleet: Fleet, name: str) -> None:
    """A look makes no new one: every client of today would be refused by the next release."""
    file = fleet.settings.state / "secrets" / name
    content = file.read_text()
    for repair in (fleet.mend, lambda: fleet.target.clean(fleet.live, fleet.said.append)):
        file.unlink()
        [fault] = fleet.look()
        assert (fault.name, fault.mendable, fault.subject) == (Name.SECRETS, True, name)
        assert not file.exists()
        repair()
        assert file.read_text() == content
        assert file.stat().st_mode & 0o777 == 0o600
        assert fleet.look() == []


def test_a_missing_token_that_no_replica_here_has_cannot_be_mended(fleet: Fleet) -> None:
    """The way is said."""
    fleet.engine.here = False
    (fleet.settings.state / "secrets" / "client-tokens.yml").unlink()
    [fault] = fleet.look()
    assert not fault.mendable
    assert "DOCKER_HOST" in fault.remedy


def test_open_secrets_are_found_and_closed(fleet: Fleet) -> None:
    """As on every target."""
    (fleet.settings.state / "secrets" / "staging-token").chmod(0o644)
    assert names(fleet.look()) == [Name.SECRETS]
    assert fleet.mend() == []


def test_a_changed_token_that_no_release_brought_out_is_found(fleet: Fleet) -> None:
    """A revoked one is still let in; a release brings today's out."""
    (fleet.settings.state / "secrets" / "client-tokens.yml").write_text(CLIENTS.replace("web", "app"))
    [fault] = fleet.look()
    assert (fault.name, fault.mendable) == (Name.SECRETS, False)
    assert "`ratchet release champion`" in fault.remedy


def test_a_proxy_that_sends_people_elsewhere_is_told_again(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once more what it was told, and where that does not help, it is started again."""
    fleet.sends_to = "another"
    [fault] = fleet.look()
    assert (fault.name, fault.mendable) == (Name.PROXY, True)

    def told(client: Any, settings: Settings, colour: Colour) -> None:
        fleet.sends_to = ""

    monkeypatch.setattr(switch, "tell", told)
    assert fleet.mend() == []
    fleet.sends_to = "another"
    monkeypatch.setattr(switch, "tell", lambda client, settings, colour: None)
    with pytest.raises(RatchetError, match="does not answer as release"):
        fleet.mend()
    assert any("--force fleet_proxy" in command for command in fleet.engine.commands)


def test_replicas_that_are_not_ready_are_no_fault_of_the_proxy(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the release does not serve is told by the replicas themselves."""
    fleet.sends_to = "another"
    monkeypatch.setattr(channel, "readiness", lambda url: {"ready": False, "why": "conversation store"})
    assert fleet.look() == []


def test_a_colour_that_a_killed_run_left_is_found(fleet: Fleet) -> None:
    """It goes with the start of the live release, which knows what is recorded."""
    fleet.start(Colour.GREEN, release("newer"))
    assert names(fleet.look()) == [Name.STRAY]
    fleet.mend()
    fleet.target.clean(fleet.live, fleet.said.append)
    assert fleet.look() == []
    assert fleet.target.colours.live() is Colour.BLUE


def test_a_warm_release_whose_time_is_long_over_is_found_and_ended(fleet: Fleet) -> None:
    """Nobody looks on: there is no monitor."""
    warm(fleet, -1)
    assert fleet.look() == []  # the monitor's next look ends it
    warm(fleet, -10)
    assert names(fleet.look()) == [Name.WARM]
    assert fleet.mend() == []
    assert fleet.target.warm() is None


@contextmanager
def another_run(lock: Path) -> Iterator[None]:
    """Hold a lock in a process of its own."""
    code = (
        "import sys, pathlib; from ratchet.adapters.system.lock import hold\n"
        "with hold(pathlib.Path(sys.argv[1]), 'A rollback'): print('held', flush=True); sys.stdin.read()"
    )
    argv = [sys.executable, "-c", code, str(lock)]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
    finally:
        process.communicate()


def test_the_monitor_ends_a_warm_release_when_its_time_is_over(fleet: Fleet) -> None:
    """Not before, and not while a run is in progress, which may be about to go back to it."""
    older = warm(fleet, 10)
    assert warmth.end(fleet.settings, fleet.said.append) == "nothing is warm longer than it should be"
    fleet.target.colours.keep_warm(Colour.GREEN, datetime.now(UTC) - timedelta(seconds=1))
    with another_run(fleet.settings.state / "run.lock"):
        assert "ends later" in warmth.end(fleet.settings, fleet.said.append)
    assert fleet.target.colours.present(Colour.GREEN) is not None
    assert older.id in warmth.end(fleet.settings, fleet.said.append)
    assert fleet.target.colours.present(Colour.GREEN) is None
    assert fleet.target.colours.live() is Colour.BLUE
    assert warmth.end(fleet.settings, fleet.said.append) == "nothing is warm longer than it should be"


def test_an_engine_that_does_not_answer_does_not_end_the_monitor(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, and the next look tries again."""

    def refuse(timeout: float = 60) -> None:
        raise RatchetError("No Docker engine answers.")

    monkeypatch.setattr(images, "connect", refuse)
    assert "No Docker engine answers" in warmth.end(fleet.settings, fleet.said.append)


def test_an_image_of_one_node_is_not_there_for_several(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are more nodes and a registry, it is built again for that: no other node could start it."""
    shared = SwarmTarget(fleet.settings.model_copy(update={"registry": "ghcr.io/team/bot"}))
    pushed = replace(fleet.live, bundle="ghcr.io/team/bot@sha256:aa")
    assert shared.holds(fleet.live)
    fleet.engine.number = 3
    assert fleet.target.holds(fleet.live)
    assert not shared.holds(fleet.live)
    assert shared.holds(pushed)
