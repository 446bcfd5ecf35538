"""People answer in the bot's place on a fleet of two replicas: nothing is lost or comes twice, the bot is silent."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
import yaml

from tests.e2e.fleet.desk_talk import Record, Talk, check
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


def talked(fleet: Fleet, conversations: int, rate: float, meanwhile: Callable[[], None]) -> Record:
    """Let people talk while something happens to the fleet."""
    host = fleet.target.url().rpartition(":")[0]
    talk = Talk([fleet.target.url()], [f"{host}:{fleet.settings.operation_port}"], WEB, PEOPLE)
    failed: list[BaseException] = []

    def happen() -> None:
        try:
            time.sleep(5)  # the talk has begun
            meanwhile()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=happen)
    thread.start()
    record = asyncio.run(talk.run(conversations, rate))
    thread.join()
    if failed:
        raise failed[0]
    return record


def test_500_conversations_go_through_a_release_and_a_rollback(people: Fleet) -> None:
    """Ten messages a second, half of the conversations handed over and answered by three persons, and given back."""
    assert people.live is not None
    before = people.live

    def release_and_back() -> None:
        people.bring_out(people.package())
        people.roll_out(as_older(before))

    record = talked(people, 500, 10.0, release_and_back)
    check(record, 500)
    print(
        f"median {record.median:.2f} s of {len(record.seconds)} replies, {record.repeated} requests repeated"
    )
    assert record.median < 1.0
    releases = {answer["release"] for answers in record.answers.values() for answer in answers}
    assert len(releases) == 2, "the release and the rollback were over before the talk, or after it"


@pytest.mark.parametrize("part", ["bot", "proxy", "redis"])
def test_a_part_that_is_killed_loses_nothing_that_was_acknowledged(people: Fleet, part: str) -> None:
    """Its processes, as a crash ends them; one of two replicas, the only proxy, the only Redis with its file."""

    def kill() -> None:
        before = {one.id for one in people.containers(part)}
        people.containers(part)[0].kill(signal=signal.SIGKILL)
        until(lambda: len({one.id for one in people.containers(part)} - before) > 0, 60, f"another {part}")

    record = talked(people, 40, 4.0, kill)
    check(record, 40)
    until(lambda: answers(people), 60, "the fleet answers")
