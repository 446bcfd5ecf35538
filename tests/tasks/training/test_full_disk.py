"""A disk that is full or read-only at any write of a training or an evaluation: one sentence, nothing half taken up."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from ratchet.adapters.bot import archives, rasa
from ratchet.adapters.settings import load_settings
from ratchet.adapters.system.failures import explain
from ratchet.adapters.system.files import sha256
from ratchet.domain.errors import RatchetError
from tasks.training import evaluate as evaluating
from tasks.training.evaluate import evaluate
from tasks.training.train import train
from tests.full_disk import DISK

ROWS = pd.DataFrame(
    {"key": ["k1", "k2"], "text": ["hello", "bye"], "intent": ["greet", "goodbye"], "source": "x"},
    dtype="str",
)


def tool(
    settings: Any, bot: Path, argv: Sequence[str], timeout: float, on_line: Callable[[str], None]
) -> None:
    """Stand in for the bot's tools: it writes what they write, and says a full disk in one line, as they do."""
    words = dict(pairwise(argv))
    try:
        if "--report" in words:
            Path(words["--out"]).write_bytes(b"a model")
            report = {"model_id": "m", "rows": 2, "intents": ["goodbye", "greet"], "seconds": 1.0}
            Path(words["--report"]).write_text(json.dumps(report))
        else:
            folder = Path(words["--out"])
            asked = [json.loads(line)["key"] for line in Path(words["--data"]).read_text().splitlines()]
            lines = ({"key": key, "intent": "greet", "confidence": 0.9, "ranking": []} for key in asked)
            (folder / "candidate.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
            speed = {"latency_p50_ms": 1.0, "latency_p95_ms": 2.0}
            (folder / "summary.json").write_text(json.dumps({"candidate": speed}))
    except OSError as error:
        raise RatchetError(f"{error.filename} cannot be written: {error.strerror}. Make room.", "") from error


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run in a workspace whose tools are stood in for."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text("")
    monkeypatch.setattr(rasa, "run_tool", tool)
    monkeypatch.setattr(
        rasa, "tool", lambda settings, bot, name, *words, locked=None: [str(one) for one in words]
    )
    monkeypatch.setattr(
        evaluating, "archive_of", lambda run, model: archives.Archive(model.archive, model.sha256)
    )
    settings = load_settings(tmp_path, target="process")
    return SimpleNamespace(settings=settings, folder=settings.runs / "r")


def failures(folder: Path, work: Callable[[], object]) -> Iterator[str]:
    """Do some work at a disk that gives way at each write in turn, until it is done; yields what is told."""
    for point in range(100):
        with DISK.watched(folder, point, [errno.ENOSPC, errno.EROFS][point % 2]):
            try:
                work()
            except Exception as error:
                told = error if isinstance(error, RatchetError) else explain(error)
                assert told is not None, f"write {point}: {error!r}"  # noqa: PT017 - any kind may come
            else:
                return
        yield str(told)
    raise AssertionError("it never went through")


def test_a_training_at_a_disk_that_gives_way_leaves_no_model(run: Any) -> None:
    """Wherever it stopped, the next run takes nothing half-written up, and trains once there is room."""
    case: Any = SimpleNamespace(
        lineage=SimpleNamespace(fingerprint="f", encoder=""),
        sides=SimpleNamespace(train=ROWS),
        corpus=SimpleNamespace(extras=run.settings.workspace / "none"),
    )
    folder = run.settings.state / "candidates" / "f"
    told = []
    for sentence in failures(run.settings.workspace, lambda: train.fn(run, case)):
        told.append(sentence)
        assert "Traceback" not in sentence
        assert archives.read_trained(folder) is None
    assert len(told) >= 4  # its folder, the messages, the archive, the report, the digest
    found = archives.read_trained(folder)
    assert found is not None
    assert found.rows == 2
    assert train.fn(run, case) == found  # it is taken up, not trained again


def test_an_evaluation_at_a_disk_that_gives_way_is_done_again_whole(run: Any) -> None:
    """The archive stays what it was, and no score is made of half the predictions."""
    archive = run.settings.workspace / "model.tar.gz"
    archive.write_bytes(b"a model")
    model = archives.Trained(archive, sha256(archive), "m", 2, ("goodbye", "greet"), 1.0, {})
    sides: Any = SimpleNamespace(holdout=ROWS)
    done: list[Any] = []
    told = []
    for sentence in failures(
        run.settings.workspace, lambda: done.append(evaluate.fn(run, sides, candidate=model))
    ):
        told.append(sentence)
        assert "Traceback" not in sentence
        assert done == []
        assert archive.read_bytes() == b"a model"
    assert len(told) >= 3  # its folder, the messages, the predictions, the summary
    assert done[0].evaluations["candidate"].accuracy == 0.5
