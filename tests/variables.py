"""The variables of this process, which commands that are typed in it change."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def own_variables() -> Iterator[None]:
    """Undo at the end what is set in the block: a flow tells its tools what it needs, and its process ends with it."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
