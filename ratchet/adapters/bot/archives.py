"""Model archives as files: which one a training left, and a check that only the expected one is opened.

A Rasa model archive is code: its metadata names the components that are imported, and a component may unpickle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ratchet.adapters.system.files import read_json, sha256, write_text
from ratchet.domain.errors import RatchetError

ARCHIVE, REPORT = "model.tar.gz", "train.json"
DIGEST = "model.sha256"
"""The file beside a trained archive that says which one it is; it is written last."""


@dataclass(frozen=True)
class Archive:
    """A model's archive and the digest that it must have: it is code, and is opened only with that digest."""

    path: Path
    sha256: str

    def verified(self) -> Path:
        """Return the path; raises `RatchetError` when the file is gone or was changed."""
        if not self.path.is_file() or sha256(self.path) != self.sha256:
            raise RatchetError(
                f"The model {self.path} is gone or not the one of digest {self.sha256[:12]}.",
                "It is not loaded. Run the same command again: it fetched or trained.",
            )
        return self.path


@dataclass(frozen=True)
class Trained:
    """A model archive and what its training said of it."""

    archive: Path
    sha256: str
    model_id: str
    rows: int
    intents: tuple[str, ...]
    seconds: float
    report: Mapping[str, object]


def unseal(folder: Path) -> None:
    """Say, before a training begins, that its folder holds no finished one."""
    (folder / DIGEST).unlink(missing_ok=True)


def seal(folder: Path) -> None:
    """Note the digest of the archive that a training has just left."""
    if (folder / ARCHIVE).exists():
        write_text(folder / DIGEST, sha256(folder / ARCHIVE))


def read_trained(folder: Path) -> Trained | None:
    """Read a successful training from its folder; None if it is missing, incomplete or changed."""
    archive, digest, report = folder / ARCHIVE, folder / DIGEST, read_json(folder / REPORT)
    if not isinstance(report, dict) or not archive.is_file() or not digest.is_file():
        return None
    found = sha256(archive)
    if digest.read_bytes().strip() != found.encode():
        return None
    try:
        return Trained(
            archive=archive,
            sha256=found,
            model_id=str(report["model_id"]),
            rows=int(report["rows"]),
            intents=tuple(report["intents"]),
            seconds=float(report["seconds"]),
            report=report,
        )
    except (TypeError, KeyError, ValueError):  # a report of something else
        return None
