"""The people of a workspace, `.ratchet/secrets/people.json`, and the key that seals their sessions."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from pathlib import Path

from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import read_record, write_json, write_text
from ratchet.adapters.system.lock import hold
from ratchet.domain.operations.people import People, Person, Role, checked_name

PATIENCE_SECONDS = 10.0


def file_of(settings: Settings) -> Path:
    """The file that holds them; `.ratchet/secrets/` is private."""
    return settings.state / "secrets" / "people.json"


def read(settings: Settings) -> People:
    """Return the people; raises `RatchetError` where the file holds something else."""
    path = file_of(settings)
    return read_record(path, People.from_dict, f"Correct or delete {path}: no one can sign in.") or People()


def digest(token: str) -> str:
    """Return what is kept of a token.

    A plain SHA-256 is enough: a token is 256 random bits, so no one can try all of them.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def add(settings: Settings, name: str, role: Role) -> str:
    """Add a person, or give one a new role and token; returns the token, which is written nowhere.

    Raises `UsageError` for a name that is none.
    """
    token = secrets.token_urlsafe(32)
    person = Person(checked_name(name), role, digest(token), datetime.now(UTC).isoformat(timespec="seconds"))
    with hold(lock_of(settings), "A change of the people", PATIENCE_SECONDS):
        write(settings, read(settings).with_one(person))
    return token


def remove(settings: Settings, name: str) -> None:
    """Take a person out, whose sessions end with it; raises `RatchetError` where there is none of that name."""
    with hold(lock_of(settings), "A change of the people", PATIENCE_SECONDS):
        write(settings, read(settings).without(name))


def lock_of(settings: Settings) -> Path:
    """Lets one change at a time be made."""
    return settings.state / "secrets" / "people-change.lock"


def write(settings: Settings, people: People) -> None:
    """Write the file for this user alone (a file that takes another's place in one step is private from the start)."""
    path = file_of(settings)
    write_json(path, people.as_dict())
    path.chmod(0o600)


def known(settings: Settings, name: str, token: str) -> Person | None:
    """Return the person whom name and token prove; None for a wrong pair."""
    found = read(settings).named(name.strip())
    kept = found.token_sha256 if found else digest("")
    return found if hmac.compare_digest(kept, digest(token.strip())) and found else None


def key(settings: Settings) -> bytes:
    """Return the key of this workspace's sessions, made once."""
    path = settings.state / "secrets" / "page-key"
    if not path.exists():
        write_text(path, secrets.token_urlsafe(48))
        path.chmod(0o600)
    return path.read_bytes()
