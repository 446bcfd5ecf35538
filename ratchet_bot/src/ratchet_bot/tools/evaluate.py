"""Predict a holdout with models: `python -m ratchet_bot.tools.evaluate --model NAME=PATH --data FILE --out DIR`."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from ratchet_bot.tools._cost import latency, measured
from ratchet_bot.tools._errors import ToolError, run
from ratchet_bot.tools._model import Model, Prediction, load


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
    served = {name: measured(path, rows) for name, path in models.items()}  # before this process loads any
    for name, path in models.items():
        model = load(path)
        predictions, summary[name] = evaluate(model, rows)
        summary[name] |= served[name] or {**latency(model, rows), "memory_bytes": None}
        summary[name] |= {"synonyms": model.synonyms, "archive_bytes": path.stat().st_size}
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
    """Predictions of all rows in batches, and what the summary says of them."""
    started = time.perf_counter()
    texts = [row["text"] for row in rows]
    contexts = [row.get("context") or {} for row in rows]
    predictions = model.predict(texts, contexts)
    seconds = time.perf_counter() - started
    return predictions, {"model_id": model.model_id, "rows": len(rows), "seconds": round(seconds, 4)}


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
