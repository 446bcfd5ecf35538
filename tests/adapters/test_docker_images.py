"""Build contexts."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from adapters.docker_images import context
from domain.errors import RatchetError


def test_a_context_depends_on_content_alone(tmp_path: Path) -> None:
    """The same content gives the same bytes, whatever times and permissions its files have."""
    path = tmp_path / "serve.py"
    path.write_text("print(1)")
    with context({"bot/serve.py": path}) as stream:
        first = stream.read()
    os.utime(path, (1, 1))
    path.chmod(0o600)
    with context({"bot/serve.py": path}) as stream:
        assert stream.read() == first


def test_files_of_a_context_are_readable_for_the_bots_user(tmp_path: Path) -> None:
    """The bot runs as a user that owns none of its files."""
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"model")
    path.chmod(0o600)
    with context({"model.tar.gz": path}) as stream, tarfile.open(fileobj=stream) as archive:
        assert archive.getmember("model.tar.gz").mode == 0o644


@pytest.mark.parametrize("name", ["Dockerfile", "bot/channel/chat.py"])
def test_a_git_lfs_pointer_does_not_get_into_a_context(tmp_path: Path, name: str) -> None:
    """Neither as the recipe nor as a file of the image: the error names it."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(RatchetError, match=f"^{name} is a Git LFS pointer"), context({name: path}):
        raise AssertionError("a context was made")
