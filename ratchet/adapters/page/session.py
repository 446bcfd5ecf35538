"""Who is signed in: a sealed cookie, without a store of sessions.

The cookie holds name, time and a random number under an HMAC. It ends after 12 hours, with the person, with the
person's token, and with the key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass

from ratchet.adapters.system.files import MALFORMED
from ratchet.domain.operations.people import People, Person

LASTS_SECONDS = 12 * 3600.0


@dataclass(frozen=True)
class Session:
    """A signed-in person; `seed` is the session's own random number."""

    person: Person
    seed: str


def seal(key: bytes, purpose: str, text: str) -> str:
    """Return an HMAC over a text, for one purpose only."""
    return hmac.new(key, f"{purpose}\0{text}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def cookie_name(workspace: str) -> str:
    """Name the cookie after the workspace: cookies know no ports, and a machine may serve several pages."""
    return f"ratchet-{hashlib.sha256(workspace.encode()).hexdigest()[:12]}"


def issue(key: bytes, person: Person, now: float) -> str:
    """Return the cookie of a new session that begins at `now`, in seconds since 1970."""
    content = json.dumps([person.name, now, secrets.token_hex(16), person.token_sha256[:16]])
    packed = base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")
    return f"{packed}.{seal(key, 'session', packed)}"


def read(key: bytes, cookie: str, people: People, now: float) -> Session | None:
    """Return the session of a cookie; None for a forged, old or foreign one, and for a person who left."""
    packed, _, given = cookie.partition(".")
    if not hmac.compare_digest(seal(key, "session", packed).encode(), given.encode("utf-8", "replace")):
        return None
    try:
        name, began, seed, token = json.loads(base64.urlsafe_b64decode(f"{packed}=="))
        person = people.named(str(name))
        if person is None or not 0 <= now - float(began) < LASTS_SECONDS:
            return None
    except MALFORMED:
        return None
    return Session(person, str(seed)) if person.token_sha256.startswith(str(token)) and token else None


def csrf(key: bytes, session: Session) -> str:
    """Return what each form of a session has to send along; no other page can read it."""
    return seal(key, "form", session.seed)
