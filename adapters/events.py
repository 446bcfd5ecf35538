"""Send events to the Prefect server, whose automations answer them with runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from adapters.prefect import running_url
from adapters.settings import Settings
from domain.errors import RatchetError
from domain.triggers import Event

SEND_SECONDS = 20.0


def send(settings: Settings, events: Sequence[Event]) -> str:
    """Send events over HTTP, return the server's address; raises `RatchetError` unless it took them all."""
    url = running_url(settings)
    if url is None:
        raise RatchetError(
            "No Prefect server runs for this workspace.",
            "Start it with `ratchet up`, or name one in RATCHET_PREFECT_API_URL.",
        )
    auth = settings.prefect_auth
    user, _, password = auth.get_secret_value().partition(":") if auth else ("", "", "")
    body = [as_prefect(event, settings) for event in events]
    try:
        answer = httpx.post(
            f"{url}/events",
            json=body,
            auth=(user, password) if auth else None,
            timeout=SEND_SECONDS,
            trust_env=settings.prefect_api_url is not None,
        )
        answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        remedy = "Set RATCHET_PREFECT_AUTH to user:password." if error.response.status_code == 401 else ""
        raise RatchetError(f"The Prefect server at {url} refused the events: {error}.", remedy) from error
    except httpx.HTTPError as error:
        raise RatchetError(f"The Prefect server at {url} does not answer: {error}.", "Start it.") from error
    return url


def as_prefect(event: Event, settings: Settings) -> dict[str, Any]:
    """Write an event as Prefect's API wants it; what a trigger may match stands in the resource's labels."""
    name = settings.workspace.name
    return {
        "id": event.id,
        "event": event.name,
        "occurred": datetime.now(UTC).isoformat(),
        "resource": {
            "prefect.resource.id": f"ratchet.workspace.{name}",
            "prefect.resource.name": name,
            **{f"ratchet.{key}": value for key, value in event.payload.items()},
        },
        "payload": event.payload,
    }
