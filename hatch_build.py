"""What `uv build` adds to the wheel: the files that a workspace is made from, as `ratchet/resources/`.

They stand once in the repository, where a checkout uses them (ratchet/resources/__init__.py). The wheel of the bot's
framework is built on the way, and lies in `vendor/` there (ratchet/adapters/bot/framework.py).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.wheel import WheelBuilder

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
        """Say where in the wheel each file goes."""
        if self.target_name != "wheel" or version != "standard":
            return
        root, resources = Path(self.root), Path("ratchet", "resources")
        places = {file: resources / file.relative_to(root) for file in files(root)}
        self.built = tempfile.TemporaryDirectory()
        [framework] = WheelBuilder(str(root / "ratchet_bot")).build(
            directory=self.built.name, versions=["standard"]
        )
        places[Path(framework)] = resources / "vendor" / Path(framework).name
        build_data["force_include"].update({str(file): str(place) for file, place in places.items()})

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the wheel that was built on the way."""
        if hasattr(self, "built"):
            self.built.cleanup()


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
