"""Reading labelled messages from files and folders, whatever their format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ratchet.adapters.readers import nlu_yaml, tables
from ratchet.adapters.readers.tables import Columns, Reading
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.errors import RatchetError

SAVE_AS_TABLE = "Save it as CSV in UTF-8 with the columns text and intent."
ENDINGS = tables.ENDINGS | nlu_yaml.ENDINGS


def read(paths: Sequence[Path], policy: CorpusPolicy, columns: Columns) -> Reading:
    """Read files, and all files with a known ending in folders, in the order of their names."""
    frames: list[pd.DataFrame] = []
    remarks: list[str] = []
    extras: dict[str, dict[str, list[str]]] = {}
    for path in expand(paths):
        if path.suffix.lower() in nlu_yaml.ENDINGS:
            reading = nlu_yaml.read(path, policy)
        else:
            reading = tables.read(path, policy, columns)
        frames.append(reading.frame)
        remarks.extend(reading.remarks)
        for kind, named in reading.extras.items():
            for name, examples in named.items():
                known = extras.setdefault(kind, {}).setdefault(name, [])
                known.extend(example for example in dict.fromkeys(examples) if example not in set(known))
    frame = pd.concat([tables.nothing(policy), *frames], ignore_index=True)
    if paths and frame.empty and not extras:
        raise RatchetError(
            f"{', '.join(str(path) for path in paths)} holds no messages.",
            "Name a file with rows of text and intent.",
        )
    return Reading(frame, extras, tuple(remarks))


def expand(paths: Sequence[Path]) -> list[Path]:
    """Return the files that paths stand for; raises `RatchetError` for what is absent or of unknown kind."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.rglob("*") if one.is_file() and one.suffix.lower() in ENDINGS)
            if not inside:
                raise RatchetError(f"The folder {path} holds no file that can be read.", SAVE_AS_TABLE)
            found.extend(inside)
        elif not path.exists():
            raise RatchetError(f"{path} does not exist.", "Check the name.")
        elif path.suffix.lower() not in ENDINGS:
            raise RatchetError(
                f"{path} has an unknown ending; known are {', '.join(sorted(ENDINGS))}.", SAVE_AS_TABLE
            )
        else:
            found.append(path)
    return found
