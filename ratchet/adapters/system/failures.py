"""What people are told when something that Ratchet stands on gives way in mid-run: a disk, Docker, Prefect."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator

from ratchet.domain.errors import RatchetError

AGAIN = "What served before serves on; run the same command again then."
SILENT = {"ConnectionError", "Timeout"}
"""What `requests` raises where nobody answers, or too late."""
DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}


def explain(error: BaseException) -> RatchetError | None:
    """Return the sentence for an error, or for the one that it came from; None where it is none of these.

    Libraries are known by the names of their modules: none has to be imported for this.
    """
    for cause in causes(error):
        families = {kind.__module__.partition(".")[0] for kind in type(cause).__mro__}
        if isinstance(cause, RatchetError):
            return cause
        if isinstance(cause, OSError) and cause.errno in DISK:
            where = f" ({cause.filename})" if cause.filename else ""
            return RatchetError(
                f"A file cannot be written: {cause.strerror}{where}.",
                f"Make room on that disk; see `du -sh .ratchet/*`. {AGAIN}",
            )
        if isinstance(cause, sqlite3.Error):
            return RatchetError(
                f"A database under .ratchet/ cannot be used: {cause}.",
                f"Check that disk and its space. {AGAIN}",
            )
        if "requests" in families and {kind.__name__ for kind in type(cause).__mro__} & SILENT:
            return RatchetError(
                "The Docker engine no longer answers.",
                "See `docker info`. Once it answers, the swarm serves by itself; run the same command again then.",
            )
        if families & {"docker", "requests"}:
            # The engine's own words; the error that those came with names no more than an address.
            words = next((one for one in causes(error) if getattr(one, "explanation", None)), cause)
            return RatchetError(
                f"The Docker engine failed: {first_line(words)}.",
                "See `docker info`, and run the same command again when the engine is well.",
            )
        if "httpx" in families:
            return RatchetError(
                f"The Prefect server failed: {first_line(cause)}.",
                f"See .ratchet/prefect/server.log, and the disk's space. {AGAIN}",
            )
    return None


def causes(error: BaseException) -> Iterator[BaseException]:
    """Give an error and those that it came from, the deepest first."""
    chain: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in chain:
        chain.append(one)
        one = one.__cause__ or one.__context__
    yield from reversed(chain)


def first_line(error: BaseException) -> str:
    """Return the start of what an error says."""
    said = getattr(error, "explanation", None) or error
    return (str(said).splitlines() or [type(error).__name__])[0][:200].rstrip(".")
