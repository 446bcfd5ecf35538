"""Small file operations that leave nothing half-written."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ratchet.domain.errors import RatchetError

T = TypeVar("T")
LFS_HEADER = "version https://git-lfs"
"""How the few lines begin that Git LFS leaves in place of a file that it did not fetch."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success it replaces `path` in one step, otherwise it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def end_of(path: Path, most: int) -> bytes:
    """Return the last `most` bytes of a file, b"" where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - most))
            return file.read()
    except FileNotFoundError:
        return b""


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Write JSON whole or not at all."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


SURROGATE = "\\ud"
"""How JSON writes a character beyond 65,535, as two halves, and a byte of a name that is no UTF-8."""


def read_json(path: Path) -> Any | None:
    """Read JSON; None when the file is absent, was cut off, or holds something else, such as half a character."""
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text)
        if SURROGATE in text.lower():  # one alone, in the name of a file, is refused by the operating system
            json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogateescape")
        return data
    except (FileNotFoundError, ValueError, RecursionError):
        return None


MALFORMED = (TypeError, ValueError, LookupError, AttributeError, OverflowError, RecursionError)
"""What turning JSON of another shape into a value may raise; pydantic's errors are ValueErrors."""


def read_record(path: Path, make: Callable[[Any], T], remedy: str) -> T | None:
    """Read what Ratchet wrote as JSON; None when the file is absent or was cut off.

    Raises `RatchetError` when it holds JSON that `make` cannot use.
    """
    data = read_json(path)
    if data is None:
        return None
    try:
        return make(data)
    except MALFORMED as error:
        raise RatchetError(f"{path} does not hold what Ratchet wrote there.", remedy) from error


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def code_sha256(path: Path) -> str:
    """Return the SHA-256 of a file of code, the same on machines where Git writes CRLF line ends (`core.autocrlf`).

    What holds a zero byte is no text, and is taken as it is.
    """
    content = path.read_bytes()
    return hashlib.sha256(content if b"\0" in content else content.replace(b"\r\n", b"\n")).hexdigest()


def tree_digest(files: Iterable[Path], root: Path) -> str:
    """Return one SHA-256 over names (relative to `root`) and contents of files, in any order given."""
    return names_digest({path.relative_to(root).as_posix(): path for path in files})


def names_digest(files: Mapping[str, Path]) -> str:
    """Return one SHA-256 over names, with slashes, and contents of files of code, in any order given."""
    digest = hashlib.sha256()
    for name in sorted(files, key=lambda name: name.split("/")):
        digest.update(f"{name}\0{code_sha256(files[name])}\n".encode())
    return digest.hexdigest()


def refuse_pointers(files: Iterable[Path], root: Path) -> None:
    """Raise `RatchetError` naming, relative to `root`, the first file that is a Git LFS pointer, not itself."""
    header = LFS_HEADER.encode()
    for path in files:
        with path.open("rb") as file:
            if file.read(len(header)) == header:
                raise RatchetError(
                    f"{path.relative_to(root)} is a Git LFS pointer, not the file itself.",
                    "Get the file with `git lfs pull`, and take it out of LFS (`git lfs untrack`).",
                )
