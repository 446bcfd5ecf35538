"""An override: a person's decision against or in place of a verdict, for one model and for a while."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from ratchet.domain.errors import RatchetError, UsageError
from ratchet.domain.gate.decision import Decision
from ratchet.domain.record import Record

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LONGEST = timedelta(days=90)


@dataclass(frozen=True)
class Override(Record):
    """Who decided what about which model, why, and until when; both times carry a time zone.

    `code` is the SHA-256 over the bot's code that the decision holds for besides, `commit` names it; "" in older ones.
    """

    model_sha256: str
    version: str
    by: str
    reason: str
    expires: datetime
    made_at: datetime
    decision: Decision = Decision.PROMOTE
    code: str = ""
    commit: str = ""


def make(
    *,
    model_sha256: str,
    version: str,
    by: str,
    reason: str,
    expires: str,
    now: datetime,
    decision: Decision = Decision.PROMOTE,
    code: str = "",
    commit: str = "",
) -> Override:
    """An override from what a person typed; raises UsageError where a part is missing or unusable."""
    if not by.strip():
        raise UsageError("An override needs the name of who answers for it.", "Give it with --by NAME.")
    if not reason.strip():
        raise UsageError("An override needs a reason.", "Give it with --reason TEXT.")
    lasts = duration(expires)
    if lasts > LONGEST:
        raise UsageError(f"An override may last {LONGEST.days} days, not {expires}.", "Shorten --expires.")
    return Override(
        model_sha256, version, by.strip(), reason.strip(), now + lasts, now, decision, code, commit
    )


def authorise(decision: Decision, override: Override | None, sha256: str, now: datetime) -> None:
    """Raise RatchetError unless the gate, or a person's override, lets the model with this digest through.

    A promoted model needs no one's approval, so an approval of it that expired does not stop it; a person's
    rejection does.
    """
    if decision is Decision.PROMOTE and (override is None or override.decision is Decision.PROMOTE):
        return
    check(override, sha256, now)


def check(override: Override | None, sha256: str, now: datetime) -> None:
    """Raise RatchetError unless `override` allows the release of the model with this digest now."""
    if override is None:
        raise RatchetError(
            "The gate did not promote this model, and no one has approved it.",
            "Read its report, then run `ratchet approve VERSION --by NAME --reason TEXT --expires 7d`.",
        )
    if override.decision is not Decision.PROMOTE:
        raise RatchetError(
            f"{override.by} rejected version {override.version}: {override.reason}",
            "Ask them, or approve it again with `ratchet approve`.",
        )
    if override.model_sha256 != sha256:
        raise RatchetError(
            f"The override of version {override.version} is for the model {override.model_sha256[:12]}, "
            f"and this one is {sha256[:12]}.",
            "Approve this model by itself with `ratchet approve`.",
        )
    if now >= override.expires:
        ended = f"{override.expires:%Y-%m-%d %H:%M %Z}"
        raise RatchetError(
            f"The override of version {override.version} by {override.by} expired at {ended}.",
            "Approve it again with `ratchet approve` if the reason still holds.",
        )


def covers(override: Override | None, code: str, at: datetime) -> bool:
    """Say whether a person lets the code with this digest through with their model, at a time that carries a zone.

    A decision from before the code was noted covers none: it was made about the model alone.
    """
    return (
        override is not None
        and override.decision is Decision.PROMOTE
        and override.code == code != ""
        and at < override.expires
    )


def duration(text: str) -> timedelta:
    """'45m', '12h', '7d' or '2w' as a time span; raises UsageError for anything else, and for zero."""
    found = re.fullmatch(r"\s*(\d{1,4})\s*([mhdw])\s*", text)
    if not found or int(found[1]) == 0:
        raise UsageError(f"'{text}' is not a duration.", "Write a number and a unit: 45m, 12h, 7d or 2w.")
    return timedelta(**{UNITS[found[2]]: int(found[1])})
