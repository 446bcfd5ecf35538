"""The data in a real S3 store, faults included: wrong keys, no bucket, and a server that dies in mid-push."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from ratchet.adapters.corpus import data_folder, dvc, remote
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.processes import free_port
from ratchet.adapters.triggers import inbox
from ratchet.domain.errors import RatchetError, UsageError
from tests.adapters.corpus.test_data_folder import more, open_store, put
from tests.corpora import data_workspace, git
from tests.workspaces import fake_workspace

pytestmark = pytest.mark.e2e

KEY, SECRET = "AKIAEXAMPLE0123", "secretsecretsecret"
RCLONE = Path(sys.executable).with_name("rclone")
URL = "s3://bucket/team/bot"


class Server:
    """`rclone serve s3` over a folder, with one pair of keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        (folder / "bucket").mkdir(parents=True)

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it listens."""
        address = f"127.0.0.1:{self.port}"
        argv = [RCLONE, "serve", "s3", "--auth-key", f"{KEY},{SECRET}", "--addr", address, self.folder]
        self.process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the S3 server did not start")

    def kill(self) -> None:
        """End it without warning."""
        if self.process:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A running server, with good keys in the environment."""
    if not RCLONE.exists():
        pytest.skip("rclone is missing: uv sync")
    server = Server(tmp_path / "s3")
    server.start()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    yield server
    server.kill()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace whose data is in a local folder."""
    settings = data_workspace(tmp_path / "bot-team")
    put(settings, more("leave", 30))
    git(settings.workspace, "add", "--all")
    git(settings.workspace, "commit", "-qm", "Data")
    return settings


def config(settings: Settings) -> str:
    """DVC's configuration, tracked and local."""
    files = [settings.workspace / ".dvc" / name for name in ("config", "config.local")]
    return "".join(path.read_text() for path in files if path.exists())


def test_the_data_moves_to_s3_and_comes_back_on_another_machine(
    settings: Settings, server: Server, tmp_path: Path
) -> None:
    """Set, push, clone, pull; no secret is in any file that Git tracks."""
    address, brought = remote.move(settings, URL, server.url, None)
    assert (address, brought) == (URL, dvc.revision(settings.workspace))
    assert dvc.pushed(settings.workspace, brought)
    git(settings.workspace, "commit", "-aqm", "S3")
    tracked = git(settings.workspace, "grep", "--cached", "-e", "", "--", ".dvc")
    assert URL in tracked
    assert SECRET not in tracked + config(settings)
    assert server.url not in tracked
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(settings.workspace), str(clone))
    (clone / "bot").mkdir(exist_ok=True)
    there = remote.move(load_settings(clone, target="process"), URL, server.url, None)
    assert there == (URL, "")
    folder = dvc.fetch(clone, None, clone / ".ratchet" / "data")
    messages = data_folder.read_messages(folder, settings.params.corpus)
    assert len(messages) == 30


def test_an_ingest_pushes_to_s3(settings: Settings, server: Server) -> None:
    """The store step works on S3 as on a folder."""
    remote.move(settings, URL, server.url, None)
    revision = put(settings, grown(settings, 5))
    assert dvc.pushed(settings.workspace, revision)
    assert len(open_store(settings).frame) == 35


@pytest.mark.parametrize("name", ["week.csv", "über uns #2?.csv", "100%25.csv", "a+b c.csv"])
def test_an_inbox_on_s3_keeps_each_file(tmp_path: Path, server: Server, name: str) -> None:
    """Whatever its name; a second one of the name does not take the place of the first, nor of its report."""
    home = fake_workspace(tmp_path / "ws", inbox="s3://bucket/in", s3_endpoint=server.url)
    report = tmp_path / "fault.txt"
    report.write_text("why\n")
    for content in (b"one", b"two"):
        inbox.client(home).put_object(Bucket="bucket", Key=f"in/{name}", Body=content)
        [waiting] = inbox.dropped(home)
        copy = inbox.download(home, waiting.address, tmp_path / "run")
        assert copy is not None
        assert (copy.name, copy.read_bytes()) == (name, content)
        inbox.put_away(home, waiting.address, inbox.REFUSED, report)
        assert inbox.dropped(home) == []
    aside, path = server.folder / "bucket" / "in" / "refused", Path(name)
    second = f"{path.stem}-2{path.suffix}"
    assert {one.name: one.read_bytes() for one in aside.iterdir()} == {
        name: b"one",
        second: b"two",
        **{f"{one}.report.txt": b"why\n" for one in (name, second)},
    }


def test_wrong_keys_leave_the_old_remote(
    settings: Settings, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The probe fails, says why, and nothing is written."""
    before = config(settings)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret-at-all")
    with pytest.raises(dvc.RemoteUnreachable, match=f"{URL} cannot be used: The request signature"):
        remote.move(settings, URL, server.url, None)
    assert config(settings) == before
    assert len(open_store(settings).frame) == 30


def test_a_missing_bucket_is_named(settings: Settings, server: Server) -> None:
    """A bucket is not made on the quiet."""
    with pytest.raises(dvc.RemoteUnreachable, match="bucket does not exist"):
        remote.move(settings, "s3://no-such-bucket/x", server.url, None)


def test_keys_in_the_address_are_refused(settings: Settings) -> None:
    """The address is written into a tracked file."""
    with pytest.raises(UsageError, match="carries keys"):
        remote.move(settings, f"s3://{KEY}:{SECRET}@bucket/x", None, None)
    with pytest.raises(UsageError, match="is not a remote"):
        remote.move(settings, "ftp://host/x", None, None)


def grown(settings: Settings, number: int) -> pd.DataFrame:
    """The corpus with more rows."""

    return pd.concat(
        [open_store(settings).frame.drop(columns="place"), more("laptop", number)], ignore_index=True
    )


def test_a_server_that_dies_in_mid_push_changes_nothing(settings: Settings, server: Server) -> None:
    """The ingest fails with one clear error; when the server is back, the same ingest goes through."""
    remote.move(settings, URL, server.url, None)
    before = dvc.revision(settings.workspace)
    bulk = settings.workspace / "data" / "extras" / "bulk.bin"
    bulk.parent.mkdir()
    bulk.write_bytes(os.urandom(400_000_000))
    messages = grown(settings, 5)
    arrived = threading.Timer(0, kill_when_uploading, [server])
    arrived.start()
    with pytest.raises(RatchetError):
        put(settings, messages)
    arrived.join()
    assert dvc.revision(settings.workspace) == before
    assert len(open_store(settings).frame) == 30
    with pytest.raises(dvc.RemoteUnreachable):
        dvc.pushed(settings.workspace, before)
    server.start()
    revision = put(settings, messages)
    assert dvc.pushed(settings.workspace, revision)
    assert len(open_store(settings).frame) == 35
    shutil.rmtree(settings.workspace / ".dvc" / "cache")


def kill_when_uploading(server: Server) -> None:
    """Wait for the first connection's bytes to come in, and kill the server."""
    assert server.process is not None
    io = Path(f"/proc/{server.process.pid}/io")
    start = received(io)
    for _ in range(6000):
        if received(io) - start > 20_000_000:
            break
        time.sleep(0.005)
    server.kill()


def received(io: Path) -> int:
    """The bytes that a process has read."""
    return int(next(line for line in io.read_text().splitlines() if line.startswith("rchar")).split()[1])
