"""Send events to the Prefect server, whose automations answer them with runs."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ratchet.adapters.prefect.client import Server
from ratchet.adapters.prefect.server import running_url, scope
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.scope import POOL, Scope
from ratchet.domain.operations.triggers import Event


def send(settings: Settings, events: Sequence[Event]) -> str:
    """Send events over HTTP, return the server's address; raises `RatchetError` unless it took them all."""
    url = running_url(settings)
    if url is None:
        raise RatchetError(
            "No Prefect server runs for this workspace.",
            "Start it with `ratchet up`, or name one in RATCHET_PREFECT_API_URL.",
        )
    own = scope(settings)
    with Server(settings, url) as server:
        if not server.has(f"/work_pools/{own.pool}"):
            raise nobody_serves(own.name, server)
        server.post("/events", [as_prefect(event, own) for event in events])
    return url


def nobody_serves(name: str, server: Server) -> RatchetError:
    """Return the error for a server on which no service answers this workspace's events."""
    pools = server.post("/work_pools/filter", {"limit": 200})
    names = sorted(
        pool["name"].removeprefix(f"{POOL}-") for pool in pools if pool["name"].startswith(f"{POOL}-")
    )
    return RatchetError(
        f"The Prefect server at {server.url} serves no workspace {name}; it serves {', '.join(names) or 'none'}.",
        "Set RATCHET_NAME to the name that the service has there, or start the service with `ratchet up`.",
    )


def as_prefect(event: Event, own: Scope) -> dict[str, Any]:
    """Write an event as Prefect's API wants it; what a trigger may match is in the resource's labels.

    One commit may be news to two workspaces: each has an event of its own.
    """
    return {
        "id": str(uuid.uuid5(uuid.UUID(event.id), own.name)),
        "event": event.name,
        "occurred": datetime.now(UTC).isoformat(),
        "resource": {
            "prefect.resource.id": own.resource,
            "prefect.resource.name": own.name,
            **{f"ratchet.{key}": value for key, value in event.payload.items()},
        },
        "payload": event.payload,
    }
