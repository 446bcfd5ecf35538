"""Requests to a Prefect server: password, time limits, patience, and what people are told when it fails.

A process that does not run flows sends its few requests itself (`Server`): importing Prefect costs it seconds. A run
has Prefect imported, and uses Prefect's client (`ask`).
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

ASK_SECONDS = 20.0
"""A request that takes longer has failed."""
HEALTH_SECONDS = 2.0
RESTART_SECONDS = 120.0
"""How long a run asks a silent server again: it may be restarting."""

T = TypeVar("T")


class Server:
    """A connection to the API at `url`. Raises `RatchetError` where the server is silent, refuses or fails."""

    def __init__(self, settings: Settings, url: str, seconds: float = ASK_SECONDS) -> None:
        auth = settings.prefect_auth
        user, _, password = auth.get_secret_value().partition(":") if auth else ("", "", "")
        self.url = url
        self._http = httpx.Client(
            base_url=url,
            auth=(user, password) if auth else None,
            timeout=seconds,
            trust_env=settings.prefect_api_url is not None,
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def has(self, path: str) -> bool:
        """Say whether the server knows what that path names."""
        with told(self.url):
            answer = self._http.get(path)
            if answer.status_code == httpx.codes.NOT_FOUND:
                return False
            answer.raise_for_status()
            return True

    def post(self, path: str, content: Any) -> Any:
        """Send JSON; returns the answer's, None where it has none."""
        with told(self.url):
            answer = self._http.post(path, json=content).raise_for_status()
            return answer.json() if answer.content else None


@contextlib.contextmanager
def told(url: str) -> Iterator[None]:
    """Turn what httpx raises, under Prefect's client too, into an error with a remedy."""
    try:
        yield
    except httpx.HTTPStatusError as error:
        unknown = error.response.status_code == httpx.codes.UNAUTHORIZED
        raise RatchetError(
            f"The Prefect server at {url} refused a request: {first_line(error)}.",
            "Set RATCHET_PREFECT_AUTH to user:password." if unknown else "See the server's log.",
        ) from error
    except httpx.HTTPError as error:
        fact = f"The Prefect server at {url} does not answer: {first_line(error) or type(error).__name__}."
        raise RatchetError(fact, "Start it.") from error
    except json.JSONDecodeError as error:
        fact = f"What answers at {url} is no Prefect server: it sends no JSON."
        raise RatchetError(fact, "Check RATCHET_PREFECT_API_URL.") from error


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, without its full stop."""
    return str(error).partition("\n")[0].rstrip(".")


def healthy(url: str) -> bool:
    """Say whether a server of this machine, Prefect's or MLflow's, answers there."""
    try:
        return httpx.get(f"{url}/health", timeout=HEALTH_SECONDS, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def through_restarts(action: Callable[[], T]) -> T:
    """Do something in a run that needs the server; while it does not answer, try again."""
    from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError

    deadline = time.monotonic() + RESTART_SECONDS
    while True:
        try:
            return action()
        except (httpx.TransportError, ConcurrencySlotAcquisitionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def ask(question: Callable[[SyncPrefectClient], T]) -> T:
    """Ask the run's server something with Prefect's own client."""
    from prefect.client.orchestration import get_client

    def once() -> T:
        with get_client(sync_client=True) as client:
            return question(client)

    return through_restarts(once)
