"""A look that takes a moment is kept for a few seconds, and made again beside the page: no one waits for it twice."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from math import inf
from typing import Generic, TypeVar

from ratchet.domain.errors import RatchetError

T = TypeVar("T")
FRESH_SECONDS, OLD_SECONDS = 3.0, 10.0
"""From when on a new answer is made beside the page; and from when on the last one may be of another state."""


class Kept(Generic[T]):
    """The newest answer of `make`; `clock` gives seconds."""

    def __init__(self, make: Callable[[], T], clock: Callable[[], float]) -> None:
        self._make, self._clock = make, clock
        self._found: list[T] = []
        self._at = 0.0
        self._lock = threading.Lock()
        self._making = threading.Lock()

    @property
    def age(self) -> float:
        """How old the last answer is, in seconds."""
        with self._lock:
            return self._clock() - self._at

    def get(self, most: float = inf) -> T:
        """Return the last answer, and let a new one be made when it is some seconds old.

        Waits for the first, and for a new one in the place of one that is older than `most` seconds.
        """
        age = self.age
        with self._lock:
            found, old = self._found[-1:], age > FRESH_SECONDS
        if not found or age > most:
            return self.anew()
        if old and self._making.acquire(blocking=False):
            threading.Thread(target=self._beside, daemon=True).start()
        return found[0]

    def anew(self) -> T:
        """Make an answer now and return it."""
        made = self._make()
        with self._lock:
            self._found, self._at = [made], self._clock()
        return made

    def _beside(self) -> None:
        try:
            with contextlib.suppress(RatchetError):  # the next page says what is wrong
                self.anew()
        finally:
            self._making.release()
