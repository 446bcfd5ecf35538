"""The bot's routes for people who answer in its place, and for the pause, as their client sees them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import httpx
import yaml

from ratchet.adapters.bot import channel
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError

TRIES = 3
"""A request without an answer is sent again under the same ID; if the first one had arrived, this changes nothing."""
RIGHT = "handoff"
GRANT = "Give a client the right handoff in the file that RATCHET_CLIENT_TOKENS_FILE names, and release again"


class Desk:
    """Asks at `url` with a token."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self._token = url, token

    def conversations(self) -> list[dict[str, Any]]:
        """Return the conversations that are handed off, the one that waits for longest first."""
        return list(self._ask("GET", "/handoff")["conversations"])

    def ended(self, hours: float) -> list[dict[str, Any]]:
        """Return the conversations whose hand-off ended in the last hours, the latest first."""
        return list(self._ask("GET", "/handoff/ended", {"hours": hours})["conversations"])

    def read(self, conversation: str) -> dict[str, Any]:
        """Return what was said in a conversation: `before` the hand-off, and the `lines` since."""
        return self._ask("GET", "/handoff/conversation", {"conversation": conversation})

    def change(self, what: str, conversation: str, by: str, **more: Any) -> dict[str, Any]:
        """`take`, `reply`, `note`, `close` or `return`; returns the conversation's row after it."""
        new = {"id": secrets.token_hex(8)} if "text" in more else {}
        return self._ask("POST", f"/handoff/{what}", {"conversation": conversation, "by": by, **new, **more})

    def figures(self, hours: float = 24) -> dict[str, Any]:
        """Return how many wait for a person, and how fast people were in the last hours."""
        return self._ask("GET", "/handoff/figures", {"hours": hours})

    def paused(self) -> dict[str, Any] | None:
        """Return the pause; None while the bot answers."""
        return self._ask("GET", "/pause").get("paused") or None

    def pause(self, say: str, handoff: bool, by: str) -> dict[str, Any]:
        """Stop the bot on all replicas; returns the pause."""
        return dict(self._ask("PUT", "/pause", {"say": say, "handoff": handoff, "by": by})["paused"])

    def resume(self) -> dict[str, Any] | None:
        """Let the bot answer again; returns the pause that this ended."""
        return self._ask("DELETE", "/pause")["before"] or None

    def _ask(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}"}
        sent = {"params" if method == "GET" else "json": content} if content else {}
        with httpx.Client(timeout=channel.TIMEOUT, trust_env=False, headers=headers) as client:
            tries = 1 if method == "GET" else TRIES
            for tried in range(1, tries + 1):
                try:
                    answer = client.request(method, f"{self.url}{path}", **sent)  # type: ignore[arg-type]
                    break
                except httpx.HTTPError as error:
                    if tried == tries:
                        raise channel.silent(self.url) from error
        return self._understood(answer)

    def _understood(self, answer: httpx.Response) -> dict[str, Any]:
        said = channel.content(answer)
        if answer.status_code == 200 and said is not None:
            return said
        why = str((said or {}).get("error") or f"{answer.status_code} {answer.reason_phrase}").rstrip(".")
        if answer.status_code in channel.PROXY_ALONE and said is None:
            raise channel.none_ready(self.url)
        if answer.status_code in (404, 405) and "error" not in (said or {}):
            raise OldBot(
                f"The bot at {self.url}, or its haproxy.cfg, is of before hand-offs to people and pauses.",
                "Take over the lines with /handoff of Ratchet's own deployments/proxy/haproxy.cfg, and release again.",
            )
        if answer.status_code in (401, 403):
            raise RatchetError(f"The bot refused the token: {why}.", f"{GRANT}.")
        raise RatchetError(
            f"The bot refused: {why}.", "`ratchet handoff list` shows who has which conversation."
        )


class OldBot(RatchetError):
    """A release, or a proxy configuration, that is older than these routes."""


def operator_token(settings: Settings) -> str:
    """Return the token with which this machine stops the bot."""
    return channel.staging_token(settings).read_text(encoding="utf-8").strip()


def person_token(settings: Settings) -> str:
    """Return a token with the right `handoff`: RATCHET_HANDOFF_TOKEN, else that of the clients' file.

    Raises `RatchetError` where there is none.
    """
    if settings.handoff_token:
        return settings.handoff_token.get_secret_value()
    file = settings.client_tokens_file
    try:
        listed = yaml.safe_load(file.read_text(encoding="utf-8")) if file else []
        found = [str(one["token"]) for one in listed or [] if RIGHT in (one.get("rights") or ())]
    except (OSError, ValueError, yaml.YAMLError, TypeError, LookupError, AttributeError) as error:
        raise RatchetError(
            f"{file} is not a valid list of clients.", "Correct RATCHET_CLIENT_TOKENS_FILE."
        ) from error
    if not found:
        raise RatchetError(
            "No client has the right to answer in the bot's place.",
            f"{GRANT}; or set RATCHET_HANDOFF_TOKEN to the token of one.",
        )
    return found[0]
