"""HAProxy in front of the fleet: its addresses, and the way through it to one replica."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from ratchet.adapters.settings import Settings

LOCAL = "127.0.0.1"


def host() -> str:
    """The address of the engine's node: this machine, or the one that DOCKER_HOST names."""
    address = urlsplit(os.environ.get("DOCKER_HOST", ""))
    return address.hostname or LOCAL if address.scheme in ("tcp", "ssh", "http", "https") else LOCAL


def entry(settings: Settings) -> str:
    """Where people reach the bot."""
    return f"http://{host()}:{settings.port}"


def replica(settings: Settings, address: str) -> str:
    """The URL under which the replica with this address in the fleet's network answers `/status` and `/metrics`."""
    return f"{operation(settings)}/replica/{address}"


def operation(settings: Settings) -> str:
    """Where operators, and people who answer in the bot's place, reach the fleet."""
    return f"http://{host()}:{settings.operation_port}"
