"""Flows that failed, and what people are told about it: what failed, why, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ratchet.domain.record import Record

REFUSED = "Refused"
"""The state of a run whose file the inbox refused: nothing broke, but someone has to look."""
BEGUN = {
    "A retrain": "retrain",
    "A release": "release",
    "An override": "override",
    "A rollback": "rollback",
    "A start of the live release": "serve",
    "An ingest": "ingest",
    "A mend": "mend",
    "A backup": "backup",
    "A comparison": "compare",
    "A look at": "collect",
    "The end of": "collect",
}
"""What the holder of a workspace's lock says that it does, and the flow that does it."""
AGAIN = ("retrain", "release", "rollback", "serve", "harvest")
"""Flows that are commands of their own: the same command does the rest."""
OTHERWISE = {"backup": "ratchet backup FILE", "mend": "ratchet doctor --mend"}
"""What is done by a command of another name or with arguments."""
RAISED = re.compile(r"^Flow run encountered an exception:\s*(?:[A-Za-z_][\w.]*:\s+)?")
LONGEST = 400
"""A reason is cut to this many characters; its end, where the next step is, is kept."""


@dataclass(frozen=True)
class Failure(Record):
    """A run that failed: of which flow, when (seconds since 1970), how it ended, its name and why, "" if unknown."""

    flow: str
    at: float
    how: str
    name: str = ""
    reason: str = ""

    @property
    def sentence(self) -> str:
        """What people are told, in one line."""
        when = f"{datetime.fromtimestamp(self.at, UTC):%Y-%m-%d %H:%M} UTC"
        what = (
            f"The {self.flow} “{self.name}” {self.how} at {when}"
            if self.name
            else f"The {self.flow} of {when} on this machine {self.how}"
        )
        why = f"{what}: {self.reason.rstrip('.')}." if self.reason else f"{what}."
        return why if "`ratchet " in self.reason else f"{why} {self.next_step}"

    @property
    def next_step(self) -> str:
        """What to do where the reason does not say it."""
        if self.flow in AGAIN:
            return f"`ratchet {self.flow}` tries again."
        if self.flow in OTHERWISE:
            return f"`{OTHERWISE[self.flow]}` tries again."
        return "Its log, in the Prefect pages, says more."


def failures(broken: Iterable[Failure], succeeded: Mapping[str, float]) -> tuple[Failure, ...]:
    """Return the newest failure of each flow that has not gone through since; `succeeded` says when each did."""
    newest: dict[str, Failure] = {}
    for failure in sorted(broken, key=lambda one: one.at):
        newest[failure.flow] = failure
    return tuple(one for _, one in sorted(newest.items()) if one.at > succeeded.get(one.flow, 0.0))


def flow_of(what: str) -> str:
    """Return the flow that a lock's holder carried out."""
    return next((flow for begin, flow in BEGUN.items() if what.startswith(begin)), "run")


def reason(message: str) -> str:
    """Return why a run failed, from its last state's message, in one line."""
    said = " ".join(RAISED.sub("", message).split())
    return said if len(said) <= LONGEST else f"{said[: LONGEST * 2 // 3]} … {said[-(LONGEST // 3) :]}"
