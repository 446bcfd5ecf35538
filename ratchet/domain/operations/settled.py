"""Which failed runs a release that went live has settled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ratchet.domain.release.manifest import Release

ROLLBACK = "rollback"


def settled(releases: Sequence[Release]) -> dict[str, float]:
    """Return, by flow, when the releases show last that what it is there for was done; in seconds since 1970.

    `releases` are all those that went live, oldest first.

    - Each of them shows that the fleet can be brought to a release: a failed rollback or start is history then.
    - One that is no rollback shows that today's code can go live: so is a failed release.
    - One of a newer model than all before shows that a retrain has reached people: so is a retrain that failed after
      its model was promoted. One that failed earlier has made no model: a later retrain settles it.
    """
    found: dict[str, float] = {}
    newest = 0
    for release in releases:
        at = datetime.fromisoformat(release.live_since).timestamp()
        found |= {ROLLBACK: at, "serve": at}
        if not release.reason.startswith(ROLLBACK):
            found["release"] = at
        if (version := number(release.model_version)) > newest:
            newest = version
            found["retrain"] = at
    return found


def number(version: str) -> int:
    """Return a model's version as a number, 0 for one that is none."""
    return int(version) if version.isdecimal() else 0
