"""Unnoticed outage.

The bot had no monitoring. It was down over a weekend, and the team learnt of it on Monday, from a user.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import httpx
import psutil
import pytest

from flows import monitor
from ratchet.adapters.system.processes import read_replica
from tests.e2e.incidents.team import Team
from tests.fakes.receiver import Receiver, receiving

pytestmark = pytest.mark.e2e

DOWN = "bot down"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Who is told."""
    with receiving() as made:
        yield made


def test_an_outage_is_told_in_the_second_look_and_so_is_its_end(
    team: Team, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything of the bot is killed; the monitor, run by cron for instance, tells people once, and of the end."""
    monkeypatch.setenv("RATCHET_ALERT_URLS", receiver.url)

    def look() -> list[tuple[str, str]]:
        monitor.once(str(team.workspace))
        return [told for told in receiver.told() if told[1] in (DOWN, "replica down")]

    shutil.rmtree(team.workspace / ".ratchet" / "monitor", ignore_errors=True)  # a monitor that begins here
    assert look() == []
    processes = team.workspace / ".ratchet" / "process"
    for name in ("supervisor", "live"):
        found = read_replica(processes / f"{name}.json")
        assert found is not None
        psutil.Process(found.pid).kill()
    with pytest.raises(httpx.HTTPError):
        team.say("hello")  # the old way: this user is the first to know
    look()
    assert look() == [("begin", DOWN)]
    assert DOWN in team.ratchet("monitor", "--once")
    team.ratchet("serve")
    told = [("begin", DOWN)]
    for _ in range(4):  # two that are answered agree that it is over; the new process is no news after that
        told = look()
    assert told == [("begin", DOWN), ("end", DOWN)]
    assert any("Over: the only replica is ready, the probe " in post["message"] for post in receiver.posts)
