"""Files and folders put in their places together: what was there before is kept aside, and comes back on an error."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ratchet.domain.errors import RatchetError


class Moves:
    """Moves within one file system, each of them undone where a later one fails."""

    def __init__(self, root: Path, aside: Path) -> None:
        self.root, self.aside = root, aside
        self._done: list[tuple[Path, Path]] = []

    def put(self, source: Path, name: str) -> None:
        """Put a file or folder into its place below the root; what is there is taken away first.

        Raises `RatchetError` where a link would lead out of the root.
        """
        self.take_away(name)
        self._move(source, self.root / name)

    def take_away(self, name: str) -> None:
        """Move what has a name below the root aside; nothing there is fine. Raises `RatchetError` as `put` does."""
        if not (self.root / name).parent.resolve().is_relative_to(self.root.resolve()):
            raise RatchetError(
                f"{name} would be written or removed through a link, out of {self.root}.",
                "Nothing was restored. Remove that link.",
            )
        if os.path.lexists(self.root / name):
            self._move(self.root / name, self.aside / name)

    def _move(self, source: Path, to: Path) -> None:
        to.parent.mkdir(parents=True, exist_ok=True)
        os.rename(source, to)
        self._done.append((source, to))

    def undo(self) -> None:
        """Move everything back, the last one first."""
        for source, to in reversed(self._done):
            source.parent.mkdir(parents=True, exist_ok=True)
            os.rename(to, source)
        self._done.clear()


@contextlib.contextmanager
def together(root: Path, aside: Path) -> Iterator[Moves]:
    """Give moves that are all undone where the block fails, also by Ctrl-C."""
    moves = Moves(root, aside)
    try:
        yield moves
    except BaseException:
        moves.undo()
        raise
