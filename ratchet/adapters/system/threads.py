"""Work for all processors: the domain says what has to be done, this module does it in parallel."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

THREADS = min(2, os.cpu_count() or 1)


def in_threads(function: Callable[[Task], Result], tasks: Iterable[Task], /) -> Iterator[Result]:
    """Yield `function` of each task, in order, a few tasks ahead: numpy works without the interpreter's lock."""
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for task in tasks:
            waiting.append(pool.submit(function, task))
            if len(waiting) > 8 * THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
