"""Reading labelled messages from files and folders, whatever their format."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ratchet.adapters.readers import json_text, label_tools, nlu_markdown, nlu_yaml, rasa_json, rows, tables
from ratchet.adapters.readers.reading import Columns, Notes, Reading, nothing
from ratchet.adapters.readers.texts import BREAK, read_text
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.corpus.findings import Finding
from ratchet.domain.errors import RatchetError

SAVE_AS_TABLE = "Save it as CSV in UTF-8 with the columns text and intent."
JSON = {".json", ".jsonl", ".ndjson"}
ENDINGS = tables.ENDINGS | JSON | nlu_yaml.ENDINGS | nlu_markdown.ENDINGS
MAYBE = {".json", *nlu_markdown.ENDINGS}
"""Endings that much else has: in a folder such a file is read only where it holds messages."""
NAMED = 10


def read(
    paths: Sequence[Path], policy: CorpusPolicy, columns: Columns | Callable[[Path], Columns]
) -> Reading:
    """Read files, and all files with a known ending in folders, in the order of their names.

    `columns` says how a file is written, one for all or for each. Raises `RatchetError` for what cannot be read.
    """
    frames: list[pd.DataFrame] = []
    files, unread = expand(paths)
    account: list[Finding] = [left_unread(unread)] if unread else []
    faults: list[Finding] = []
    extras: dict[str, dict[str, list[str]]] = {}
    for path in files:
        layout = columns(path) if callable(columns) else columns
        reading = read_file(path, policy, layout)
        if layout.source:
            said = f"{path.name}: read as sources.{layout.source} of params.yaml says."
            account.append(Finding("remembered", (), (), 1, said))
        frames.append(reading.frame)
        account.extend(reading.account)
        faults.extend(reading.faults)
        for kind, named in reading.extras.items():
            for name, examples in named.items():
                known = extras.setdefault(kind, {}).setdefault(name, [])
                known.extend(example for example in dict.fromkeys(examples) if example not in set(known))
    frame = pd.concat([nothing(policy), *frames], ignore_index=True)
    if paths and frame.empty and not extras and not faults:
        said = f" {' '.join(one.sentence for one in account[:NAMED])}" if account else ""
        raise RatchetError(
            f"{', '.join(str(path) for path in paths)} holds no messages.{said}",
            "Name a file with rows of text and intent.",
        )
    return Reading(frame, extras, tuple(account), tuple(faults))


def read_file(path: Path, policy: CorpusPolicy, columns: Columns) -> Reading:
    """Read one file."""
    suffix = path.suffix.lower()
    if suffix in nlu_yaml.ENDINGS:
        return nlu_yaml.read(path, policy, columns.encoding)
    if suffix in nlu_markdown.ENDINGS:
        return nlu_markdown.read(path, policy, columns.encoding)
    if suffix not in JSON:
        return tables.read(path, policy, columns)
    notes = Notes(path.name)
    text = read_text(path, notes, columns.encoding)
    if rasa_json.is_rasa(text):
        return rasa_json.read(path, text, policy, notes)
    taken = rows.take(path, objects(path, text, columns, notes), policy, columns, notes)
    return Reading(taken.frame(), account=notes.account, faults=notes.faults)


def objects(path: Path, text: str, columns: Columns, notes: Notes) -> list[rows.Row]:
    """Return the objects of a JSON text with their lines; raises `RatchetError` for anything else in it.

    One object that holds them under a key of its own, as services answer, stands for them.
    """
    found: list[rows.Row] = []
    for line, value in json_text.values(path, text):
        if not isinstance(value, dict):
            raise RatchetError(f"{path}:{line} is not a JSON object.", json_text.ONE_A_LINE)
        found.append((line, value))
    lists = [name for name, value in found[0][1].items() if of_objects(value)] if len(found) == 1 else []
    if lists and columns.text not in found[0][1] and not label_tools.reader_of(found[0][1]):
        return inner(path, text, found[0][1], lists, notes)
    return found


def of_objects(value: Any) -> bool:
    """Tell whether a value is a list of objects."""
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def inner(path: Path, text: str, whole: Mapping[str, Any], lists: list[str], notes: Notes) -> list[rows.Row]:
    """Return the objects in the one list that an object holds; raises `RatchetError` where it holds several."""
    if len(lists) > 1:
        raise RatchetError(
            f"{path}:1 is one object with several lists of rows: {', '.join(lists)}.",
            "Save the one with the messages as a file of its own, from its `[` to its `]`.",
        )
    [name] = lists
    others = "".join(f", not {other!r}" for other in whole if other != name)
    notes.said("guessed rows", f"the rows under {name!r} are read{others}.")
    written = "|".join(re.escape(json.dumps(name, ensure_ascii=way)) for way in (True, False))
    if begins := re.search(rf"(?:{written})\s*:\s*\[", text):
        first = len(BREAK.findall(text, 0, begins.end() - 1))
        numbered = [(first + line, one) for line, one in json_text.array(path, text[begins.end() - 1 :])]
        if [one for _, one in numbered] == whole[name]:
            return numbered
    return [(1, one) for one in whole[name]]  # its name is written with escapes, or is there twice


def left_unread(unread: Sequence[Path]) -> Finding:
    """Say which files of a folder are not read."""
    names = [path.name for path in unread]
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return Finding(
        "left out",
        (),
        (),
        len(names),
        f"Files of other kinds that are not read: {', '.join(names[:NAMED])}{more}.",
    )


def expand(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the files that paths stand for, and those of folders that are not read.

    Raises `RatchetError` for what is absent or of unknown kind.
    """
    found: list[Path] = []
    unread: list[Path] = []
    for path in paths:
        if os.path.isdir(path):  # unlike pathlib's, which fails at a name that is too long
            inside = [one for one in sorted(path.rglob("*")) if leads_to_one(one) and not hidden(one, path)]
            fitting = [
                one
                for one in inside
                if one.is_file() and one.suffix.lower() in ENDINGS and holds_messages(one)
            ]
            if not fitting:
                raise RatchetError(f"The folder {path} holds no file that can be read.", SAVE_AS_TABLE)
            found.extend(fitting)
            unread.extend(one for one in inside if one not in fitting)
        elif not os.path.exists(path):
            raise RatchetError(f"{path} does not exist.", "Check the name.")
        elif path.suffix.lower() not in ENDINGS:
            raise RatchetError(
                f"{path} has an unknown ending; known are {', '.join(sorted(ENDINGS))}.", SAVE_AS_TABLE
            )
        else:
            found.append(path)
    return found, unread


def leads_to_one(path: Path) -> bool:
    """Tell whether a path in a folder is a file, or a link: one that leads nowhere or to a folder is not read."""
    return path.is_symlink() or path.is_file()


def hidden(path: Path, folder: Path) -> bool:
    """Tell whether a file or a folder above it has a name that begins with a point, as Git's and editors' files do."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def holds_messages(path: Path) -> bool:
    """Tell whether a file of a folder may hold messages, where its ending alone does not say so."""
    suffix = path.suffix.lower()
    if suffix not in MAYBE:
        return True
    if suffix in nlu_markdown.ENDINGS:
        return nlu_markdown.is_nlu(path)
    text = path.read_bytes().decode("utf-8", errors="replace").lstrip("\ufeff \t\r\n")
    return rasa_json.is_rasa(text) or text.startswith("[") or not json_text.parses(text)
