"""Find the nearest training messages: `python -m ratchet_bot.tools.nearest --encoder E --data F --ask F --out F`.

Both files are JSON Lines with `text`, the first with `intent` too. Written is a line for each message asked about: its
nearest training messages with their intents and the cosine between the vectors, nearest first, each text once.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from ratchet_bot.components import encoders
from ratchet_bot.components.encoder import EncoderError
from ratchet_bot.tools._errors import ToolError, run

CHUNK = 256


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Arguments of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m ratchet_bot.tools.nearest", description="Find the nearest training messages."
    )
    parser.add_argument("--encoder", required=True, help="name or digest of the sentence encoder")
    parser.add_argument("--data", type=Path, required=True, help="JSON Lines: text, intent")
    parser.add_argument("--ask", type=Path, required=True, help="JSON Lines: text")
    parser.add_argument("--out", type=Path, required=True, help="JSON Lines to write")
    parser.add_argument("--count", type=int, default=3)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Read, compare, write."""
    arguments = parse(argv)
    try:
        encoder = encoders.find(arguments.encoder)
        known, asked = read(arguments.data), read(arguments.ask)
        intents: dict[str, list[str]] = {}
        for row in known:
            intents.setdefault(row["text"], []).append(row["intent"])
        texts = list(intents)
        found = nearest(
            encoder.encode(texts), encoder.encode([row["text"] for row in asked]), arguments.count
        )
    except EncoderError as error:
        raise ToolError(str(error), "Run `ratchet encoder fetch`.") from error
    with arguments.out.open("w", encoding="utf-8") as file:
        for places, cosines in zip(*found, strict=True):
            line = [
                {
                    "text": texts[i],
                    "intents": sorted(set(intents[texts[i]])),
                    "cosine": round(float(cosine), 4),
                }
                for i, cosine in zip(places, cosines, strict=True)
            ]
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return 0


def nearest(known: np.ndarray, asked: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Places and cosines of the nearest known vectors for each one asked about, both of shape (asked, count)."""
    count = min(count, len(known))
    places, cosines = [np.empty((0, count), dtype=int)], [np.empty((0, count))]
    for start in range(0, len(asked) if count else 0, CHUNK):
        alike = asked[start : start + CHUNK] @ known.T
        best = np.argsort(-alike, axis=1, kind="stable")[:, :count]
        places.append(best)
        cosines.append(np.take_along_axis(alike, best, axis=1))
    return np.vstack(places), np.vstack(cosines)


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON Lines file. Raises ToolError if it is not one."""
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise ToolError(f"{path} cannot be read: {error}.", "Name a file of JSON Lines.") from error


if __name__ == "__main__":
    run(main)
