"""Synonyms, lookup tables and regular expressions in files of their own, as Rasa's YAML."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ratchet.adapters.readers.nlu_yaml import read
from ratchet.adapters.system.files import write_text
from ratchet.domain.corpus.corpus import CorpusPolicy


def read_extras(path: Path) -> dict[str, dict[str, list[str]]]:
    """Read the synonyms, lookup tables and regular expressions of a file."""
    return {kind: dict(named) for kind, named in read(path, CorpusPolicy()).extras.items()}


def write_extras(path: Path, kind: str, named: dict[str, list[str]]) -> None:
    """Write synonyms, lookup tables or regular expressions as Rasa reads them."""
    parts = [
        f"- {kind}: {json.dumps(name, ensure_ascii=False)}\n  examples: {_as_block(examples)}"
        for name, examples in sorted(named.items())
    ]
    write_text(path, f'version: "3.1"\nnlu:\n{"".join(parts)}')


def _as_block(examples: Iterable[str]) -> str:
    """Return examples as a block of lines; as one quoted text where YAML would end a line inside one of them."""
    written = [example for example in examples if example.strip()]
    if all(example.isprintable() for example in written):
        return "".join(["|\n", *(f"    - {example}\n" for example in written)])
    return json.dumps("".join(f"- {' '.join(example.split())}\n" for example in written)) + "\n"
