"""Where the conversations of a fleet are, as stack.yml tells the bot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ratchet.adapters.targets.swarm import derived

URL = "RATCHET_REDIS_URL"


@dataclass(frozen=True)
class Place:
    """The store: its service on the engine, and what a `redis-cli` within its container is told."""

    service: str
    port: str = "6379"
    database: str = "0"
    user: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> tuple[str, ...]:
        """The options of `redis-cli`."""
        return ("-p", self.port, "-n", self.database, *(("--user", self.user) if self.user else ()))


def address(document: dict[str, Any]) -> str:
    """Return the address of the store as stack.yml gives it to the bot, "" where there is none."""
    return str(derived.pairs(document["services"][derived.BOT].get("environment")).get(URL) or "")


def place_of(document: dict[str, Any], fleet: str) -> Place | None:
    """Return the store where it is a service of the fleet itself; None where it is elsewhere."""
    parts = urlsplit(address(document))
    if parts.scheme != "redis" or parts.hostname not in derived.base(document)["services"]:
        return None
    database = parts.path.strip("/")
    return Place(
        service=f"{fleet}_{parts.hostname}",
        port=str(parts.port or 6379),
        database=database if database.isdigit() else "0",
        user=parts.username or "",
        environment={"REDISCLI_AUTH": parts.password} if parts.password else {},
    )


def outside(url: str) -> str:
    """Say that the conversations are in a store that is no part of the fleet, without the password."""
    if not url:
        return (
            f"deployments/stack.yml names no {URL}: they are in the memory of each replica, and end with it"
        )
    return f"they are in a store outside the fleet, at {urlsplit(url).hostname or url}, which has backups of its own"
