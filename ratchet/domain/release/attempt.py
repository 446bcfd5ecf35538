"""A failed attempt to release, to go back or to serve: what was tried, at which step it failed, why, and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from ratchet.domain.errors import RatchetError
from ratchet.domain.record import Record
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.model import Model
from ratchet.domain.release.reasons import own_error, plain

MOST = 50
"""The registry keeps this many failed attempts, the newest."""
LONGEST = 400
"""A reason and a remedy are each shortened to about this many characters."""
KILLED = "The process was killed, or the machine stopped, before it was done."
INTERRUPTED = "It was interrupted."
COMMAND = re.compile(r"`ratchet (?!status|fleet|history)")


class Verb(StrEnum):
    """What was tried."""

    RELEASE = "release"
    ROLLBACK = "rollback"
    SERVE = "serve"


@dataclass(frozen=True)
class Attempt(Record):
    """One failed attempt; `at` is when it failed, of a killed one when it began or was found, as ISO 8601 in UTC.

    `step` is the step that failed, "" where none had begun. `version` of the model and `release` are "" as long as they
    were not decided. `trigger` says why it was tried, `flow` which flow did, and `run` is that run's id on the
    Prefect server, both "" outside one.
    """

    verb: Verb
    at: str
    step: str = ""
    reason: str = ""
    remedy: str = ""
    version: str = ""
    release: str = ""
    trigger: str = ""
    flow: str = ""
    run: str = ""

    @property
    def what(self) -> str:
        """What was tried, in a few words: `release of version 12`."""
        match self.verb:
            case Verb.RELEASE:
                return f"release of version {self.version}" if self.version else "release"
            case Verb.ROLLBACK:
                return f"rollback to {self.release}" if self.release else "rollback"
            case Verb.SERVE:
                return f"start of {self.release}" if self.release else "start of the live release"

    @property
    def sentence(self) -> str:
        """What was tried, where and why it failed, and what to do; without the time."""
        where = f" at {self.step}" if self.step else ""
        return f"{self.what} failed{where}: {self.reason.rstrip('.')}. {self.remedy}".strip()

    @property
    def when(self) -> datetime:
        """The time in UTC."""
        return moment(self.at)

    @property
    def again(self) -> str:
        """The command that tries the same again."""
        match self.verb:
            case Verb.RELEASE:
                return f"ratchet release {self.version}".strip()
            case Verb.ROLLBACK:
                return f"ratchet rollback --to {self.release}" if self.release else "ratchet rollback"
            case Verb.SERVE:
                return "ratchet serve"

    def about(self, of: Model | Release) -> Attempt:
        """Return the attempt with what is known of the thing that was to serve: a version, then a release of it."""
        if isinstance(of, Release):
            return replace(self, version=of.model_version, release=of.id)
        return replace(self, version=of.version)

    def advised(self, command: str = "") -> Attempt:
        """Return the attempt with `command`, else `again`, as its next step where the remedy names no command."""
        if COMMAND.search(self.remedy):
            return self
        return replace(self, remedy=f"{self.remedy} `{command or self.again}` tries again.".strip())


def moment(text: str) -> datetime:
    """Read a time as manifests and attempts have it, in UTC where it names no zone; a damaged one is long ago."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def outstanding(attempts: Sequence[Attempt], live: Release | None, serving: bool) -> Attempt | None:
    """Return the newest failed attempt where no release went live since; None where nothing is left to tell.

    A start that failed is over as soon as the live release is `serving` on every replica; what went live anyway did not
    fail.
    """
    left = [one for one in attempts if not (serving and one.verb is Verb.SERVE) and not went_live(one, live)]
    newest = max(reversed(left), key=lambda one: one.when, default=None)
    if newest is None or (live is not None and newest.when <= moment(live.live_since)):
        return None
    return newest


def went_live(one: Attempt, live: Release | None) -> bool:
    """Say whether what an attempt was to bring out is live anyway: a later run finished it."""
    return live is not None and one.verb is not Verb.SERVE and one.release == live.id


def told(error: BaseException) -> tuple[str, str]:
    """Return an error's reason and remedy, one line each.

    What follows a first line that ends in a colon is raw output of a tool: of it only the tool's own first error line
    is kept, as a part of the reason.
    """
    if isinstance(error, RatchetError):
        fact, remedy = error.fact, error.remedy
    elif isinstance(error, Exception):
        fact, remedy = f"{type(error).__name__}: {error}", ""
    else:
        fact, remedy = INTERRUPTED, ""
    reason, _, more = fact.strip().partition("\n")
    if reason.endswith(":"):
        reason = f"{reason} {next((line for line in more.splitlines() if line.strip()), '')}"
    head, _, raw = remedy.strip().partition("\n")
    if raw and head.endswith(":"):
        head = head.rpartition(". ")[0]
        head = f"{head}." if head else ""
        own = own_error(raw)
        reason = f"{reason.rstrip('.')}: {own}" if own and own not in reason else reason
    return plain(reason, LONGEST), plain(head, LONGEST)


def killed(begun: Release, at: str) -> Attempt:
    """Return the attempt that a process left which was killed while it brought out `begun`; found at the time `at`."""
    verb = Verb.ROLLBACK if begun.reason.startswith("rollback") else Verb.RELEASE
    return Attempt(verb, at, "deploy", KILLED, trigger=begun.reason).about(begun)
