"""Predict a holdout with models: `python -m ratchet_bot.tools.evaluate --model NAME=PATH --data FILE --out DIR`."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

from ratchet_bot.tools._cost import memory_of
from ratchet_bot.tools._errors import ToolError, run
from ratchet_bot.tools._model import Model, Prediction, load

SAMPLE = 200  # messages that are parsed one by one for the latency


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Arguments of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m ratchet_bot.tools.evaluate", description="Predict a holdout in batches."
    )
    parser.add_argument(
        "--model", action="append", required=True, metavar="NAME=PATH", help="may be repeated"
    )
    parser.add_argument("--data", type=Path, required=True, help="JSON Lines: key, text, context")
    parser.add_argument("--out", type=Path, required=True, help="folder for NAME.jsonl and summary.json")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Predict every row with every model, and write predictions and the summary."""
    arguments = parse(argv)
    rows = read_rows(arguments.data)
    arguments.out.mkdir(parents=True, exist_ok=True)
    summary = {}
    models = dict(map(_named, arguments.model))
    memory = {name: memory_of(path, rows) for name, path in models.items()}  # before this process loads any
    for name, path in models.items():
        model = load(path)
        predictions, summary[name] = evaluate(model, rows)
        summary[name] |= {
            "synonyms": model.synonyms,
            "archive_bytes": path.stat().st_size,
            "memory_bytes": memory[name],
        }
        lines = (
            json.dumps(_record(r, p), ensure_ascii=False) for r, p in zip(rows, predictions, strict=True)
        )
        (arguments.out / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        facts = summary[name]
        print(f"{name}: {facts['rows']} messages in {facts['seconds']:.2f} s", flush=True)
    (arguments.out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return 0


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSON Lines file. Raises ToolError, naming the line, for one without text."""
    if not path.exists():
        raise ToolError(f"{path} does not exist.", "Name an existing file.")
    rows = []
    lines = path.read_bytes().rstrip(b"\n").split(b"\n") if path.stat().st_size else []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            row["text"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ToolError(f"{path}, line {number} has no text.", "Write one JSON object a line.") from error
        rows.append(row)
    return rows


def evaluate(model: Model, rows: list[dict[str, Any]]) -> tuple[list[Prediction], dict[str, Any]]:
    """Predictions of all rows in batches, and the figures of the summary (latencies in milliseconds)."""
    started = time.perf_counter()
    texts = [row["text"] for row in rows]
    contexts = [row.get("context") or {} for row in rows]
    predictions = model.predict(texts, contexts)
    seconds = time.perf_counter() - started
    latencies = sorted(_latency(model, texts[i], contexts[i]) for i in _sample(len(rows)))
    return predictions, {
        "model_id": model.model_id,
        "rows": len(rows),
        "seconds": round(seconds, 4),
        "latency_p50_ms": round(statistics.median(latencies), 3) if latencies else None,
        "latency_p95_ms": round(latencies[int(0.95 * (len(latencies) - 1))], 3) if latencies else None,
    }


def _sample(rows: int) -> range:
    return range(0, rows, max(1, rows // SAMPLE))


def _latency(model: Model, text: str, context: dict[str, str]) -> float:
    started = time.perf_counter()
    model.predict([text], [context])
    return (time.perf_counter() - started) * 1000


def _record(row: dict[str, Any], prediction: Prediction) -> dict[str, Any]:
    return {
        "key": row.get("key"),
        "intent": prediction.intent,
        "confidence": prediction.confidence,
        "ranking": prediction.ranking,
        "entities": prediction.entities,
    }


def _named(argument: str) -> tuple[str, Path]:
    name, separator, path = argument.partition("=")
    if not separator or not name.isidentifier():
        raise ToolError(
            f"--model {argument} is not NAME=PATH.", "For instance --model candidate=model.tar.gz."
        )
    return name, Path(path)


if __name__ == "__main__":
    run(main)
