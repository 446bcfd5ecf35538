"""A frozen sentence encoder: a folder with an ONNX model, its tokenizer and `encoder.json`, which describes both.

The description names each file with its SHA-256, and the digest of the description names the encoder: weights that
differ in one bit are another encoder. Nothing is loaded before the digests agree. No Rasa; onnxruntime and tokenizers
are imported when an encoder is opened, because an environment may lack them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

DESCRIPTION = "encoder.json"
FORMAT = 1
MAX_CHARACTERS = 4000  # tokenizers are quadratic in no text of this length
BATCH = 32
LEAST_COSINE = 0.999
"""Between the stored test vector and what this machine makes of its text; int8 weights already reach 0.9992."""
POOLINGS = ("mean", "first")


Progress = Callable[[int, int], None]
"""Is told how many of how many texts are encoded."""


class EncoderError(ValueError):
    """An encoder is not there, not what it says it is, or cannot run here."""


class Encodes(Protocol):
    """Turns texts into vectors; `name` and `digest` say which encoder it is."""

    name: str
    digest: str

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Float32 vectors of length 1, of shape (texts, dimension); one is the same whatever else is encoded."""


@dataclass(frozen=True)
class Description:
    """What `encoder.json` says.

    `pooling` is `mean` (of the last layer over all tokens) or `first` (token); `prefix` is put before each text;
    `tokens` is how many at most are read; `files` holds SHA-256 by name; the test is a text and its vector's beginning.
    """

    name: str
    language: str
    model: str
    tokenizer: str
    pooling: str
    prefix: str
    tokens: int
    dimension: int
    files: Mapping[str, str]
    test_text: str
    test_vector: tuple[float, ...]


def describe(folder: Path) -> tuple[Description, str]:
    """The description in a folder and its SHA-256. Raises EncoderError where it is missing or says nonsense."""
    path = folder / DESCRIPTION
    try:
        content = path.read_bytes()
        said = json.loads(content)
        if said["format"] != FORMAT:
            raise EncoderError(f"{path} has the format {said['format']}; this code reads {FORMAT}.")
        test = said["test"]
        made = Description(
            *(str(said[key]) for key in ("name", "language", "model", "tokenizer", "pooling", "prefix")),
            tokens=int(said["tokens"]),
            dimension=int(said["dimension"]),
            files={str(name): str(digest) for name, digest in said["files"].items()},
            test_text=str(test["text"]),
            test_vector=tuple(float(value) for value in test["vector"]),
        )
    except EncoderError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EncoderError(
            f"{path} is no description of an encoder: {type(error).__name__} {error}."
        ) from error
    if (
        made.pooling not in POOLINGS
        or made.tokens < 2
        or not {made.model, made.tokenizer} <= made.files.keys()
    ):
        raise EncoderError(
            f"{path} needs `pooling` mean or first, `tokens` of at least 2, and model and tokenizer among `files`."
        )
    return made, hashlib.sha256(content).hexdigest()


def verify(folder: Path, digest: str | None = None) -> tuple[Description, str]:
    """The description and its digest, after each file's SHA-256 was compared with it.

    Raises EncoderError where a file is missing or differs, or the description does not have the `digest`.
    """
    description, found = describe(folder)
    if digest and digest != found:
        raise EncoderError(f"{folder} holds the encoder {found[:12]}, not {digest[:12]}.")
    for name, wanted in description.files.items():
        path = folder / name
        if Path(name).name != name or not path.is_file():
            raise EncoderError(f"{path} is missing.")
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != wanted:
                raise EncoderError(f"{path} was changed: its SHA-256 is not the one that its encoder names.")
    return description, found


class Encoder:
    """An open encoder, on `threads` threads. Texts of equal length share a batch: padding would change vectors."""

    def __init__(
        self, folder: Path, digest: str | None = None, threads: int = 1, tested: bool = True
    ) -> None:
        self.description, self.digest = verify(folder, digest)
        self.name = self.description.name
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as error:
            raise EncoderError(f"The environment lacks {error.name}, with which encoders run.") from error
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / self.description.tokenizer))
            self._tokenizer.no_padding()
            self._tokenizer.enable_truncation(self.description.tokens)
            model = str(folder / self.description.model)
            self._session = onnxruntime.InferenceSession(
                model, _options(onnxruntime, threads), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # each library has errors of its own
            raise EncoderError(f"The encoder in {folder} cannot be opened: {error}") from error
        self._inputs = [one.name for one in self._session.get_inputs()]
        self._output = self._session.get_outputs()[0].name
        if tested:
            self._test()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """See `Encodes`."""
        found = np.zeros((len(texts), self.description.dimension), dtype=np.float32)
        prefixed = [self.description.prefix + text[:MAX_CHARACTERS] for text in texts]
        encodings = self._tokenizer.encode_batch(prefixed)
        by_length: dict[int, list[int]] = {}
        for place, encoding in enumerate(encodings):
            by_length.setdefault(len(encoding.ids), []).append(place)
        for places in by_length.values():
            for start in range(0, len(places), BATCH):
                batch = places[start : start + BATCH]
                found[batch] = self._run([encodings[place] for place in batch])
        return found

    def _run(self, encodings: Sequence[Any]) -> np.ndarray:
        """Vectors of texts of one length."""
        ids = np.array([one.ids for one in encodings], dtype=np.int64)
        if ids.shape[1] == 0:  # a tokenizer without marks for start and end, and an empty text
            return np.zeros((len(ids), self.description.dimension), dtype=np.float32)
        known = {"attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        [layer] = self._session.run([self._output], {name: known.get(name, ids) for name in self._inputs})
        if layer.ndim != 3 or layer.shape[2] != self.description.dimension:
            raise EncoderError(
                f"The encoder {self.name} gives an array of shape {layer.shape}; its description says "
                f"(texts, tokens, {self.description.dimension})."
            )
        return unit(layer[:, 0] if self.description.pooling == "first" else layer.mean(axis=1))

    def _test(self) -> None:
        """Raise EncoderError unless the stored test text gets its stored vector on this machine."""
        wanted = np.array(self.description.test_vector, dtype=np.float64)
        found = self.encode([self.description.test_text])[0][: len(wanted)].astype(np.float64)
        cosine = found @ wanted / max(np.linalg.norm(found) * np.linalg.norm(wanted), 1e-12)
        if not cosine >= LEAST_COSINE:
            raise EncoderError(
                f"The encoder {self.name} gives another vector for its test text than the stored one (cosine "
                f"{cosine:.4f}): pooling, prefix or tokenizer are not those that it was described with."
            )


def _options(onnxruntime: Any, threads: int) -> Any:
    """No arena: it would keep the memory of the largest batch. No spinning: a waiting thread leaves its processor."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1; one of length 0 stays as it is. Each row is calculated alone."""
    lengths = np.sqrt(np.array([row @ row for row in vectors.astype(np.float64)]))
    return (vectors / np.where(lengths > 0, lengths, 1)[:, None]).astype(np.float32)
