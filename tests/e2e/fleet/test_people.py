"""People answer in the bot's place on a fleet of two replicas: nothing is lost or comes twice, the bot is silent."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
import yaml

from tests.e2e.fleet.desk_record import Record, check, written
from tests.e2e.fleet.desk_talk import STEPS, Talk, await_step
from tests.e2e.fleet.fleet import ROOT, Fleet, as_older, make_fleet, until

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(1800)]
WEB, PEOPLE = "w" * 24, "p" * 24


@pytest.fixture(scope="module")
def people(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet whose clients' file has users and people."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    folder = Path(tmp_path_factory.mktemp("people"))
    clients = folder / "clients.yml"
    clients.write_text(
        yaml.safe_dump(
            [{"name": "web", "token": WEB}, {"name": "people", "token": PEOPLE, "rights": ["handoff"]}]
        )
    )
    made = make_fleet(folder / "workspace", "ratchet-people", 15125, client_tokens_file=clients)
    made.remove()
    try:
        made.bring_out(made.package())
        until(lambda: answers(made), 15, "the proxy of a new fleet finds its replicas")
        yield made
    finally:
        made.remove()


def answers(fleet: Fleet) -> bool:
    """Whether a user gets an answer."""
    import httpx

    try:
        said = httpx.post(
            f"{fleet.target.url()}/chat",
            json={"sender": "first", "message": "hello"},
            headers={"Authorization": f"Bearer {WEB}"},
            timeout=30,
            trust_env=False,
        )
        return said.status_code == 200
    except httpx.HTTPError:
        return False


def talked(
    fleet: Fleet, series: str, conversations: int, rate: float, meanwhile: Callable[[Talk], None]
) -> Record:
    """Let people talk while something happens to the fleet, and look at what came of it."""
    host = fleet.target.url().rpartition(":")[0]
    talk = Talk([fleet.target.url()], [f"{host}:{fleet.settings.operation_port}"], WEB, PEOPLE, series)
    failed: list[BaseException] = []

    def happen() -> None:
        try:
            until(lambda: len(talk.record.took) > 1, 60, "the talk begins")
            meanwhile(talk)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=happen)
    thread.start()
    record = asyncio.run(talk.run(conversations, rate, more=thread.is_alive))
    thread.join()
    if failed:
        raise failed[0]
    print(f"{series}: {record.line()}; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    check(record)
    expected = written(record)
    assert remembered(fleet, list(expected)) == expected
    return record


def remembered(fleet: Fleet, names: list[str]) -> dict[str, list[str]]:
    """What the users have written, as the bot's own memory has it."""
    found = fleet.containers("redis")[0].exec_run(
        ["redis-cli", "--raw", "MGET", *(f"ratchet:tracker:web/{name}" for name in names)]
    )
    trackers = [json.loads(line) for line in found.output.decode().splitlines()]
    said = [[event["text"] for event in one["events"] if event["event"] == "user"] for one in trackers]
    return dict(zip(names, said, strict=True))


def test_500_conversations_go_through_a_release_and_a_rollback(people: Fleet) -> None:
    """Ten messages a second, half of the conversations handed over and answered by three persons, and given back."""
    assert people.live is not None
    before = people.live

    def release_and_back(talk: Talk) -> None:
        people.bring_out(people.package())
        people.roll_out(as_older(before))

    record = talked(people, "release", 500, 10.0, release_and_back)
    assert record.median < 1.0
    releases = {answer["release"] for answers in record.answers.values() for answer in answers}
    assert len(releases) == 2, "nobody met the release"


@pytest.mark.parametrize("part", ["bot", "every bot", "proxy", "redis"])
def test_a_part_that_is_killed_loses_nothing_that_was_acknowledged(people: Fleet, part: str) -> None:
    """Its processes, as a crash ends them, once while a request of each step is under way.

    One of two replicas, which have the API as well, or both of them, the only proxy, the only Redis with its file.
    """

    def kill(talk: Talk) -> None:
        for step in STEPS:
            kill_at(people, part, talk, step)

    talked(people, part.replace(" ", "-"), 40, 4.0, kill)


def kill_at(fleet: Fleet, part: str, talk: Talk, step: str) -> None:
    """Kill a part while a request of this step is under way, and wait until there is another."""
    ready = fleet.containers(part.removeprefix("every "))
    chosen = ready if part.startswith("every") else ready[-1:]
    processes, gone = [one.attrs["State"]["Pid"] for one in chosen], {one.id for one in chosen}
    await_step(talk, step)
    for process in processes:
        os.kill(process, signal.SIGKILL)
    until(lambda: whole(fleet, part, gone, len(ready)), 90, f"another {part} after {step}")
    there = time.monotonic()
    until(lambda: answered(talk, there), 60, f"an answer to all that met the loss at {step}")


def answered(talk: Talk, at: float) -> bool:
    """Whether every request that was sent before this time has its answer: no user meets two losses with one."""
    return all(begun > at for begun in list(talk.unanswered.values()))


def whole(fleet: Fleet, part: str, gone: set[str], number: int) -> bool:
    """Whether as many of a part run as before, without those that are gone, and users get answers."""
    there = {one.id for one in fleet.containers(part.removeprefix("every "))}
    ready = len(there) == number and not there & gone and answers(fleet)
    return ready and all(replica.ready for replica in fleet.target.replicas())
