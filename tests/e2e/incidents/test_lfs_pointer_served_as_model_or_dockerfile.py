"""Git LFS pointer served as model or Dockerfile.

After the host had refused their models the team moved large files to Git LFS. The server that deployed had no LFS: its
clone ended without an error and left, in place of each file, three lines of text that name it. The deployment copied
them; there was a Dockerfile and there was a model, and neither was one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ratchet.adapters.system.files import sha256
from ratchet.domain.errors import RatchetError
from tests.e2e.fleet.fleet import Fleet
from tests.e2e.incidents.team import LFS_POINTER, Team

pytestmark = pytest.mark.e2e


def test_a_clone_without_lfs_looks_whole(team: Team, tmp_path: Path) -> None:
    """The old way: cloned without an error, the file is there and not empty, and it is 135 bytes of 182 MB."""
    origin, server = tmp_path / "origin", tmp_path / "server"
    team.git("init", "-q", str(origin), cwd=tmp_path)
    (origin / ".gitattributes").write_text("*.tar.gz filter=lfs -text\n")
    (origin / "model.tar.gz").write_text(LFS_POINTER)
    lfs_is_absent = ("-c", "filter.lfs.smudge=", "-c", "filter.lfs.clean=", "-c", "filter.lfs.process=")
    team.git(*lfs_is_absent, "add", "--all", cwd=origin)
    team.git(*lfs_is_absent, "commit", "-q", "-m", "The model, in LFS", cwd=origin)
    team.git(*lfs_is_absent, "clone", "-q", str(origin), str(server), cwd=tmp_path)
    deployed = server / "model.tar.gz"
    assert 100 < deployed.stat().st_size < 200
    assert deployed.read_text() == LFS_POINTER


@pytest.mark.parametrize("path", ["bot/domain.yml", "data.dvc"])
def test_a_pointer_in_place_of_code_or_data_ends_the_run(team: Team, path: str) -> None:
    """It is named, and the old release goes on."""
    (team.workspace / path).write_text(LFS_POINTER)
    assert f"{path} is a Git LFS pointer" in team.ratchet("retrain", code=1)
    assert team.answers()


def test_a_pointer_in_place_of_new_messages_is_refused(team: Team, tmp_path: Path) -> None:
    """The file that a colleague sent is three lines of LFS."""
    file = tmp_path / "new.csv"
    file.write_text(LFS_POINTER)
    assert "new.csv is a Git LFS pointer, not the data" in team.ratchet("ingest", file, code=1)


def test_a_pointer_in_place_of_a_model_is_not_served(team: Team) -> None:
    """The store of models was 'backed up' through LFS: the digest is not the registered one, and nothing loads it."""
    model = team.models()[0]
    kept = team.workspace / ".ratchet" / "models" / f"{model.sha256}.tar.gz"
    kept.unlink(missing_ok=True)
    stored = next(
        path
        for path in team.workspace.glob(".ratchet/artifacts/**/model.tar.gz")
        if sha256(path) == model.sha256
    )
    whole = stored.read_bytes()
    stored.write_text(LFS_POINTER)
    try:
        said = team.ratchet("release", model.version, code=1)
    finally:
        stored.write_bytes(whole)
    assert f"{model.sha256[:12]} was registered: it was changed" in said
    assert team.answers()


def test_a_pointer_in_place_of_a_dockerfile_builds_nothing(fleet: Fleet) -> None:
    """No image of it, and no other one: the file is named."""
    recipe = "deployments/bot/model.Dockerfile"
    with fleet.code(recipe, lambda _: LFS_POINTER), pytest.raises(RatchetError) as refused:
        fleet.package()
    assert "model.Dockerfile is a Git LFS pointer" in str(refused.value)
    assert fleet.live is not None
    fleet.assert_serves(fleet.live)
