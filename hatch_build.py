"""What `uv build` adds to the wheel: the files that a workspace is made from, as `ratchet/resources/`.

They stand once in the repository, where a checkout uses them (ratchet/resources/__init__.py).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

RESOURCES = (
    "params.yaml",
    "data.dvc",
    "directory.csv",
    "bot",
    "examples",
    "deployments",
    ".github/workflows/pull-request.yml",
    ".github/workflows/inside-ci.yml",
    ".github/workflows/to-service.yml",
)
LEFT_OUT = {".venv", "__pycache__", ".pytest_cache", ".ruff_cache", ".rasa", "models"}


class Resources(BuildHookInterface):
    """Adds the resources to a wheel; an editable install uses those of the checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name each file with its place in the wheel."""
        if self.target_name != "wheel" or version != "standard":
            return
        root = Path(self.root)
        for file in files(root):
            place = Path("ratchet", "resources", file.relative_to(root)).as_posix()
            build_data["force_include"][str(file)] = place


def files(root: Path) -> list[Path]:
    """List what a workspace is made from, without caches and environments."""
    found = []
    for name in RESOURCES:
        if (root / name).is_file():
            found.append(root / name)
        for folder, folders, names in os.walk(root / name):
            folders[:] = sorted(set(folders) - LEFT_OUT)
            found += [Path(folder, one) for one in sorted(names) if not one.endswith(".pyc")]
    return found
