"""Vectors that were encoded before, by text and encoder, in a file outside every model archive."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ratchet_bot.components.encoder import Encodes, Progress

MOST = 300_000
"""Vectors kept; of 384 numbers they take 0.5 GB. Those that were asked for longest ago go first."""
CHUNK = 512
SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (text BLOB PRIMARY KEY, vector BLOB NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_use ON vectors (used);
CREATE TABLE IF NOT EXISTS uses (last INTEGER NOT NULL);
"""


class Cached:
    """An encoder that encodes no text twice.

    `folder` holds one SQLite file for each encoder, named by its digest; without one the vectors last as long as the
    process. A file that cannot be used is left alone, and everything is encoded. `most` bounds each file.
    """

    def __init__(self, encoder: Encodes, folder: Path | None, most: int = MOST) -> None:
        self.name, self.digest = encoder.name, encoder.digest
        self._encoder, self._most = encoder, most
        self._path = folder / f"{encoder.digest[:32]}.sqlite" if folder else None
        self._memory = sqlite3.connect(":memory:") if folder is None else None

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """See `Encodes`. Each text that is new is encoded and kept at once, so that an interrupt loses little."""
        keys = {text: hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16] for text in texts}
        known = self._known(list(keys.values()))
        new = [text for text, key in keys.items() if key not in known]
        for start in range(0, len(new), CHUNK):
            chunk = new[start : start + CHUNK]
            vectors = self._encoder.encode(chunk)
            fresh = {keys[text]: vector for text, vector in zip(chunk, vectors, strict=True)}
            known |= fresh
            self._keep(fresh)
            if progress:
                progress(start + len(chunk), len(new))
        if not texts:
            return self._encoder.encode(texts)
        return np.array([known[keys[text]] for text in texts])

    def _known(self, keys: list[bytes]) -> dict[bytes, np.ndarray]:
        """The vectors that are kept; they count as used now."""
        found: dict[bytes, np.ndarray] = {}
        try:
            with self._open() as store:
                (turn,) = store.execute("SELECT coalesce(max(last), 0) + 1 FROM uses").fetchone()
                store.execute("DELETE FROM uses")
                store.execute("INSERT INTO uses VALUES (?)", (turn,))
                store.execute("CREATE TEMP TABLE IF NOT EXISTS asked (text BLOB PRIMARY KEY)")
                store.execute("DELETE FROM asked")
                store.executemany("INSERT INTO asked VALUES (?)", [(key,) for key in keys])
                rows = store.execute("SELECT text, vector FROM vectors JOIN asked USING (text)")
                found |= {text: np.frombuffer(vector, dtype="<f4") for text, vector in rows}
                store.execute("UPDATE vectors SET used = ? WHERE text IN (SELECT text FROM asked)", (turn,))
        except (sqlite3.Error, OSError, ValueError):
            return {}
        return found

    def _keep(self, vectors: dict[bytes, np.ndarray]) -> None:
        rows = [(key, vector.astype("<f4").tobytes()) for key, vector in vectors.items()]
        try:
            with self._open() as store:
                store.executemany(
                    "INSERT OR REPLACE INTO vectors SELECT ?, ?, coalesce(max(last), 0) FROM uses", rows
                )
                (count,) = store.execute("SELECT count(*) FROM vectors").fetchone()
                if count > self._most:
                    store.execute(
                        "DELETE FROM vectors WHERE text IN (SELECT text FROM vectors ORDER BY used LIMIT ?)",
                        (count - self._most,),
                    )
        except (sqlite3.Error, OSError):
            return  # a full disk costs time, and nothing else

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The store, in one transaction."""
        if self._memory is not None:
            self._memory.executescript(SCHEMA)
            yield self._memory
            return
        assert self._path is not None
        self._path.parent.mkdir(parents=True, exist_ok=True)
        store = sqlite3.connect(self._path, timeout=10)
        try:
            store.executescript(SCHEMA)
            with store:
                yield store
        finally:
            store.close()
