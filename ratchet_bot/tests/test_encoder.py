"""Sentence encoders: what is loaded, what is refused, and that a vector depends on its text alone."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet_bot.components import encoders
from ratchet_bot.components.encoder import Encoder, EncoderError
from ratchet_bot.components.vectors import Cached
from tests import tiny_encoder

WORDS = [*(word for group in tiny_encoder.SAME for word in group), "zyzzyva", "🎉", "كلمة"]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoders") / "tiny"
    tiny_encoder.write(folder)
    return folder


class Counting:
    """A fake that counts the texts that it encodes."""

    name, digest = "counting", "c" * 64

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32).reshape(len(texts), 2)


@given(TEXTS)
def test_a_vector_is_the_same_whatever_else_is_encoded(folder: Path, texts: list[str]) -> None:
    """Each text alone, and all in one batch: equal bits, length 1, in the order of the texts."""
    encoder = encoders.opened(str(folder), "", 1)
    together = encoder.encode(texts)
    assert together.tobytes() == np.vstack([encoder.encode([text]) for text in texts]).tobytes()
    assert np.linalg.norm(together, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_what_means_the_same_is_close(folder: Path) -> None:
    """Mean over the tokens, padding that the tokenizer's file asks for left out."""
    one, same, other = Encoder(folder).encode(["holidays", "vacation", "laptop"])
    assert one @ same > 0.9 > 0.5 > one @ other


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    """One byte more or less in weights, tokenizer or description, or a file that is gone: nothing is loaded."""
    digest = tiny_encoder.write(tmp_path)
    Encoder(tmp_path, digest)
    weights = (tmp_path / "model.onnx").read_bytes()
    (tmp_path / "model.onnx").write_bytes(weights[:-1] + b"x")
    with pytest.raises(EncoderError, match="was changed"):
        Encoder(tmp_path)
    (tmp_path / "model.onnx").unlink()
    with pytest.raises(EncoderError, match="missing"):
        Encoder(tmp_path)
    with pytest.raises(EncoderError, match="not 000000000000"):
        Encoder(tmp_path, "0" * 64)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"pooling": "first"}, "another vector for its test text"),
        ({"prefix": "order laptop "}, "another vector for its test text"),
        ({"test": {"text": "lunch menu", "vector": [1.0] * 16}}, "another vector for its test text"),
        ({"dimension": 8}, r"shape \(1, 4, 16\)"),
        ({"pooling": "max"}, "`pooling` mean or first"),
        ({"tokens": 1}, "`tokens` of at least 2"),
        ({"files": {}}, "model and tokenizer among `files`"),
        ({"format": 2}, "format 2"),
        ({"test": None}, "no description"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(
    tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    """A wrong pooling, prefix or dimension is found at load by the stored test vector."""
    tiny_encoder.write(tmp_path, **changes)
    with pytest.raises(EncoderError, match=why):
        Encoder(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", "\x00", '{"format": 1, "files": 3}'])
def test_what_is_no_description_is_refused(tmp_path: Path, content: str) -> None:
    """Whatever the file holds, it is one error."""
    (tmp_path / "encoder.json").write_text(content)
    with pytest.raises(EncoderError, match="no description"):
        Encoder(tmp_path)


def test_an_environment_without_the_libraries_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The group `encoder` of the bot's project may be left out."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EncoderError, match="lacks onnxruntime"):
        Encoder(folder)


def test_an_encoder_is_found_by_name_and_by_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside others, and beside folders that hold none; an unknown one is an error."""
    digest = tiny_encoder.write(tmp_path / "a")
    other = tiny_encoder.write(tmp_path / "b", name="other")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "encoder.json").write_text("nonsense")
    monkeypatch.setenv("RATCHET_ENCODERS", str(tmp_path))
    assert encoders.find("tiny").digest == encoders.find(digest).digest == digest
    assert encoders.find(other).name == "other"
    with pytest.raises(EncoderError, match="no sentence encoder english"):
        encoders.find("english")
    monkeypatch.delenv("RATCHET_ENCODERS")
    with pytest.raises(EncoderError, match="names no folder"):
        encoders.find("tiny")


def test_a_folder_that_is_being_filled_is_not_taken(tmp_path: Path) -> None:
    """It is the newest of its name, and may be gone the next moment."""
    digest = tiny_encoder.write(tmp_path / "a")
    tiny_encoder.write(tmp_path / ".new-x")
    assert encoders.place(tmp_path, digest) == tmp_path / "a"


def test_no_text_is_encoded_twice(tmp_path: Path) -> None:
    """Not in one call, not in the next process, and another encoder's vectors are never taken."""
    first = Counting()
    told: list[tuple[int, int]] = []
    vectors = Cached(first, tmp_path).encode(["a", "bb", "a"], lambda *so_far: told.append(so_far))
    assert (first.asked, told) == (["a", "bb"], [(2, 2)])
    second = Counting()
    assert Cached(second, tmp_path).encode(["bb", "a", "ccc"]).tolist() == [[2, 1], [1, 1], [3, 1]]
    assert second.asked == ["ccc"]
    assert vectors.tolist() == [[1, 1], [2, 1], [1, 1]]
    second.digest = "d" * 64
    Cached(second, tmp_path).encode(["a"])
    assert second.asked == ["ccc", "a"]
    assert Cached(Counting(), None).encode([]).shape == (0, 2)


def test_the_store_of_vectors_is_bounded(tmp_path: Path) -> None:
    """What was not asked for longest goes first."""
    encoder = Counting()
    for texts in (["old"], ["kept"], ["old"], ["new", "newer"]):
        Cached(encoder, tmp_path, most=3).encode(texts)
    encoder.asked.clear()
    Cached(encoder, tmp_path, most=3).encode(["old", "new", "newer"])
    assert encoder.asked == []
    Cached(encoder, tmp_path, most=3).encode(["kept"])
    assert encoder.asked == ["kept"]


def test_a_broken_store_costs_time_only(tmp_path: Path) -> None:
    """A file that is no database, or is locked: everything is encoded."""
    (tmp_path / f"{'c' * 32}.sqlite").write_bytes(b"no database" * 100)
    assert Cached(Counting(), tmp_path).encode(["a"]).tolist() == [[1, 1]]


def test_half_a_vector_is_not_taken(tmp_path: Path) -> None:
    """A store whose content was cut is as good as none."""
    cached = Cached(Counting(), tmp_path)
    cached.encode(["a"])
    with sqlite3.connect(tmp_path / f"{'c' * 32}.sqlite") as store:
        store.execute("UPDATE vectors SET vector = x'0000'")
    assert cached.encode(["a"]).tolist() == [[1, 1]]


@pytest.mark.parametrize(("said", "many", "threads"), [("3", True, 3), ("", False, 1)])
def test_threads_are_bounded(monkeypatch: pytest.MonkeyPatch, said: str, many: bool, threads: int) -> None:
    """One in service unless a setting says otherwise; never more than the container may use."""
    monkeypatch.setenv("RATCHET_ENCODER_THREADS", said)
    assert encoders.threads(many) == threads


def test_threads_keep_to_the_share_of_the_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quota of half a processor is one thread; a wrong setting is an error."""
    monkeypatch.setattr(encoders, "CGROUP", tmp_path / "cpu.max")
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert encoders.threads(many=True) == 1
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert encoders.share() >= 1
    monkeypatch.setenv("RATCHET_ENCODER_THREADS", "all")
    with pytest.raises(EncoderError, match="write a number"):
        encoders.threads(many=True)
