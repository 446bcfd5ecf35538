"""Sources: how the files of each are written, remembered in `params.yaml` from the first one on."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ratchet.adapters.readers.reading import Columns
from ratchet.adapters.settings import Settings, parse_params, validate_params
from ratchet.adapters.system.files import write_text
from ratchet.domain.corpus.policies import SourcePolicy
from ratchet.domain.errors import RatchetError

PARAMS = "params.yaml"
USUAL = Columns()
DIGITS = re.compile(r"\d+(?:[-_. T]*\d+)*")


def source_of(path: Path, sources: Mapping[str, SourcePolicy]) -> str | None:
    """Return the name of the source whose pattern a file's name has, None where none has it."""
    names = (
        name for name, one in sources.items() if fnmatch.fnmatch(path.name.casefold(), one.files.casefold())
    )
    return next(names, None)


def columns_of(path: Path, given: Columns, sources: Mapping[str, SourcePolicy]) -> Columns:
    """Return how a file is written: what a person says of it, and what is remembered of its source.

    A file that is UTF-8 is read as that, whatever encoding is remembered: its letters would be wrong ones.
    """
    name = source_of(path, sources)
    if name is None:
        return given
    known = sources[name]
    return replace(
        given,
        text=known.text if given.text == USUAL.text else given.text,
        intent=known.intent if given.intent == USUAL.intent else given.intent,
        context={**known.context, **given.context},
        sheet=given.sheet or known.sheet,
        encoding=given.encoding or (None if known.encoding and is_utf8(path) else known.encoding),
        source=name,
    )


def other_digits(found: re.Match[str]) -> str:
    """Return what stands for the digits of a name in the pattern of its source: `may1.csv` is not like `mayor.csv`."""
    return "*" if not found.start() or found.string[found.start() - 1] in "-_. (" else "[0-9]*"


def is_utf8(path: Path) -> bool:
    """Tell whether a file has letters beyond ASCII, and all of them are well-formed in UTF-8."""
    try:
        content = path.read_bytes()
        content.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return not content.isascii()


def entry_of(path: Path, columns: Columns) -> tuple[str, dict[str, Any]]:
    """Return a name for a file's source, and what to remember of it; digits in the file's name may be others."""
    literal = path.name.replace("[", "?").replace("]", "?").replace("*", "?")
    pattern = (
        DIGITS.sub(other_digits, literal) if any(map(str.isalpha, path.stem)) else literal
    )  # `*.csv` would be all files
    name = "-".join(re.findall(r"[^\W\d_]+", path.stem.casefold())) or "source"
    said: dict[str, Any] = {"files": pattern, "text": columns.text, "intent": columns.intent}
    said |= {"context": dict(columns.context)} if columns.context else {}
    said |= {key: value for key, value in (("sheet", columns.sheet), ("encoding", columns.encoding)) if value}
    return name, said


def remember(settings: Settings, path: Path, columns: Columns) -> str:
    """Write how a file is written into `params.yaml`, whose comments stay; returns the source's name.

    Nothing is written where a person said nothing, or where it is known: "" then. Raises `RatchetError`, with the line
    to write by hand, where the file has a form that cannot be added to.
    """
    sources, name = settings.params.sources, source_of(path, settings.params.sources)
    said = columns_of(path, columns, sources)
    if replace(columns, source="") == USUAL or (name and said == columns_of(path, USUAL, sources)):
        return ""
    fresh, entry = entry_of(path, said)
    if name:
        entry["files"] = sources[name].files
    taken = name or next(
        one for n in range(1, 1000) if (one := f"{fresh}-{n}" if n > 1 else fresh) not in sources
    )
    file = settings.workspace / PARAMS
    text = file.read_text(encoding="utf-8")
    before = parse_params(text)
    wanted = {**before, "sources": {**(before.get("sources") or {}), taken: entry}}
    made = with_entry(text, taken, entry)
    if not says(made, wanted):
        line = f"  {taken}: {json.dumps(entry, ensure_ascii=False)}"
        raise RatchetError(
            f"{file} has a form in which the source cannot be remembered; the messages were taken in.",
            f"Write under `sources:` there: {line.strip()}",
        )
    validate_params(wanted)
    write_text(file, made)
    return taken


def says(text: str, wanted: Mapping[str, Any]) -> bool:
    """Tell whether a text is `params.yaml` with just this content."""
    try:
        return parse_params(text) == wanted
    except RatchetError:
        return False


def with_entry(text: str, name: str, entry: Mapping[str, Any]) -> str:
    """Return the text of `params.yaml` with a source, in one line, which takes the place of one of the same name."""
    key = name if re.fullmatch(r"[a-z][a-z-]*", name) and name not in YAMLS_WORDS else json.dumps(name)
    line = f"  {key}: {json.dumps(entry, ensure_ascii=False)}"
    lines = [old for old in text.rstrip("\n").split("\n") if not old.startswith(f"  {key}: {{")]
    for number, old in enumerate(lines):
        if re.fullmatch(r"sources:\s*(?:\{\s*\})?\s*", old):
            return "\n".join([*lines[:number], "sources:", line, *lines[number + 1 :], ""])
    return "\n".join([*lines, "", "sources:", line, ""])


YAMLS_WORDS = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}
"""Names that YAML would read as something else than a text."""
