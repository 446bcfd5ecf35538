"""Rasa's test stories at a release: what passed in a released model must pass from then on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ratchet.domain.record import Record
from ratchet.domain.wording import listed


@dataclass(frozen=True)
class Played(Record):
    """One test story, known by the `digest` of file, name and content.

    Whether it passed with its intents `given`, which is code and deterministic, and in `full`, which is understanding
    as well; `lost` says the first turn that went otherwise.
    """

    file: str
    name: str
    digest: str
    given: bool
    full: bool
    lost: str = ""


@dataclass(frozen=True)
class Stories(Record):
    """What a release has shown.

    The digests of the stories that passed with their intents given, of those that are known to fail, and how many
    passed in full.
    """

    passed: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    full: int = 0

    @property
    def total(self) -> int:
        """How many were played."""
        return len(self.passed) + len(self.failing)

    def sentence(self) -> str:
        """Say it in one line, "" where none is written."""
        if not self.total:
            return ""
        known = f", {len(self.failing)} known failing" if self.failing else ""
        return f"{len(self.passed)} of {numbered(self.total)} passed ({self.full} in full){known}"


def numbered(number: int) -> str:
    """1 → '1 test story', 2 → '2 test stories'."""
    return f"{number:,} test {'story' if number == 1 else 'stories'}"


def summed(played: Sequence[Played]) -> Stories:
    """Return what a release has shown."""
    return Stories(
        tuple(one.digest for one in played if one.given),
        tuple(one.digest for one in played if not one.given),
        sum(one.full for one in played),
    )


def promised(before: Iterable[Stories | None]) -> set[str]:
    """Return the stories that have to pass: those that did in a release, unless a later one was let through without.

    `before` are the released ones, oldest first. A story fails in a release only where it never passed, or where a
    person's override let that release through: from then on it is known to fail, until it passes again.
    """
    found: set[str] = set()
    for stories in before:
        if stories is not None:
            found = (found | set(stories.passed)) - set(stories.failing)
    return found


def broken(played: Sequence[Played], before: Iterable[Stories | None]) -> list[Played]:
    """Return the stories that passed in a released model and do not now."""
    must = promised(before)
    return [one for one in played if not one.given and one.digest in must]


def refusal(found: Sequence[Played]) -> str:
    """Say which stories broke, and where the first went otherwise."""
    names = listed([f"{one.name} ({one.file})" for one in found], 5)
    said = f": {found[0].lost}" if found[0].lost else ""
    fail = "fails" if len(found) == 1 else "fail"
    return f"{numbered(len(found))} that a released model passed {fail} now, with the intents given: {names}{said}."
