"""Who has a workspace's name on a Prefect server, and whether another workspace may use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ratchet.domain.errors import RatchetError
from ratchet.domain.record import Record


@dataclass(frozen=True)
class Owner(Record):
    """A workspace as the server remembers it.

    `origin` is the first commit of its history, the same in every clone, "" where that is not known; `host` and
    `path` are the machine and the folder of the one that registered last; `loaded` is the digest of the deployments
    that it loaded.
    """

    origin: str
    host: str
    path: str
    loaded: str

    def same_history(self, other: Owner) -> bool:
        """Say whether both are clones of one repository; unknown counts as no."""
        return self.origin != "" and self.origin == other.origin

    def beside(self, other: Owner) -> bool:
        """Say whether both are on one machine, in different folders."""
        return self.host == other.host and self.path != other.path


def claim(name: str, asking: Owner, known: Mapping[str, Owner], joins: bool) -> None:
    """Raise `RatchetError` unless the workspace `asking` may use a name on the server.

    `known` holds those that the server knows by name, without those whose folder is known to be gone. `joins` says
    that it only works for another machine's service. A service that moved to another machine keeps its name: there
    it is the same history. If the history is not known, the name may be used.
    """
    holder = known.get(name)
    if holder is None:
        others = sorted(other for other, one in known.items() if one.same_history(asking))
        if joins and others:
            raise RatchetError(
                f"The Prefect server knows this workspace as {others[0]}, not as {name}.",
                f"Put RATCHET_NAME={others[0]} into its .env, and run the same command again.",
            )
        return
    strangers = holder.origin != "" and asking.origin != "" and not holder.same_history(asking)
    copy = holder.beside(asking) and not (joins and holder.same_history(asking))
    if strangers or copy:
        raise RatchetError(
            f"Another workspace has the name {name} on this Prefect server: {holder.path} on {holder.host}.",
            f"Put RATCHET_NAME={free(name, known)} (or another name) into this one's .env, "
            "and run the same command again.",
        )


def free(name: str, known: Mapping[str, Owner]) -> str:
    """Return a name that no one has."""
    number = 2
    while f"{name}-{number}" in known:
        number += 1
    return f"{name}-{number}"
