"""A disk that is full or read-only at any write of an ingest: one sentence, and the corpus as it was before."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ratchet.adapters.corpus import data_folder
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.failures import explain
from tests.adapters.corpus.test_data_folder import more, open_store, put
from tests.corpora import data_workspace
from tests.fuzz.fuzzing import LONG, SEED

POINTS = 10
"""Writes at which the disk gives way, drawn from all of them; with RATCHET_LONG=1 each one."""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Disk:
    """A disk below a folder that gives way at its Nth write and stays so; every file that Python opens is seen."""

    def __init__(self) -> None:
        self.folder, self.writes, self.fails_at, self.code = "", 0, -1, 0
        sys.addaudithook(self.hear)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Count what writes, and let it fail from the chosen one on."""
        if not self.folder or event not in ("open", "os.mkdir", "os.rename", "os.link", "os.symlink"):
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITES):
            return
        path = os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes | os.PathLike) else ""
        if not path.startswith(self.folder):
            return
        self.writes += 1
        if 0 <= self.fails_at < self.writes:
            raise OSError(self.code, os.strerror(self.code), path)

    @contextlib.contextmanager
    def watched(self, folder: Path, fails_at: int = -1, code: int = 0) -> Iterator[None]:
        """Watch a folder for the time of a block."""
        self.folder, self.writes, self.fails_at, self.code = str(folder), 0, fails_at, code
        try:
            yield
        finally:
            self.folder = ""


DISK = Disk()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace with a corpus."""
    settings = data_workspace(tmp_path / "bot team")
    put(settings, pd.concat([more("leave", 12), more("laptop", 12)], ignore_index=True))
    return settings


def test_a_disk_that_gives_way_at_any_write_leaves_the_corpus_as_it_was(settings: Settings) -> None:
    """The sentence names what cannot be written; once there is room the same rows come in."""
    before, pointer = open_store(settings), (settings.workspace / "data.dvc").read_bytes()
    messages = pd.concat([before.frame.drop(columns="place"), more("bye", 12)], ignore_index=True)
    trial = settings.workspace / "trial"
    with DISK.watched(settings.workspace):
        data_folder.write(trial, messages.head(0), before.ledger.head(0), settings.params.split)
    assert DISK.writes > 2, "the writes of this process are not seen"
    drawn = random.Random(SEED)
    points = range(60) if LONG else sorted(drawn.sample(range(25), POINTS))
    failed = 0
    for point in points:
        code = drawn.choice([errno.ENOSPC, errno.EROFS])
        with DISK.watched(settings.workspace, point, code):
            try:
                put(settings, messages)
            except Exception as error:
                told = explain(error)
                failed += 1
                assert told is not None, f"write {point} of seed {SEED}: {error!r}"  # noqa: PT017 - any kind may come
                assert "Traceback" not in str(told)
        data_folder.recover(settings.workspace)
        if (settings.workspace / "data.dvc").read_bytes() != pointer:
            break  # the one atomic step was done: what came after it is completed
        pd.testing.assert_frame_equal(open_store(settings).frame, before.frame)
    assert failed
    put(settings, messages)
    assert len(open_store(settings).frame) == 36
