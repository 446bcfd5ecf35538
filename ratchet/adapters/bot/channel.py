"""The bot's HTTP channel as its client sees it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import write_text
from ratchet.domain.errors import RatchetError

TIMEOUT = httpx.Timeout(10.0, connect=1.0)
PROXY_ALONE = (502, 503, 504)
"""What a proxy answers that has no replica to ask; the bot itself says in JSON what is wrong."""


class BotSilent(RatchetError):
    """No replica answered: none runs or none is ready, or nothing listens at the bot's address."""


def silent(url: str) -> BotSilent:
    """Return the error for a bot that does not answer."""
    return BotSilent(f"The bot at {url} does not answer.", "See `ratchet status`.")


def none_ready(url: str) -> BotSilent:
    """Return the error for a proxy that has no replica to ask."""
    return BotSilent(f"No replica of the bot at {url} is ready.", "See `ratchet status`.")


def status(url: str) -> dict[str, Any] | None:
    """Return what `/status` says, None when nothing that is ready answers there."""
    try:
        answer = httpx.get(f"{url}/status", timeout=TIMEOUT, trust_env=False)
        return dict(answer.json()) if answer.status_code == 200 else None
    except (httpx.HTTPError, ValueError):
        return None


def readiness(url: str) -> dict[str, Any]:
    """Return what `/status` says, ready or not, with `ready` and where it is not `why`; {} where nothing answers."""
    try:
        answer = httpx.get(f"{url}/status", timeout=TIMEOUT, trust_env=False)
        said = answer.json()
    except (httpx.HTTPError, ValueError):
        return {}
    return dict(said) if isinstance(said, dict) and answer.status_code in (200, 503) else {}


def forget_checks(url: str, token: str) -> int | None:
    """Let the replica at `url` delete what the checks with the staging token left in its conversation store.

    Returns how many entries that were; None from a bot of a release that cannot do it. Raises `RatchetError` when the
    replica does not answer or refuses.
    """
    headers = {"Authorization": f"Bearer {token}"}
    try:
        answer = httpx.delete(f"{url}/checks", headers=headers, timeout=TIMEOUT, trust_env=False)
        if answer.status_code in (404, 405):
            return None
        if answer.status_code == 200:
            return int(answer.json()["deleted"])
        problem = f"{answer.status_code} {answer.text[:200]}"
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        problem = str(error) or type(error).__name__
    raise RatchetError(
        f"The bot at {url} did not delete the conversations of its checks ({problem}).",
        "They end by themselves within 10 minutes; see `ratchet status`.",
    )


def serves(url: str, release: str) -> bool:
    """Say whether a replica is ready and serves exactly this release."""
    said = status(url)
    return said is not None and said.get("release") == release


def talk(
    url: str, sender: str, message: str, token: str | None = None, context: dict[str, str] | None = None
) -> dict[str, Any]:
    """Send one message to the bot and return its reply.

    Raises `BotSilent` where no replica answers, and `RatchetError` with the bot's own words where it refuses.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body: dict[str, Any] = {"sender": sender, "message": message}
    if context:
        body["context"] = context
    try:
        answer = httpx.post(f"{url}/chat", json=body, headers=headers, timeout=TIMEOUT, trust_env=False)
    except httpx.TimeoutException as error:
        raise BotSilent(f"The bot at {url} did not answer in time.", "See `ratchet status`.") from error
    except httpx.HTTPError as error:
        raise silent(url) from error
    said = content(answer)
    if answer.status_code == 200 and said is not None:
        return said
    if answer.status_code in PROXY_ALONE and said is None:
        raise none_ready(url)
    why = str((said or {}).get("error") or f"{answer.status_code} {answer.reason_phrase}").rstrip(".")
    raise RatchetError(f"The bot refused the message: {why}.", "`ratchet fleet logs` shows what it wrote.")


def parse(url: str, message: str, token: str, context: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what a replica's model says about one message: `intent`, `confidence`, `ranking`, and `entities`.

    None where it does not answer or is of a release without this; `entities` are missing from older ones.
    """
    body = {"messages": [{"text": message, "context": dict(context)}]}
    headers = {"Authorization": f"Bearer {token}"}
    try:
        answer = httpx.post(f"{url}/parse", json=body, headers=headers, timeout=TIMEOUT, trust_env=False)
        found = answer.json()["results"][0] if answer.status_code == 200 else None
    except (httpx.HTTPError, ValueError, KeyError, IndexError, TypeError):
        return None
    return dict(found) if isinstance(found, dict) else None


def content(answer: httpx.Response) -> dict[str, Any] | None:
    """Return the JSON of an answer; None if it is not JSON, such as a proxy's page."""
    try:
        said = answer.json()
    except ValueError:
        return None
    return dict(said) if isinstance(said, dict) else None


def staging_token(settings: Settings) -> Path:
    """Return the file of the token with which this machine's checks may state a context; made once."""
    path = settings.state / "secrets" / "staging-token"
    if not path.exists():
        write_text(path, secrets.token_urlsafe(32))
        path.chmod(0o600)
    return path
