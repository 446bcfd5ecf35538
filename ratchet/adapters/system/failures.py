"""What people are told when a service that Ratchet needs fails during a run: a disk, Docker, Prefect."""

from __future__ import annotations

import errno
import sqlite3
import sys
from collections.abc import Iterator

from ratchet.domain.errors import RatchetError

AGAIN = "What served before serves on; run the same command again then."
DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
MENDED = {
    errno.EROFS: "The disk is mounted read-only; see `mount` and the system's log, and make it writable.",
    errno.EIO: "The disk itself fails; see the system's log.",
}
"""What helps where more room does not."""


def explain(error: BaseException) -> RatchetError | None:
    """Return the sentence for an error, or for the one that it came from; None where it is none of these.

    Only Docker's client speaks through `requests`, and only Prefect's through `httpx`, without taking care of their
    errors itself: MLflow's calls, the bot's channel and the monitor say by themselves whose failure it was.
    """
    for cause in causes(error):
        if isinstance(cause, RatchetError):
            return cause
        if isinstance(cause, OSError) and (told := of_a_file(cause)):
            return told
        if isinstance(cause, sqlite3.Error):
            return RatchetError(
                f"A database under .ratchet/ cannot be used: {cause}.",
                f"Check that disk and its space. {AGAIN}",
            )
        if is_a(cause, "requests", "ConnectionError", "Timeout"):
            return RatchetError(
                "The Docker engine no longer answers.",
                "See `docker info`. Once it answers, the swarm serves by itself; run the same command again then.",
            )
        if is_a(cause, "docker.errors", "DockerException") or is_a(cause, "requests", "RequestException"):
            # The engine's own words; the error that those came with names no more than an address.
            words = next((one for one in causes(error) if getattr(one, "explanation", None)), cause)
            return RatchetError(
                f"The Docker engine failed: {first_line(words)}.",
                "See `docker info`, and run the same command again when the engine is well.",
            )
        if is_a(cause, "httpx", "HTTPError", "InvalidURL"):
            return RatchetError(
                f"The Prefect server failed: {first_line(cause)}.",
                f"See .ratchet/prefect/server.log, and the disk's space. {AGAIN}",
            )
    return None


def of_a_file(error: OSError) -> RatchetError | None:
    """Return the sentence for a file that may not be used or a disk that fails; None for another error."""
    if isinstance(error, PermissionError) and error.filename:
        return RatchetError(
            f"This user may not read or write {error.filename}.",
            f"Give it the right to, or run Ratchet as the user who has it. {AGAIN}",
        )
    if error.errno not in DISK:
        return None
    where = f" ({error.filename})" if error.filename else ""
    mend = MENDED.get(error.errno, "Make room on that disk; see `du -sh .ratchet/*`.")
    return RatchetError(f"A file cannot be written: {error.strerror}{where}.", f"{mend} {AGAIN}")


def is_a(error: BaseException, module: str, *names: str) -> bool:
    """Say whether an error is of one of these types of a library, which need not be installed or imported.

    An error of a library that this process has not imported does not exist.
    """
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(error, tuple(getattr(loaded, name) for name in names))


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
