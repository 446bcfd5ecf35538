"""The people who may use the page: what each may do, and how a run of wrong tokens is slowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ratchet.domain.errors import RatchetError, UsageError
from ratchet.domain.record import Record

MOST_NAME = 60


class Role(StrEnum):
    """What a person may do; each role may do what those before it may."""

    READ = "read"
    LABEL = "label"
    RELEASE = "release"

    def covers(self, needed: Role) -> bool:
        """Say whether this role may do what asks for `needed`."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True)
class Person(Record):
    """Someone with a token, of which only the SHA-256 is kept; `since` is when it was made, as ISO 8601."""

    name: str
    role: Role
    token_sha256: str
    since: str = ""


@dataclass(frozen=True)
class People(Record):
    """Everyone who may sign in, by name."""

    people: tuple[Person, ...] = ()

    def named(self, name: str) -> Person | None:
        """Return the person of a name, None where there is none."""
        return next((one for one in self.people if one.name == name), None)

    def with_one(self, person: Person) -> People:
        """Return the people with one more, or with another role or token for one of that name."""
        return People((*(one for one in self.people if one.name != person.name), person))

    def without(self, name: str) -> People:
        """Return the people without one; raises `RatchetError` if no person has that name."""
        if self.named(name) is None:
            known = ", ".join(one.name for one in self.people) or "no one yet"
            raise RatchetError(
                f"{name} is not among the people: {known}.", "`ratchet people list` shows them."
            )
        return People(tuple(one for one in self.people if one.name != name))


def checked_name(name: str) -> str:
    """Return a name that can be written into a record; raises `UsageError` for another."""
    stripped = name.strip()
    if not stripped or len(stripped) > MOST_NAME or not stripped.isprintable():
        raise UsageError(
            f"{name!r} cannot be a person's name.", f"Use 1 to {MOST_NAME} printable characters, as in Ana."
        )
    return stripped


FREE = 5
"""How many wrong tokens in a row cost nothing: people mistype."""
LONGEST_SECONDS = 300.0
MOST_NAMES = 1000


@dataclass(frozen=True)
class Misses:
    """Wrong tokens in a row by the name that was given, and until when that name has to wait, in seconds."""

    count: Mapping[str, int] = field(default_factory=dict)
    until: Mapping[str, float] = field(default_factory=dict)

    def wait(self, name: str, now: float) -> float:
        """Return for how many seconds no token of that name is looked at."""
        return max(0.0, self.until.get(name, 0.0) - now)

    def missed(self, name: str, now: float) -> Misses:
        """Return the misses with one more: from the sixth on the wait doubles, up to five minutes.

        Of more than a thousand names the oldest are forgotten, so that invented names cannot fill the memory.
        """
        number = self.count.get(name, 0) + 1
        seconds = min(2.0 ** (number - FREE), LONGEST_SECONDS) if number > FREE else 0.0
        kept = [one for one in self.count if one != name][-(MOST_NAMES - 1) :]
        return Misses(
            {**{one: self.count[one] for one in kept}, name: number},
            {**{one: self.until[one] for one in kept}, name: now + seconds},
        )

    def right(self, name: str) -> Misses:
        """Return the misses after a right token of that name."""
        return Misses(
            {one: number for one, number in self.count.items() if one != name},
            {one: until for one, until in self.until.items() if one != name},
        )
