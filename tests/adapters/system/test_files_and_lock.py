"""Tests of `ratchet.adapters.system.files` and `ratchet.adapters.system.lock`."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ratchet.adapters.system.files import read_json, refuse_pointers, replacing, tree_digest, write_json
from ratchet.adapters.system.lock import LockHeld, hold
from ratchet.adapters.system.lock import holder as lock_holder
from ratchet.domain.errors import RatchetError


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    """Half-written files never take the place of whole ones."""
    path = tmp_path / "state.json"
    write_json(path, {"a": 1})
    with pytest.raises(IsADirectoryError), replacing(path) as temporary:
        tmp_path.write_text(temporary.read_text())
    assert read_json(path) == {"a": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]


def test_a_file_that_was_cut_off_reads_as_absent(tmp_path: Path) -> None:
    """State that another program truncated is treated like none."""
    path = tmp_path / "state.json"
    path.write_text('{"a": ')
    assert read_json(path) is None


def test_half_a_character_is_no_json_of_ours(tmp_path: Path) -> None:
    """No file can be called so; a whole one, and a byte of a name that is no UTF-8, are what they are."""
    path = tmp_path / "a.json"
    for name in ("\U0001f600", os.fsdecode(b"\xe9")):
        path.write_text(json.dumps({"a": name}))
        assert read_json(path) == {"a": name}
    path.write_text('{"a": "\\ud800/tmp"}')
    assert read_json(path) is None


def test_the_digest_of_a_tree_depends_on_names_and_contents_only(tmp_path: Path) -> None:
    """Order does not matter; a rename or a changed byte does."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("1")
    two.write_text("2")
    digest = tree_digest([one, two], tmp_path)
    assert tree_digest([two, one], tmp_path) == digest
    two.write_text("3")
    assert tree_digest([one, two], tmp_path) != digest


HOLDER = """
import sys, time
from pathlib import Path
from ratchet.adapters.system.lock import hold
with hold(Path(sys.argv[1]), "A retrain"):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(lock: Path) -> subprocess.Popen[str]:
    """Start another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_held_lock_names_its_holder_and_a_killed_holder_leaves_none(tmp_path: Path) -> None:
    """Two runs at once: the second is told who has the lock; after SIGKILL nothing has to be cleaned."""
    lock = tmp_path / "run.lock"
    process = holder(lock)
    try:
        said = rf"A retrain is in progress \(process {process.pid}"
        with pytest.raises(LockHeld, match=said), hold(lock, "x"):
            pass
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    started = time.monotonic()
    with hold(lock, "Another retrain"):
        assert read_json(lock.with_suffix(".json"))["what"] == "Another retrain"
    assert time.monotonic() - started < 5


def test_a_holder_on_another_machine_is_named_with_it(tmp_path: Path) -> None:
    """Two machines share the disk: the number of a process says nothing here, so the lock itself is asked."""
    lock, note = tmp_path / "run.lock", tmp_path / "run.json"
    process = holder(lock)
    try:
        write_json(note, {**read_json(note), "pid": 2**22 + 1, "host": "build-1"})
        said = r"process 4194305 on the machine build-1, which shares this disk.*stop that process there"
        with pytest.raises(LockHeld, match=said), hold(lock, "x"):
            pass
        assert lock_holder(lock)
        write_json(note, {**read_json(note), "host": socket.gethostname()})
        assert lock_holder(lock) is None
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    write_json(note, {**read_json(note), "host": "build-1"})
    assert lock_holder(lock) is None  # killed there, or here under another name of this machine


def test_a_pointer_of_git_lfs_is_replaced_as_advised(tmp_path: Path) -> None:
    """It is named by its place; with the file itself there, as after `git lfs pull`, nothing is refused."""
    file, other = tmp_path / "bot" / "model.bin", tmp_path / "bot" / "config.yml"
    file.parent.mkdir()
    other.write_text("pipeline: []\n")
    file.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(RatchetError, match=r"^bot/model\.bin is a Git LFS pointer") as refused:
        refuse_pointers([other, file], tmp_path)
    assert "`git lfs pull`" in refused.value.remedy
    file.write_bytes(b"\0the file itself")
    refuse_pointers([other, file], tmp_path)
