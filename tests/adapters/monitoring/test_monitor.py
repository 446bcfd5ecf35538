"""What a look counts, and what the monitor remembers from an older Ratchet."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratchet.adapters.monitoring import monitor
from ratchet.adapters.monitoring.monitor import Memory, Sources
from ratchet.adapters.monitoring.probe import FrontDoor
from ratchet.adapters.system.files import write_json
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.fleet import Fleet, Instance
from ratchet.domain.operations.probe import Question
from tests.fakes.front_door import opened
from tests.workspaces import fake_workspace

COUNTED = """\
# TYPE haproxy_frontend_http_responses_total counter
haproxy_frontend_http_responses_total{{proxy="channel",code="2xx"}} {good}
haproxy_frontend_http_responses_total{{proxy="channel",code="5xx"}} {bad}
"""


def test_people_are_counted_at_the_entry_and_the_monitor_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that failed while no replica was there, less the monitor's own messages, from look to look."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    with opened() as proxy:
        settings = fake_workspace(tmp_path / "ws", target="swarm", operation_port=proxy.port)
        memory = Memory()
        for good, bad, own in ((100, 0, 20), (150, 0, 1), (150, 31, 1)):
            proxy.body = COUNTED.format(good=good, bad=bad).encode()
            door = FrontDoor(settings, 0.0, asked=own, errors=int(bad > 0))
            traffic, counts, drift = monitor.look_at_traffic(settings, memory, None, 0.0, door)
            memory = Memory(proxy=counts, drift=drift)
    assert traffic is not None
    assert (traffic.requests, traffic.errors) == (50 - 1 + 31 - 1, 30)


def test_the_memory_of_an_older_ratchet_is_read(tmp_path: Path) -> None:
    """Incidents that are open stay so, and the next look has what it compares with."""
    settings = fake_workspace(tmp_path / "ws")
    one = {"name": "bot.1", "since": "t", "ready": True, "release": "r7", "model_id": "m7", "restarts": 0}
    incident = {"kind": "replica down", "subject": "", "sentence": "0 of 0.", "since": 1.0, "begun": 2.0}
    old = {
        "incidents": [incident],
        "outbox": [],
        "fleet": {"release": "r7", "model_id": "m7", "rolling": False, "instances": [one]},
        "proxy": [{"at": 1.0, "requests": 10, "errors": 1, "mean_ms": 5.0}],
        "drift": {},
        "pushed": "abc.dir",
    }
    write_json(monitor.memory_file(settings), old)
    memory = monitor.recall(settings)
    assert [one.kind for one in memory.incidents] == ["replica down"]
    assert memory.fleet == Fleet("r7", "m7", False, (Instance("bot.1", "t", True, "r7", "m7"),))
    assert (memory.proxy[0].requests, memory.pushed) == (10, "abc.dir")
    assert (memory.question, memory.probe) == (None, None)


def test_what_is_asked_is_remembered(tmp_path: Path) -> None:
    """A restarted monitor asks the release what it asked before."""
    settings = fake_workspace(tmp_path / "ws")
    memory = Memory(question=Question("r7", "hi", {"role": "clerk"}, "greet"))
    monitor.keep(settings, memory)
    assert monitor.recall(settings) == memory


def test_a_source_that_fails_hides_only_itself() -> None:
    """With the first line of why; whatever its library raised."""
    sources = Sources()

    def fail(error: Exception) -> None:
        raise error

    assert (
        sources.ask("fleet", lambda: fail(RatchetError("The engine does not answer.", "Start it."))) is None
    )
    assert sources.ask("traffic", lambda: fail(ValueError("one\ntwo"))) is None
    assert sources.ask("data", lambda: 7) == 7
    assert sources.blind == {"fleet": "The engine does not answer.", "traffic": "ValueError: one"}
