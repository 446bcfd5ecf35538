"""One way to end a command with an error that the user can correct."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator

from ratchet_bot.components import lean

WEIGHTS = "Run `ratchet serve`: it gets the weights again."
LIBRARIES = "Run `uv add onnxruntime tokenizers` in bot/, and release again."
DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


class ToolError(Exception):
    """Something that the user can correct: the fact, then the remedy."""

    def __init__(self, fact: str, remedy: str) -> None:
        super().__init__(f"{fact} {remedy}")


def require_libraries(what: str, kind: type) -> None:
    """Raise ToolError where the lean environment lacks a library without which a class of Rasa's cannot work."""
    if library := lean.needed(kind):
        raise ToolError(
            f"{what} needs {library}, which is not in this lean environment.", lean.remedy(library)
        )


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, and those that it was raised from, the root last."""
    while error is not None:
        yield error
        error = error.__cause__


def cause(error: BaseException) -> str:
    """What an exception of Rasa says at its root, without the full stop."""
    *_, found = causes(error)
    return (str(found) or type(found).__name__).rstrip(".")


def refused(fact: str, error: BaseException, remedy: str) -> ToolError:
    """Why a model is not loaded, as an error; one that lacks its sentence encoder is whole, and no training helps."""
    from ratchet_bot.components.encoder import EncoderError

    for one in causes(error):
        if isinstance(one, EncoderError):
            lacking = LIBRARIES if isinstance(one.__cause__, ImportError) else WEIGHTS
            return ToolError(f"{fact} without its sentence encoder: {str(one).rstrip('.')}.", lacking)
    return ToolError(f"{fact}: {cause(error)}.", remedy)


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
