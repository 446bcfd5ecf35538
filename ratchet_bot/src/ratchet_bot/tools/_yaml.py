"""Reading the small YAML files that people write: clients, conversations."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path
from typing import Any

import ruamel.yaml

DEEPEST = 50


class NotYaml(Exception):
    """The file is no YAML that can be read; says why."""


def load(path: Path) -> Any:
    """What a file says, as plain data; raises `NotYaml`.

    Brackets are counted before it is parsed, because the parser's time grows with the square of their depth.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if depth(text) > DEEPEST:
            raise ValueError(f"nested more than {DEEPEST} levels deep")
        return ruamel.yaml.YAML(typ="safe", pure=True).load(text)
    except (
        ruamel.yaml.YAMLError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise NotYaml(str(error)) from error


def depth(text: str) -> int:
    """How many brackets are open at once, at most."""
    return max(accumulate((char in "[{") - (char in "]}") for char in text), default=0)


def domain_of(given: Path) -> Path:
    """The domain's file, or the folder `domain/` beside it where there is no such file."""
    return given if given.exists() or not given.with_suffix("").is_dir() else given.with_suffix("")
