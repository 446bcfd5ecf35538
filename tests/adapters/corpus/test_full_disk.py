"""A disk that is full, read-only or another user's at any write of an ingest: one sentence, the corpus as it was."""

from __future__ import annotations

import errno
import random
from pathlib import Path

import pandas as pd
import pytest

from ratchet.adapters.corpus import data_folder
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.failures import explain
from tests.adapters.corpus.test_data_folder import more, open_store, put
from tests.corpora import data_workspace
from tests.full_disk import DISK
from tests.fuzz.fuzzing import LONG, SEED

POINTS = 10
"""Writes at which the disk gives way, drawn from all of them; with RATCHET_LONG=1 each one."""


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
        code = drawn.choice([errno.ENOSPC, errno.EROFS, errno.EACCES])
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
