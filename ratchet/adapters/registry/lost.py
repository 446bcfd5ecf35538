"""Archives that the artifact store has lost, found again under `.ratchet/` by their digest."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from ratchet.adapters.system import console
from ratchet.adapters.system.files import sha256
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.model import Model

PLACES = ("bundles/*/model.tar.gz", "runs/*/model.tar.gz", "runs/*/*/model.tar.gz")
"""Where a release or a training leaves the archive of a model, below `.ratchet/`."""


def kept(state: Path, digest: str) -> Path | None:
    """Return an archive with this digest, None where none is left; a release's own comes first."""
    found = (path for place in PLACES for path in sorted(state.glob(place)) if path.is_file())
    return next((path for path in found if sha256(path) == digest), None)


def put_back(client: Any, model: Model, path: Path) -> Path:
    """Put an archive back into the store, say so, and return it; where the store takes nothing, it is used as it is."""
    said = "it is used"
    with contextlib.suppress(
        RatchetError, Exception
    ):  # its run may be deleted: the archive is good without it
        client.log_artifact(model.run_id, str(path), "model")
        said = "it was put back there"
    console.note(
        f"The archive of model version {model.version} is gone from the artifact store; a verified copy was found in"
        f" {path.parent}, and {said}."
    )
    return path
