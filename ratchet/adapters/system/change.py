"""Several files changed all together or not at all.

What was there before is kept beside until all is done: an error or Ctrl-C puts it back at once, after a kill `undo`.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from ratchet.adapters.system.files import read_json, replacing, write_json
from ratchet.domain.errors import RatchetError

JOURNAL = "journal.json"


@contextlib.contextmanager
def changing(root: Path, kept: Path, files: Mapping[str, bytes | None]) -> Iterator[None]:
    """Write files below `root`, None removes one; if the block fails, all are as they were.

    `kept` is a folder of its own for what was there before.
    """
    undo(root, kept)
    for name in files:
        if (root / name).is_file():
            (kept / "before" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, kept / "before" / name)
    write_json(kept / JOURNAL, sorted(files))
    try:
        for name, content in files.items():
            try:
                put(root, name, content)
            except OSError as error:
                raise RatchetError(
                    f"{name} cannot be changed: {error.strerror}.",
                    "All files are as they were. Make it writable, then run the same command again.",
                ) from error
        yield
    except BaseException:
        undo(root, kept)
        raise
    (kept / JOURNAL).unlink()
    shutil.rmtree(kept)


def put(root: Path, name: str, content: bytes | None) -> None:
    """Write one file, with the mode that it had; or remove it, with the folders that become empty."""
    path = root / name
    if content is not None:
        mode = path.stat().st_mode if path.exists() else 0o644
        with replacing(path) as temporary:
            temporary.write_bytes(content)
            temporary.chmod(mode)
        return
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # until one is not empty
        for folder in path.relative_to(root).parents:
            if folder.name:
                (root / folder).rmdir()


def undo(root: Path, kept: Path) -> list[str]:
    """Put back what an unfinished change had found; returns the names of its files, none where there was none.

    What is as it was already is not touched. Raises `RatchetError` after all others where some cannot be put back;
    what they were is kept for the next time.
    """
    names: list[str] = list(read_json(kept / JOURNAL) or [])
    failed: list[str] = []
    for name in names:
        before = kept / "before" / name
        old = before.read_bytes() if before.is_file() else None
        try:
            if (root / name).read_bytes() == old if (root / name).is_file() else old is None:
                continue
            put(root, name, old)
        except OSError as error:
            failed.append(f"{name} ({error.strerror})")
    if failed:
        raise RatchetError(
            f"These cannot be put back after a change that was not finished: {', '.join(failed[:5])}.",
            "Make them writable, then run the same command again: it puts them back first.",
        )
    (kept / JOURNAL).unlink(missing_ok=True)
    shutil.rmtree(kept, ignore_errors=True)
    return names
