"""Reading a text file: in the encoding that it names, that a person names, or that is the only one with words in it."""

from __future__ import annotations

import codecs
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from ratchet.adapters.readers import encodings
from ratchet.adapters.readers.reading import Notes
from ratchet.adapters.system.files import LFS_HEADER
from ratchet.domain.errors import RatchetError, UsageError

SAMPLES = 2
BREAK = re.compile(r"\r\n|\r|\n")
"""Where a line ends for an editor; Python's `splitlines` also ends one at U+2028, which a text may hold."""


def read_text(path: Path, notes: Notes, encoding: str | None = None) -> str:
    """Return the text of a file; an encoding other than UTF-8 that was not named is noted, with two lines.

    Raises `RatchetError` for an empty file, a pointer of Git LFS or DVC in the place of data, and an encoding that
    is not clear; `UsageError` for an `encoding` that Python does not know.
    """
    content = path.read_bytes()
    if content.startswith(LFS_HEADER.encode()):
        raise RatchetError(f"{path} is a Git LFS pointer, not the data.", "Get the data with `git lfs pull`.")
    if content[:200].startswith(b"outs:") and b"md5:" in content[:200]:
        raise RatchetError(
            f"{path} is a DVC pointer, not the data.",
            f"Get the data with `dvc pull {shlex.quote(str(path))}`.",
        )
    if not content.strip(b"\0 \t\r\n\xff\xfe\xef\xbb\xbf"):
        raise RatchetError(f"{path} is empty.", "Name a file with rows of text and intent.")
    if encoding:
        return decoded(path, content, known(encoding), encoding)
    if mark := encodings.marked(content):
        codec, name = mark
        text = decoded(path, content, codec, name or "UTF-8").removeprefix("\ufeff")
        if name:
            notes.said("guessed encoding", f"read as {name}.", samples(text))
        return text
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return guessed(path, content, notes)


def guessed(path: Path, content: bytes, notes: Notes) -> str:
    """Return the text of a file that names no encoding and is not UTF-8; raises `RatchetError` for an unsafe guess."""
    if line := encodings.nearly_utf8(content):
        raise RatchetError(
            f"{path}:{line} is not UTF-8, while the rest of the file is.",
            "Write that line again and save the file in UTF-8.",
        )
    found = encodings.readings(content)
    if len(found) == 1:
        [name] = found
        text = decoded(path, content, name, name)
        notes.said(
            "guessed encoding", f"not UTF-8; read as {name} (`--encoding` names another).", samples(text)
        )
        return text
    line = content[: next(place for place, byte in enumerate(content) if byte > 127)].count(b"\n") + 1
    if not found:
        raise RatchetError(
            f"{path}:{line} is not UTF-8, and no encoding that Ratchet can guess makes words of it.",
            "Save it in UTF-8, or name its encoding, for instance `--encoding shift_jis`.",
        )
    shown = "; ".join(f"`--encoding {name}` reads {sample(text)!r}" for name, text in list(found.items())[:4])
    raise RatchetError(
        f"{path}:{line} is not UTF-8, and its encoding is not clear.",
        f"Name the one with the right letters: {shown}. If none has them, save the file in UTF-8.",
    )


def decoded(path: Path, content: bytes, codec: str, name: str) -> str:
    """Decode all of a file; raises `RatchetError` naming the first line that the encoding cannot have."""
    try:
        return content.decode(codec)
    except (UnicodeDecodeError, UnicodeError) as error:
        place = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = content[:place].count(b"\n") + 1
        raise RatchetError(
            f"{path}:{line} is not {name}.", "Save the file in UTF-8, or name its encoding with `--encoding`."
        ) from error


def known(encoding: str) -> str:
    """Return Python's name of an encoding; raises `UsageError` for one that it does not have for texts."""
    try:
        found = codecs.lookup(encoding)
        if found._is_text_encoding:
            return "utf-8-sig" if found.name == "utf-8" else found.name
    except LookupError:
        pass
    raise UsageError(
        f"There is no encoding {encoding!r}.",
        f"Name one such as {', '.join(list(encodings.KNOWN)[:3])} or utf-8.",
    )


def lines(text: str) -> list[str]:
    """Return the lines of a text as an editor numbers them."""
    return BREAK.split(text)


def entries(path: Path, line: int, name: str, notes: Notes) -> list[str]:
    """Return the entries of a lookup table that has a file of its own, one a line; a file that is not there is a fault.

    It is looked for from the folder of `path` upwards: projects write it from their root.
    """
    for folder in (path.parent, *list(path.parent.parents)[:3]):
        if name and len(name) < 200 and (folder / name).is_file():
            found = [entry.strip() for entry in lines(read_text(folder / name, notes)) if entry.strip()]
            notes.said("joined", f"{len(found):,} entries of a lookup table are from {name}.")
            return found
    notes.fault(
        "lookup table",
        f"that name a file which is not there: put it into {path.parent}",
        line,
        name,
        "lookup table",
    )
    return []


def foreign(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines, numbered from 1, that have more than ASCII: in them a wrong encoding shows."""
    for number, line in enumerate(lines(text), start=1):
        if not line.isascii():
            yield number, line.strip()


def samples(text: str) -> list[tuple[int, str]]:
    """Return the first lines in which an encoding shows, else the first lines."""
    found = [pair for pair, _ in zip(foreign(text), range(SAMPLES), strict=False)]
    return found or [(number, line) for number, line in enumerate(lines(text)[:SAMPLES], start=1)]


def sample(text: str) -> str:
    """Return a piece of the first line in which an encoding shows, around what is not ASCII."""
    for _, line in foreign(text):
        first = next((place for place, char in enumerate(line) if char > "\x7f"), 0)
        return line[max(0, first - 20) : first + 30]
    return ""
