"""Train the classifier on JSON Lines and answer others, in one process of the bot's environment, without Rasa's graph.

Run by `benchmarks.bot.pooled` as `bot/.venv/bin/python benchmarks/bot/model.py LEARN ASK OUT ENCODER VECTORS`. ENCODER
is the folder of a sentence encoder, "" for the linear classifier, or `random:DIMENSION` for vectors that cost nothing.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import zlib
from pathlib import Path

import numpy as np
from ratchet_bot.components.encoder import Encoder
from ratchet_bot.components.linear import Options, train
from ratchet_bot.components.vectors import Cached


class Random:
    """Vectors of no meaning, for the cost of training apart from that of encoding."""

    name, digest = "random", "0" * 64

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension

    def encode(self, texts: list[str]) -> np.ndarray:
        """A vector for each text, the same each time."""
        rows = np.array(
            [
                np.random.default_rng(zlib.crc32(text.encode())).standard_normal(self.dimension)
                for text in texts
            ],
            dtype=np.float32,
        )
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def main(learn: str, ask: str, out: str, encoder: str, vectors: str) -> None:
    """Write an answer for each message asked, and `out`.json with seconds of processor and the most memory in MB."""
    rows, asked = (
        [json.loads(line) for line in Path(name).read_text(encoding="utf-8").splitlines()]
        for name in (learn, ask)
    )
    opened = None
    if encoder.startswith("random:"):
        opened = Random(int(encoder.removeprefix("random:")))
    elif encoder:
        opened = Cached(Encoder(Path(encoder), threads=2), Path(vectors))
        opened.encode([row["text"] for row in rows])
    started = time.process_time()
    columns = ([row[name] for row in rows] for name in ("text", "intent", "context"))
    model = train(*columns, Options(random_seed=1), opened)
    seconds = time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    confidences, believed = model.predict([r["text"] for r in asked], [r["context"] for r in asked])
    order = np.argsort(-confidences, axis=1, kind="stable")[:, :3]
    with open(out, "w", encoding="utf-8") as file:
        for row, best, sure in zip(confidences, order, believed, strict=True):
            ranking = [[model.intents[i], float(row[i])] for i in best]
            answer = {"ranking": ranking, "believed": bool(sure)}
            file.write(json.dumps(answer) + "\n")
    Path(f"{out}.json").write_text(json.dumps({"seconds": seconds, "memory": memory}))


if __name__ == "__main__":
    main(*sys.argv[1:])
