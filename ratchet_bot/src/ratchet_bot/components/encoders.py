"""Which encoder a classifier works with, found in the folders that RATCHET_ENCODERS names.

RATCHET_ENCODERS is a folder of encoders, one folder each. RATCHET_VECTORS is the folder of vectors encoded before, for
tools that read many messages. RATCHET_ENCODER_THREADS bounds the threads, else it is one in service, and the
processor share of the container in those tools.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from ratchet_bot.components.encoder import DESCRIPTION, Encoder, EncoderError, describe
from ratchet_bot.components.vectors import Cached

FOLDERS, VECTORS, THREADS = "RATCHET_ENCODERS", "RATCHET_VECTORS", "RATCHET_ENCODER_THREADS"
CGROUP = Path("/sys/fs/cgroup/cpu.max")


def find(wanted: str) -> Cached | Encoder:
    """Open the encoder of this name or digest; in tools that set RATCHET_VECTORS, with the vectors encoded before.

    Raises EncoderError if there is no such encoder, or it cannot be opened.
    """
    named = os.environ.get(FOLDERS, "")
    folder = os.environ.get(VECTORS, "")
    return opened(
        str(place(Path(named), wanted)) if named else missing(wanted), folder, threads(bool(folder))
    )


def missing(wanted: str) -> str:
    """Raise EncoderError: no setting says where encoders are."""
    raise EncoderError(
        f"There is no sentence encoder {wanted[:12]} here: {FOLDERS} names no folder of encoders."
    )


def place(folder: Path, wanted: str) -> Path:
    """The folder of the encoder with this name or digest; of several of one name the one last described.

    A folder whose name begins with a dot is being filled, or was when its run was killed.
    """
    found = []
    for path in sorted(folder.glob(f"*/{DESCRIPTION}")):
        if path.parent.name.startswith("."):
            continue
        try:
            description, digest = describe(path.parent)
        except EncoderError:
            continue
        if wanted in (description.name, digest):
            found.append(path)
    if not found:
        raise EncoderError(f"There is no sentence encoder {wanted[:12]} in {folder}.")
    return max(found, key=lambda path: path.stat().st_mtime).parent


@lru_cache(maxsize=4)
def opened(folder: str, vectors: str, threads: int) -> Cached | Encoder:
    """An encoder, opened once for all models of a process."""
    encoder = Encoder(Path(folder), threads=threads)
    return Cached(encoder, Path(vectors)) if vectors else encoder


def threads(many: bool) -> int:
    """How many threads encode: RATCHET_ENCODER_THREADS, else one, for many messages the container's share.

    Raises EncoderError where the variable is no number.
    """
    said = os.environ.get(THREADS, "")
    if said:
        if not said.isdecimal() or int(said) < 1:
            raise EncoderError(f"{THREADS} is {said!r}; write a number of threads, 1 for instance.")
        return int(said)
    return share() if many else 1


def share() -> int:
    """Processors that this process may use, at least one: those of its affinity, bounded by its container's quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = CGROUP.read_text(encoding="ascii").split()
        allowed = min(allowed, max(1, int(quota) // int(period)))
    except (OSError, ValueError):  # no such file, or "max"
        pass
    return allowed
