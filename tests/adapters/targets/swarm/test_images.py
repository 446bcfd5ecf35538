"""Build contexts."""

from __future__ import annotations

import http.server
import io
import os
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from ratchet.adapters.settings import load_settings
from ratchet.adapters.targets.swarm.images import BuildFailed, build, context
from ratchet.domain.errors import RatchetError


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


@pytest.mark.parametrize("name", ["Dockerfile", "bot/ratchet_bot/channel/chat.py"])
def test_a_git_lfs_pointer_does_not_get_into_a_context(tmp_path: Path, name: str) -> None:
    """Neither as the recipe nor as a file of the image: the error names it."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(RatchetError, match=f"^{name} is a Git LFS pointer"), context({name: path}):
        raise AssertionError("a context was made")


@pytest.fixture
def full_engine() -> Iterator[docker.DockerClient]:
    """A client of an engine that has no room for what it builds; only that answer of it is played."""

    class Engine(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"error": "write /app: no space left on device"}\n')

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Engine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield docker.DockerClient(f"tcp://127.0.0.1:{server.server_port}", version="1.41", timeout=7)
    server.shutdown()
    server.server_close()


def test_an_engine_without_room_is_named_and_not_waited_for_later(
    full_engine: docker.DockerClient, tmp_path: Path
) -> None:
    """A build may take long; what is asked of the engine after it may not, or a frozen one holds the run for ever."""
    (tmp_path / "params.yaml").touch()
    (tmp_path / "bot").mkdir()
    with pytest.raises(BuildFailed, match=r"bot:1 could not be built: .*no space left on device"):
        build(full_engine, io.BytesIO(b""), tag="bot:1", settings=load_settings(tmp_path), labels={})
    assert full_engine.api.timeout == 7
