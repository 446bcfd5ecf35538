"""One way to end a command that the user can mend."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable

from ratchet_bot.components import lean

DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


class ToolError(Exception):
    """Something that the user can mend: the fact, then the remedy."""

    def __init__(self, fact: str, remedy: str) -> None:
        super().__init__(f"{fact} {remedy}")


def require_libraries(what: str, kind: type) -> None:
    """Raise ToolError where the lean environment lacks a library without which a class of Rasa's cannot work."""
    if library := lean.needed(kind):
        raise ToolError(
            f"{what} needs {library}, which is not in this lean environment.", lean.remedy(library)
        )


def cause(error: BaseException) -> str:
    """What an exception of Rasa says at its root, without the full stop."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error) or type(error).__name__).rstrip(".")


def run(command: Callable[[], int | None]) -> None:
    """Run a command; a mistake of the user's ends it with exit code 1 and `error: ...` as the last line."""
    try:
        sys.exit(command() or 0)
    except ToolError as error:
        sys.stdout.flush()
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        if error.errno not in DISK:
            raise
        sys.stdout.flush()
        where = error.filename2 or error.filename or "a file"
        print(f"error: {where} cannot be written: {error.strerror}. Make room on that disk.", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
