"""Describe a sentence encoder of your own: `python -m ratchet_bot.tools.describe FOLDER --name N --dimension D`.

The folder holds the ONNX model, with its external data where there is some, and `tokenizer.json`; `encoder.json` is
written beside them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

from ratchet_bot.components.encoder import DESCRIPTION, FORMAT, POOLINGS, Encoder, EncoderError
from ratchet_bot.tools._errors import ToolError, run

TEXT = "How do I reset my password?"
SHOWN = 24
"""How many numbers of the test text's vector are stored."""


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Arguments of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m ratchet_bot.tools.describe", description="Describe a sentence encoder."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", required=True, help="what config.yml calls it")
    parser.add_argument("--dimension", type=int, required=True, help="length of its vectors")
    parser.add_argument(
        "--pooling", choices=POOLINGS, default="mean", help="mean of all tokens, or the first"
    )
    parser.add_argument("--prefix", default="", help="text before each message, `query: ` for E5")
    parser.add_argument("--tokens", type=int, default=256, help="how many at most are read")
    parser.add_argument("--language", default="multilingual", help="en, de, …, or multilingual")
    parser.add_argument("--model", default="model.onnx")
    parser.add_argument("--tokenizer", default="tokenizer.json")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Write the description, whole or not at all, after its vector was calculated with these very settings."""
    arguments = parse(argv)
    folder: Path = arguments.folder
    files = sorted(
        path
        for path in folder.glob("*")
        if path.is_file() and path.name != DESCRIPTION and path.name[0] != "."
    )
    missing = {arguments.model, arguments.tokenizer} - {path.name for path in files}
    if missing:
        raise ToolError(
            f"{folder} has no {', '.join(sorted(missing))}.", "Put it there, or name it with an option."
        )
    names = ("name", "language", "model", "tokenizer", "pooling", "prefix", "tokens", "dimension")
    said = {
        "format": FORMAT,
        **{name: getattr(arguments, name) for name in names},
        "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
        "test": {"text": TEXT, "vector": []},
    }
    target = folder / DESCRIPTION
    before = target.read_bytes() if target.exists() else None
    try:
        target.write_text(json.dumps(said), encoding="utf-8")
        vector = Encoder(folder, tested=False).encode([TEXT])[0]
        said["test"] = {"text": TEXT, "vector": [round(float(value), 5) for value in vector[:SHOWN]]}
        target.write_text(json.dumps(said), encoding="utf-8")
        digest = Encoder(folder).digest
    except EncoderError as error:
        restore(target, before)
        raise ToolError(str(error), "Correct the options or the files.") from error
    except BaseException:
        restore(target, before)
        raise
    print(f"{arguments.name}: {digest}", flush=True)
    return 0


def restore(target: Path, before: bytes | None) -> None:
    """Let the description be as it was."""
    if before is None:
        target.unlink(missing_ok=True)
    else:
        target.write_bytes(before)


if __name__ == "__main__":
    run(main)
