"""The main job as a user does it: a new workspace, real Rasa, real DVC, MLflow and Prefect, a bot over HTTP.

The tests of this file go through one life of one workspace, in their order.
"""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pandas as pd
import psutil
import pytest

from tests.advice import commands
from tests.e2e.cli import ROOT, Ratchet, example_workspace

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def ratchet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ratchet]:
    """A workspace with the example, made by `ratchet init`."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    folder = tmp_path_factory.mktemp("main-job") / "helpdesk"
    ratchet = example_workspace(folder)
    yield ratchet
    ratchet("stop")


def test_the_first_retrain_ends_with_a_bot_that_answers(ratchet: Ratchet) -> None:
    """From an example corpus to a verified release that answers over HTTP; what needs one names that command before."""
    advised = set()
    for words in (["rollback"], ["release"], ["chat", "--why", "hi"]):
        said = ratchet(*words, code=1)
        assert "No release is live." in said
        advised |= set(commands(said.partition("No release is live.")[2]))
    [line] = advised
    program, *words = line.split()
    assert program == "ratchet"
    summary = ratchet.json(*words)
    assert summary["outcome"] == "released"
    assert summary["holdout_rows"] > 500
    answer = httpx.post(
        f"{summary['url']}/chat", json={"sender": "a", "message": "my laptop was stolen"}, trust_env=False
    )
    assert answer.status_code == 200
    assert answer.json()["intent"]["name"] == "report_lost_device"
    assert answer.json()["release"] == summary["release"]


def test_status_names_data_model_digest_and_accuracy(ratchet: Ratchet) -> None:
    """What serves can be traced to its data, and the numbers are those of the release."""
    status = ratchet.json("status")
    pointer = (ratchet.workspace / "data.dvc").read_text()
    assert status["serving"] is True
    assert status["data_revision"] in pointer
    assert status["model_version"] == "1"
    assert len(status["digest"]) == 64
    assert 0.5 < status["accuracy"] < 1


def test_the_holdout_was_never_trained_on(ratchet: Ratchet) -> None:
    """No text of the training rows, in any writing, is among the rows that the accuracy was measured on."""
    from ratchet.domain.corpus.corpus import normalise

    asked = pd.read_json(
        next(ratchet.workspace.glob(".ratchet/runs/*/predictions/holdout.jsonl")), lines=True
    )
    held = asked[asked["key"].str.startswith("holdout/")]  # beside it are the same rows with typing errors
    held = held.assign(key=held["key"].str.removeprefix("holdout/"))
    ledger = pd.read_csv(ratchet.workspace / "data" / "ledger.csv", dtype=str)
    sides = ledger.set_index("key")["side"]
    assert set(sides.loc[held["key"]]) == {"test"}
    trained = set(sides[sides == "train"].index)
    assert not trained & set(held["key"])
    assert held["text"].map(normalise).groupby(held["key"]).nunique().eq(1).all()


def test_nothing_changed_is_said_and_nothing_is_trained(ratchet: Ratchet) -> None:
    """The second retrain in a row knows the fingerprint."""
    assert "Nothing new" in ratchet("retrain")
    assert len(ratchet.json("history")["models"]) == 1


def change(ratchet: Ratchet, pattern: str, line: str) -> None:
    """Change the first line of params.yaml that matches."""
    params = ratchet.workspace / "params.yaml"
    text, count = re.subn(pattern, line, params.read_text(), count=1, flags=re.MULTILINE)
    assert count == 1
    params.write_text(text)


def training(pid: int) -> bool:
    """Say whether a child of this process trains."""
    try:
        return any(
            "ratchet_bot.tools.train" in child.cmdline()
            for child in psutil.Process(pid).children(recursive=True)
        )
    except psutil.NoSuchProcess:
        return False


def test_two_retrains_at_once_give_one_clear_error(ratchet: Ratchet) -> None:
    """The second is told who holds the lock, and changes nothing."""
    change(ratchet, r"^  seed: .*$", "  seed: 3")
    first = ratchet.start("retrain", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not training(first.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    said = ratchet("retrain", code=1)
    assert "A retrain is in progress" in said
    first.send_signal(signal.SIGINT)
    assert first.wait(timeout=60) == 130


def test_stopping_and_starting_again(ratchet: Ratchet) -> None:
    """`ratchet stop` ends the bot; the next retrain serves the recorded release again, without a training."""
    change(ratchet, r"^  seed: .*$", "  seed: 1")
    ratchet("stop")
    assert ratchet.json("status")["serving"] is False
    assert "Nothing new" in ratchet("retrain")
    assert ratchet.json("status")["serving"] is True


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        ("message,label\nhello,greet\n", "text"),
        ("text,intent\nmay I bring my dog,pets\nwho waters the plants,plants\nlost my scarf,lost\n", "10"),
    ],
)
def test_a_file_that_cannot_become_a_corpus_changes_nothing(
    ratchet: Ratchet, tmp_path: Path, content: str, said: str
) -> None:
    """One clear error, exit code 1, and the corpus is as it was."""
    file = tmp_path / "new.csv"
    file.write_text(content)
    before = (ratchet.workspace / "data.dvc").read_text()
    assert said in ratchet("ingest", file, code=1)
    assert (ratchet.workspace / "data.dvc").read_text() == before
