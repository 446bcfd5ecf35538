"""How much memory a process holds that serves a model: measured in a child that loads nothing else."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ratchet_bot.tools._model import load

SAMPLE, SECONDS = 20, 60.0
"""So many messages are answered before it is measured; a child that takes longer is given up."""


def memory_of(path: Path, rows: Sequence[Mapping[str, Any]]) -> int | None:
    """Bytes that a process holds which has loaded the archive and answered some messages; None where nobody knows.

    The child is forked from this process before it has loaded a model, so that each model is measured from the same
    start. Where a system cannot fork, or with TensorFlow, which may not be forked, nothing is measured.
    """
    if "fork" not in multiprocessing.get_all_start_methods() or getattr(
        sys.modules.get("tensorflow"), "__version__", None
    ):
        return None
    import rasa.engine.loader
    import rasa.engine.runner.dask  # noqa: F401  once here, and not in each child

    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_measure, args=(path, list(rows[:SAMPLE]), theirs), daemon=True)
    child.start()
    theirs.close()
    try:
        return int(ours.recv()) if ours.poll(SECONDS) else None
    except EOFError:  # it ended without a word: what is wrong with the archive is said where it is evaluated
        return None
    finally:
        child.kill()
        child.join()
        ours.close()


def _measure(path: Path, rows: list[Mapping[str, Any]], answer: Any) -> None:
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stderr(nowhere),
        contextlib.suppress(Exception),
    ):
        model = load(path)
        model.predict([row["text"] for row in rows], [row.get("context") or {} for row in rows])
        answer.send(held())


def held() -> int:
    """The bytes that this process holds in memory."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
