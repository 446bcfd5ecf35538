"""The gate as people meet it: a spoilt intent is named, a person can release it all the same, and not for ever.

The tests of this file go through one life of one workspace, in their order.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from adapters.mlflow import Registry
from adapters.settings import load_settings
from domain.override import make
from tests.e2e.cli import ROOT, Ratchet, example_workspace

pytestmark = pytest.mark.e2e

SPOILT, MISTAKEN = "request_software", "it_outage"


@pytest.fixture(scope="module")
def ratchet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ratchet]:
    """A workspace with the example, its first model live."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    folder = tmp_path_factory.mktemp("gate") / "helpdesk"
    ratchet = example_workspace(folder)
    assert ratchet.json("retrain")["outcome"] == "released"
    yield ratchet
    ratchet("stop")


def test_a_spoilt_intent_is_rejected_by_name(ratchet: Ratchet) -> None:
    """Half of an intent's labels are wrong, on both sides of the ledger: the verdict names the intent."""
    path = ratchet.workspace / "data" / "utterances.csv"
    corpus = pd.read_csv(path, dtype=str, keep_default_na=False)
    wrong = corpus[corpus["intent"] == SPOILT].sample(frac=0.5, random_state=1).index
    corpus.loc[wrong, "intent"] = MISTAKEN
    corpus.to_csv(path, index=False)
    ratchet("ingest")
    summary = ratchet.json("retrain")
    assert summary["outcome"] == "rejected"
    assert any(f"`{SPOILT}`" in reason for reason in summary["reasons"])
    assert ratchet.json("status")["model_version"] == "1"


def test_the_report_shows_the_verdict_and_why_accuracy_moved(ratchet: Ratchet) -> None:
    """The page of the rejected run names the intent, counts the new labels, and blames the data."""
    pages = sorted(
        ratchet.workspace.glob(".ratchet/runs/*/report.html"), key=lambda page: page.stat().st_mtime
    )
    page = pages[-1].read_text(encoding="utf-8")
    assert "Rejected: the champion stays" in page
    assert f"<code>{SPOILT}</code>" in page
    assert "with a new label" in page
    assert "Why accuracy moved" in page


def test_without_an_override_it_is_not_released(ratchet: Ratchet) -> None:
    """Nor with one that lacks a reason."""
    assert "nobody has approved it" in ratchet("release", "2", code=1)
    assert "needs a reason" in ratchet("approve", "2", "--by", "Mira", "--reason", " ", code=2)
    assert ratchet.json("status")["model_version"] == "1"


def test_an_approval_releases_it_and_stands_in_the_manifest(ratchet: Ratchet) -> None:
    """Who and why are part of what serves."""
    ratchet("approve", "2", "--by", "Mira", "--reason", "client demo", "--expires", "1m")
    status = ratchet.json("status")
    assert status["model_version"] == "2"
    override = status["manifest"]["override"]
    assert (override["by"], override["reason"]) == ("Mira", "client demo")


def test_an_expired_override_is_refused(ratchet: Ratchet) -> None:
    """A minute later the same release is no longer allowed."""
    override = ratchet.json("status")["manifest"]["override"]
    ratchet("rollback")
    left = datetime.fromisoformat(override["expires"]) - datetime.now(UTC)
    time.sleep(max(left.total_seconds(), 0) + 1)
    assert "expired at" in ratchet("release", "2", code=1)
    assert ratchet.json("status")["model_version"] == "1"


def test_an_override_of_other_bytes_is_refused(ratchet: Ratchet) -> None:
    """An approval is bound to a digest: of another file it says nothing."""
    registry = Registry(load_settings(ratchet.workspace))
    now = datetime.now(UTC) - timedelta(minutes=1)
    approved = make(
        model_sha256=registry.model("2").sha256, version="2", by="Mira", reason="demo", expires="7d", now=now
    )
    registry.set_override(replace(approved, model_sha256="0" * 64))
    assert "is for the model 000000000000" in ratchet("release", "2", code=1)
    assert ratchet.json("status")["model_version"] == "1"


def test_a_rejection_stops_a_model_that_the_gate_promoted(ratchet: Ratchet) -> None:
    """A person's no stands above the gate's yes."""
    ratchet("reject", "1", "--by", "Mira", "--reason", "rude answers")
    assert "Mira rejected version 1: rude answers" in ratchet("release", "1", code=1)
