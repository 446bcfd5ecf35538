"""What a model costs where it serves: time for a message and memory, measured in a child that loads nothing else."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ratchet_bot.tools._model import Model, load

LOADED = (
    "rasa.engine.loader",
    "rasa.engine.runner.dask",
    "rasa.engine.recipes.default_recipe",
    "ratchet_bot.components.classifier",
)
"""What every model needs: imported once, and not in each child, which takes two seconds."""
SAMPLE, SECONDS = 100, 120.0
"""How many messages are answered one by one; a child that takes longer is given up."""
VECTORS = "RATCHET_VECTORS"
"""Where sentences that were encoded before are kept: a server has none of them."""


def measured(path: Path, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Milliseconds for one message and bytes that a process holds which has answered some; None where no one knows.

    The child is forked from this process before it has loaded a model, so that each model is measured from the same
    start. Where a system cannot fork, or with TensorFlow, which may not be forked, nothing is measured.
    """
    for name in LOADED:
        importlib.import_module(name)
    tensorflow = getattr(sys.modules.get("tensorflow"), "__version__", None)
    if tensorflow or "fork" not in multiprocessing.get_all_start_methods():
        return None
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_measure, args=(path, rows, theirs), daemon=True)
    child.start()
    theirs.close()
    try:
        return dict(ours.recv()) if ours.poll(SECONDS) else None
    except EOFError:  # it ended without a word: what is wrong with the archive is said where it is evaluated
        return None
    finally:
        child.kill()
        child.join()
        ours.close()


def _measure(path: Path, rows: Sequence[Mapping[str, Any]], answer: Any) -> None:
    os.environ.pop(VECTORS, None)
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stderr(nowhere),
        contextlib.suppress(Exception),
    ):
        model = load(path)
        taken = latency(model, rows)
        answer.send({**taken, "memory_bytes": held()})


def latency(model: Model, rows: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Milliseconds that one message takes, of messages from all over the rows; None without any."""
    taken = sorted(_once(model, row) for row in rows[:: max(1, len(rows) // SAMPLE)])
    return {
        "latency_p50_ms": round(statistics.median(taken), 3) if taken else None,
        "latency_p95_ms": round(taken[int(0.95 * (len(taken) - 1))], 3) if taken else None,
    }


def _once(model: Model, row: Mapping[str, Any]) -> float:
    started = time.perf_counter()
    model.predict([row["text"]], [row.get("context") or {}])
    return (time.perf_counter() - started) * 1000


def held() -> int:
    """The bytes that this process holds in memory."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
