"""What the engine says of services, as values."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import NotFound

from ratchet.adapters.settings import load_settings
from ratchet.adapters.targets.swarm.base import await_services
from ratchet.adapters.targets.swarm.docker_service import not_running
from ratchet.domain.errors import RatchetError


class Engine:
    """An engine's answers about the services of one stack: name, kind, replicas that run, and that should."""

    def __init__(self, *services: tuple[str, str, int, int]) -> None:
        self.answers = [list(services)]
        self.api = self

    def services(self, filters: dict[str, str], status: bool) -> list[dict[str, Any]]:
        """The next answer, and the last one from then on."""
        assert filters == {"label": "com.docker.stack.namespace=ratchet"}
        assert status
        now = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            {
                "Spec": {"Name": name, "Mode": {kind: {}}},
                "ServiceStatus": {"RunningTasks": running, "DesiredTasks": wanted},
            }
            for name, kind, running, wanted in now
        ]

    def inspect_service(self, name: str) -> None:
        """Nothing more is known."""
        raise NotFound(name)


@pytest.mark.parametrize(
    ("service", "missing"),
    [
        (("ratchet_redis", "Replicated", 0, 1), True),
        (("ratchet_redis", "Replicated", 1, 1), False),
        (("ratchet_off", "Replicated", 0, 0), False),
        (("ratchet_proxy", "Global", 0, 0), True),  # its tasks are not made yet
        (("ratchet_proxy", "Global", 2, 3), True),
        (("ratchet_proxy", "Global", 3, 3), False),
    ],
)
def test_a_service_runs_when_all_its_replicas_do(service: tuple[str, str, int, int], missing: bool) -> None:
    """A replica that is still fetching its image does not count; nobody waits for what is declared as nothing."""
    assert not_running(Engine(service), "ratchet") == ([service[0]] if missing else [])


def test_a_release_waits_for_what_the_bot_stands_on(tmp_path: Path) -> None:
    """The conversation store may have to be fetched; one that never comes is named, before any canary is judged.

    A later release does not insist: it may be what mends it. Nobody waits for the bot itself.
    """
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text("rollout:\n  start_timeout_seconds: 1\n")
    settings = load_settings(tmp_path)
    engine = Engine(("ratchet_redis", "Replicated", 0, 1))
    client: Any = SimpleNamespace(api=engine)
    with pytest.raises(RatchetError, match="ratchet_redis did not start within 1 s"):
        await_services(client, settings, needed=True)
    await_services(client, settings, needed=False)
    engine.answers.append([("ratchet_redis", "Replicated", 1, 1), ("ratchet_bot", "Replicated", 0, 2)])
    await_services(client, settings, needed=True)
