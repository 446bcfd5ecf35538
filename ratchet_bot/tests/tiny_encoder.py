"""A sentence encoder of a few words and 16 numbers, written as real files: its ONNX model looks each word up."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

SAME = (
    ("leave", "holidays", "days", "off", "weeks", "vacation", "furlough", "sabbatical"),
    ("password", "reset", "forgot", "login", "passphrase"),
    ("room", "meeting", "book", "reserve", "boardroom"),
    ("laptop", "notebook", "order", "broken", "computer"),
    ("lunch", "cafeteria", "canteen", "menu", "food"),
)
"""Words that mean about the same: some of each group are in no training message of `tests.corpus`."""
MARKS = ("[UNK]", "[CLS]", "[SEP]")
DIMENSION = 16


def write(folder: Path, **changes: Any) -> str:
    """Write the encoder into a folder and return its digest; `changes` are of the description."""
    folder.mkdir(parents=True, exist_ok=True)
    words = [*MARKS, *(word for group in SAME for word in group)]
    (folder / "model.onnx").write_bytes(model(table()))
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.enable_padding(length=8)  # as a file may have it: an encoder pads nothing
    tokenizer.save(str(folder / "tokenizer.json"))
    files = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("model.onnx", "tokenizer.json")
    }
    wanted = table()[[1, words.index("reset"), words.index("password"), 2]].mean(axis=0)
    description = {
        "format": 1,
        "name": "tiny",
        "language": "en",
        "model": "model.onnx",
        "tokenizer": "tokenizer.json",
        "pooling": "mean",
        "prefix": "",
        "tokens": 32,
        "dimension": DIMENSION,
        "files": files,
        "test": {"text": "reset password", "vector": [float(x) for x in wanted / np.linalg.norm(wanted)]},
        **changes,
    }
    content = json.dumps(description).encode()
    (folder / "encoder.json").write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def table() -> np.ndarray:
    """A vector for each word, those of a group close together."""
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(len(SAME), DIMENSION))
    rows = [generator.normal(size=DIMENSION) * 0.1 for _ in MARKS]
    rows += [
        centre + generator.normal(size=DIMENSION) * 0.1
        for centre, group in zip(centres, SAME, strict=True)
        for _ in group
    ]
    return np.array(rows, dtype=np.float32)


def model(rows: np.ndarray) -> bytes:
    """An ONNX model that looks tokens up in a table: last_hidden_state = Gather(table, input_ids)."""
    stored = _message(
        _number(1, rows.shape[0]),
        _number(1, rows.shape[1]),
        _number(2, 1),
        _text(8, "table"),
        _bytes(9, rows.tobytes()),
    )
    node = _message(
        _text(1, "table"), _text(1, "input_ids"), _text(2, "last_hidden_state"), _text(4, "Gather")
    )
    graph = _message(
        *(_bytes(1, node), _text(2, "tiny"), _bytes(5, stored)),
        *(
            _bytes(11, _value("input_ids", 7, "texts", "tokens")),
            _bytes(11, _value("attention_mask", 7, "texts", "tokens")),
        ),
        _bytes(12, _value("last_hidden_state", 1, "texts", "tokens", "dimension")),
    )
    opset = _message(_text(1, ""), _number(2, 13))
    return _message(_number(1, 8), _bytes(7, graph), _bytes(8, opset))


def _value(name: str, kind: int, *axes: str) -> bytes:
    shape = _message(*(_bytes(1, _text(2, axis)) for axis in axes))
    return _message(_text(1, name), _bytes(2, _bytes(1, _message(_number(1, kind), _bytes(2, shape)))))


def _message(*fields: bytes) -> bytes:
    return b"".join(fields)


def _varint(value: int) -> bytes:
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def described(folder: Path) -> Mapping[str, Any]:
    """What its description says."""
    return json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
