"""A running service takes over a schedule, deployments and automations that came with a commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratchet.adapters.service.declared import Declarations
from ratchet.adapters.settings import Settings, load_settings
from ratchet.domain.errors import RatchetError


class Server:
    """Counts how often it was given what the workspace declares; can be down."""

    def __init__(self, settings: Settings) -> None:
        self.given, self.down, self.said = 0, False, list[str]()
        self.declarations = Declarations(settings, self.provide, self.said.append, again_seconds=0)

    def provide(self) -> None:
        """Take it, or fail."""
        if self.down:
            raise RatchetError("The server does not answer.")
        self.given += 1

    def looks(self, times: int = 3) -> int:
        """Look some times and return how often the server was given something until now."""
        for _ in range(times):
            self.declarations.renew()
        return self.given


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace with a schedule."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text('triggers:\n  schedule: "0 6 * * 1"\n')
    return load_settings(tmp_path)


@pytest.fixture
def server(settings: Settings) -> Server:
    """A server that knows what was declared at the service's start."""
    return Server(settings)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("params.yaml", 'triggers:\n  schedule: "0 6 * * 2"\n'),
        ("params.yaml", 'triggers:\n  schedule: "0 6 * * 1"\n  time_zone: Europe/Berlin\n'),
        ("deployments/prefect.yaml", "deployments: []\n"),
        ("deployments/automations.yaml", "[]\n"),
    ],
)
def test_a_change_is_brought_to_the_server_once(
    settings: Settings, server: Server, name: str, text: str
) -> None:
    """Schedule, time zone, deployments and automations; looking again does nothing."""
    assert server.looks() == 0
    path = settings.workspace / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert server.looks() == 1


def test_other_policy_is_none_of_the_servers_business(settings: Settings, server: Server) -> None:
    """A new threshold of the gate loads no deployments."""
    (settings.workspace / "params.yaml").write_text(
        'triggers:\n  schedule: "0 6 * * 1"\ngate:\n  drop_p: 0.2\n'
    )
    assert server.looks() == 0


def test_an_error_is_said_once_and_tried_again(settings: Settings, server: Server) -> None:
    """A file that is not valid, then a server that is down: both are got over without a restart."""
    params = settings.workspace / "params.yaml"
    params.write_text("triggers:\n  schedul: x\n")
    assert server.looks() == 0
    params.write_text('triggers:\n  schedule: "0 6 * * 3"\n')
    server.down = True
    assert server.looks() == 0
    server.down = False
    assert server.looks() == 1
    assert [text.split(": ")[1].split()[0] for text in server.said] == ["params.yaml", "The"]
