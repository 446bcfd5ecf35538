"""What is measured here and now: an event's size and the questions that are asked of many, a row's size."""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

from benchmarks import public
from benchmarks.ingest.growth import grow
from ratchet.adapters.bot import traffic

SIZES = (100_000, 300_000, 1_000_000)
RANKED = 10
MONTH = 30 * 24 * 3600


def events(texts: pd.DataFrame, seed: int) -> list[dict[str, float]]:
    """Write events as the bot does, to SQLite, and return at each size: rows, bytes, seconds to write and to ask."""
    sys.path.insert(0, str(public.ROOT / "ratchet_bot" / "src"))
    from ratchet_bot.channel.events import MESSAGES, METADATA
    from sqlalchemy import create_engine, insert

    rng, found, written = random.Random(seed), [], 0
    intents = sorted(texts["intent"].unique())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.sqlite"
        engine = create_engine(f"sqlite:///{path}")
        METADATA.create_all(engine)
        for size in SIZES:
            started = time.perf_counter()
            while written < size:
                rows = [event(texts, intents, rng, MONTH * (written + n) / SIZES[-1]) for n in range(500)]
                with engine.begin() as connection:
                    connection.execute(insert(MESSAGES), rows)
                written += len(rows)
            wrote = time.perf_counter() - started
            found.append(
                {
                    "rows": written,
                    "bytes": path.stat().st_size,
                    "write_seconds": wrote,
                    **asked(path, written),
                }
            )
    return found


def event(texts: pd.DataFrame, intents: list[str], rng: random.Random, at: float) -> dict[str, Any]:
    """One event as the bot writes it, about a message of the public set."""
    row = rng.randrange(len(texts))
    ranking = [[intent, rng.random()] for intent in rng.sample(intents, RANKED)]
    return {
        "at": at,
        "conversation": f"{rng.getrandbits(128):032x}",
        "text": texts["text"].iat[row],
        "context": json.dumps({"role": "employee", "location": "berlin"}),
        "intent": texts["intent"].iat[row],
        "confidence": rng.random(),
        "ranking": json.dumps(ranking),
        "handed_off": False,
        "failed": False,
        "seconds": 0.01,
        "release": "2026-11-21-c1ef18",
        "model_version": "17",
        "model_id": "dd1d6806d0e94839994ae8b7bb81f83b",
    }


def asked(path: Path, rows: int) -> dict[str, float]:
    """Time what each look of the monitor asks: the last five minutes, and the next window of drift."""
    settings: Any = SimpleNamespace(events_url=SimpleNamespace(get_secret_value=lambda: f"sqlite:///{path}"))
    last = MONTH * rows / SIZES[-1]
    started = time.perf_counter()
    traffic.window(settings, last - 300)
    middle = time.perf_counter()
    traffic.after(settings, rows - 500, "dd1d6806d0e94839994ae8b7bb81f83b", 500)
    return {"window_seconds": middle - started, "drift_seconds": time.perf_counter() - middle}


def corpus_bytes(texts: pd.DataFrame, rows: int = 100_000) -> float:
    """The bytes of a message in data/: its line in utterances.csv and the one in ledger.csv."""
    grown = grow(texts, rows)
    ledger_line = 64 + len(",train,2026-01-01\n")
    return len(grown.to_csv(index=False).encode()) / rows + ledger_line
