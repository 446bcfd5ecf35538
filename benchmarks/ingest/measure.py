"""One measurement, in a process of its own, so that its peak of memory is its own."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ratchet.adapters.settings import load_settings
from tasks.corpus.assign import assign
from tasks.corpus.cover import cover
from tasks.corpus.fetch import fetch
from tasks.corpus.load import load
from tasks.corpus.read import read
from tasks.corpus.split import split
from tasks.corpus.store import store
from tasks.corpus.take import take
from tasks.corpus.validate import validate


def ingest(run: Any, file: str) -> dict[str, float]:
    """Take a file in as `ratchet ingest` does; returns the seconds of each step."""
    seconds: dict[str, float] = {}

    def timed(name: str, function: Any, *arguments: Any) -> Any:
        started = time.perf_counter()
        result = function(*arguments)
        seconds[name] = time.perf_counter() - started
        return result

    before = timed("load", load.fn, run)
    reading = timed("read", read.fn, run, [file], "text", "intent", {})
    taken = timed("take", take.fn, run, before, reading, False, True)
    assert taken.accepted, taken.report.errors
    assigned = timed("assign", assign.fn, run, taken.merged.frame, before.ledger, "2026-01-01")
    taken = timed("cover", cover.fn, run, before, taken, assigned)
    assert taken.accepted, taken.report.errors
    timed("store", store.fn, run, taken.merged.frame, assigned.ledger, reading.extras)
    return seconds


def check(run: Any) -> dict[str, float]:
    """Fetch, validate and split as `ratchet retrain` does."""
    started = time.perf_counter()
    corpus = fetch.fn(run, None)
    validate.fn(run, corpus)
    split.fn(run, corpus)
    return {"check": time.perf_counter() - started}


def main(workspace: str, what: str, *words: str) -> None:
    """Measure `ingest FILE` or `check` in a workspace, and print JSON: seconds by step, of processors, peak GB."""
    settings = load_settings(Path(workspace), target="process")
    run: Any = SimpleNamespace(settings=settings, registry=SimpleNamespace(champion=lambda: None))
    seconds = ingest(run, *words) if what == "ingest" else check(run)
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "gigabytes": used.ru_maxrss / 1024**2}))


if __name__ == "__main__":
    main(*sys.argv[1:])
