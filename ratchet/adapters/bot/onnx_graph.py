"""Writes an ONNX model: a graph as protobuf, its weights beside it as external data.

The onnx package would bring 40 MB to write this one file, and a new version of it may write other bytes: the file's
SHA-256 names an encoder, so that it has to be the same on each machine and in each year.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

IR, OPSET = 8, 17
TYPES = {"float32": 1, "uint8": 2, "int64": 7, "float16": 10}
"""Numbers of element types, by numpy's names."""
EXTERNAL = 1
FLOAT, INT, INTS = 1, 2, 7
"""Numbers of attribute types."""
LEAST_EXTERNAL = 1024
"""Bytes below which an array is in the graph: shape inference wants to read shapes and axes."""


class Graph:
    """A graph that grows node by node; its weights go to the data file as they come."""

    def __init__(self, data: BinaryIO, data_name: str) -> None:
        self._data, self._data_name = data, data_name
        self._nodes: list[bytes] = []
        self._arrays: list[bytes] = []
        self._count = 0

    def array(self, values: np.ndarray) -> str:
        """Add a constant; return its name."""
        name = self._name()
        content = np.ascontiguousarray(values)
        raw = content.astype(content.dtype.newbyteorder("<"), copy=False).tobytes()
        said = b"".join(number(1, size) for size in content.shape)
        said += number(2, TYPES[content.dtype.name]) + text(8, name)
        if len(raw) < LEAST_EXTERNAL:
            said += part(9, raw)
        else:
            self._data.write(bytes(-self._data.tell() % 4096))  # each array is mapped where a page begins
            place = {"location": self._data_name, "offset": self._data.tell(), "length": len(raw)}
            self._data.write(raw)
            said += b"".join(part(13, text(1, key) + text(2, str(value))) for key, value in place.items())
            said += number(14, EXTERNAL)
        self._arrays.append(said)
        return name

    def node(self, kind: str, *inputs: str, **attributes: float | int | Sequence[int]) -> str:
        """Add an operation; return the name of its output."""
        name = self._name()
        said = b"".join(text(1, one) for one in inputs) + text(2, name) + text(3, name) + text(4, kind)
        said += b"".join(part(5, attribute(key, value)) for key, value in attributes.items())
        self._nodes.append(said)
        return name

    def write(self, path: Path, inputs: Iterable[str], output: str, last: int) -> None:
        """Write the model: integer inputs of shape (texts, tokens), one output of shape (texts, tokens, `last`)."""
        axes = ("texts", "tokens")
        graph = b"".join(part(1, node) for node in self._nodes) + text(2, "encoder")
        graph += b"".join(part(5, one) for one in self._arrays)
        graph += b"".join(part(11, value(name, "int64", axes)) for name in inputs)
        graph += part(12, value(output, "float32", (*axes, last)))
        model = number(1, IR) + text(2, "ratchet") + part(7, graph) + part(8, text(1, "") + number(2, OPSET))
        path.write_bytes(model)

    def _name(self) -> str:
        self._count += 1
        return f"n{self._count}"


def varint(number: int) -> bytes:
    """Protobuf's form of a whole number that is not negative, or negative as 64 bits."""
    number &= (1 << 64) - 1
    said = bytearray()
    while number > 127:
        said.append(number & 127 | 128)
        number >>= 7
    return bytes([*said, number])


def number(field: int, value: int) -> bytes:
    """A field with a whole number."""
    return varint(field << 3) + varint(value)


def part(field: int, content: bytes) -> bytes:
    """A field with bytes or a message."""
    return varint(field << 3 | 2) + varint(len(content)) + content


def text(field: int, content: str) -> bytes:
    """A field with text."""
    return part(field, content.encode())


def attribute(name: str, value: float | int | Sequence[int]) -> bytes:
    """An attribute of a node."""
    if isinstance(value, float):
        return text(1, name) + varint(2 << 3 | 5) + struct.pack("<f", value) + number(20, FLOAT)
    if isinstance(value, int):
        return text(1, name) + number(3, value) + number(20, INT)
    return text(1, name) + b"".join(number(8, one) for one in value) + number(20, INTS)


def value(name: str, kind: str, shape: Iterable[str | int]) -> bytes:
    """An input or output with its type and shape."""
    axes = (text(2, size) if isinstance(size, str) else number(1, size) for size in shape)
    tensor = number(1, TYPES[kind]) + part(2, b"".join(part(1, axis) for axis in axes))
    return text(1, name) + part(2, part(1, tensor))
