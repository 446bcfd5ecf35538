"""What a wheel holds."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from ratchet.adapters.bot import framework
from ratchet.adapters.settings import SOURCE
from ratchet.adapters.system.files import sha256
from tests.wheel import build

PACKAGES = ("ratchet", "flows", "tasks")
MADE_FROM = ("params.yaml", "data.dvc", "directory.csv", "bot", "examples", "deployments")
WORKFLOWS = ".github/workflows"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by way of the source distribution."""
    return build(tmp_path_factory.mktemp("dist"))


def known(*names: str) -> set[str]:
    """List what Git knows in these folders."""
    done = subprocess.run(["git", "ls-files", *names], cwd=SOURCE, capture_output=True, text=True, check=True)
    return {name for name in done.stdout.splitlines() if (SOURCE / name).exists()}


def test_the_wheel_holds_the_packages_and_what_a_workspace_is_made_from(wheel: Path, tmp_path: Path) -> None:
    """All that Git knows of them, and nothing else: no environment, cache or model that lies about."""
    from ratchet.adapters.scaffold import WORKFLOWS as copied

    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    workflows = {f"{WORKFLOWS}/{name}" for name in copied}
    resources = {f"ratchet/resources/{name}" for name in known(*MADE_FROM) | workflows}
    resources.add(f"ratchet/resources/vendor/{framework.wheel(tmp_path).name}")
    assert names - resources == known(*PACKAGES)
    assert resources <= names


def test_the_source_distribution_and_the_checkout_make_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """To the byte, so that a digest says which wheel it is."""
    assert sha256(build(tmp_path, "--wheel")) == sha256(wheel)
