"""What a target may be able to do besides `Target`; a caller asks with `isinstance`.

A target without one of these is no worse a target: the backup then says that it holds no conversations, and the doctor
looks only at what all targets tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from ratchet.adapters.targets.target import Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.doctor import Fault
from ratchet.domain.release.manifest import Release


@runtime_checkable
class Holding(Protocol):
    """Can say whether a release could be started at once."""

    def holds(self, release: Release) -> bool:
        """Say whether the bundle or image of a release is there, and is what its manifest names.

        An image that nodes can fetch from a registry counts. Where this is false, `rebuild` makes it again.
        """


@runtime_checkable
class Declaring(Protocol):
    """Serves as files declare it: secrets, a stack."""

    def as_declared(self) -> bool:
        """Say whether what serves is what those files say today."""


@runtime_checkable
class Examined(Protocol):
    """Can be examined, and mended, beyond what all targets tell."""

    def faults(self) -> Sequence[Fault]:
        """Return what is wrong: replicas scaled by hand, secrets missing, the proxy on the wrong colour.

        It reads only, is quick, and never raises for what it finds. A fault's `name` is the target's own choice; one
        that `mend` can put right is `mendable`. What `serve` alone puts right need not be named: the doctor sees by
        `replicas` that the live release does not serve.
        """

    def mend(self, fault: Fault, say: Say) -> None:
        """Put one of its own mendable faults right; already so is fine. Raises `RatchetError` where it cannot."""


class Conversations(Protocol):
    """A store of conversations, as backup and restore see it."""

    def save(self, folder: Path, say: Say) -> str:
        """Write all conversations, as one moment has them, as files into an empty folder; return what was saved.

        The sentence is shown; where nothing is written it says why. Raises `RatchetError` where the store does not
        answer: a backup without them would look like one with them.
        """

    def load(self, folder: Path, say: Say) -> str:
        """Put back what `save` wrote, and return what was put back; twice is fine.

        It is called on a machine where nothing of the fleet may run yet, or after `ratchet serve` has started it: the
        store is made where it is not there. Conversations that have continued since are not overwritten. Raises
        `RatchetError` where it cannot be done now; the files are kept, and `ratchet doctor --mend` tries again.
        """


@runtime_checkable
class Remembering(Protocol):
    """Keeps conversations that a backup can hold."""

    def conversations(self) -> Conversations:
        """Return the store."""


class InMemory:
    """The conversations of one server, which end with it: there is nothing to save."""

    def save(self, folder: Path, say: Say) -> str:
        return "they are in the memory of the one server, and end with it"

    def load(self, folder: Path, say: Say) -> str:
        raise RatchetError(
            "The server of the target `process` keeps conversations in its memory; those of a fleet cannot go there.",
            f"They are kept in {folder} for the target `swarm`; delete the folder if you do not need them.",
        )
