"""A sentence encoder from its folder to a bot that answers: real Rasa, onnxruntime, MLflow; a small encoder of our own.

The tests of this file go through one life of one workspace, in their order.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.advice import only
from tests.e2e.cli import ROOT, Ratchet, example_workspace

pytestmark = [pytest.mark.e2e, pytest.mark.long]
WRITE = "import pathlib, sys; from tests import tiny_encoder; tiny_encoder.write(pathlib.Path(sys.argv[1]))"


@pytest.fixture(scope="module")
def ratchet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ratchet]:
    """A workspace with the example whose bot asks for a small encoder, which a folder beside it holds."""
    python = ROOT / "bot" / ".venv" / "bin" / "python"
    if not python.exists():
        pytest.skip("the bot environment is missing: make setup")
    folder = tmp_path_factory.mktemp("encoder")
    ratchet = example_workspace(folder / "helpdesk")
    subprocess.run([python, "-c", WRITE, folder / "tiny"], cwd=ROOT / "ratchet_bot", check=True)
    with (ratchet.workspace / ".env").open("a") as file:
        file.write(f"RATCHET_ENCODER_WEIGHTS={folder / 'tiny'}\nRATCHET_TARGET=process\n")
    config = ratchet.workspace / "bot" / "config.yml"
    config.write_text(config.read_text().replace("encoder: english", "encoder: tiny"))
    subprocess.run(["git", "commit", "--quiet", "--all", "--message", "x"], cwd=ratchet.workspace, check=True)
    yield ratchet
    ratchet("stop")


@pytest.fixture(autouse=True)
def settings_of_the_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    """What its `.env` says counts."""
    monkeypatch.delenv("RATCHET_ENCODER_WEIGHTS", raising=False)


def test_a_release_names_its_encoder_and_answers_with_it(ratchet: Ratchet) -> None:
    """The digest is in the manifest, the store has it once, and no archive and no Git has the weights."""
    summary = ratchet.json("retrain")
    assert summary["outcome"] == "released"
    digest = ratchet.json("encoder")["digest"]
    answer = httpx.post(
        f"{summary['url']}/chat", json={"sender": "a", "message": "laptop stolen"}, trust_env=False
    )
    assert answer.json()["intent"]["name"]
    kept = list((ratchet.workspace / ".ratchet" / "artifacts" / "encoders").rglob("model.onnx"))
    assert len(kept) == 1
    labels = next((ratchet.workspace / ".ratchet" / "bundles").glob("*/labels.json")).read_text()
    assert digest in labels
    assert "Nothing new" in ratchet("retrain")


def test_the_nearest_training_messages_are_shown(ratchet: Ratchet) -> None:
    """Three of them, with their intents, in the terminal; the report has them, too."""
    printed = ratchet("chat", "--why", "please order a laptop")
    assert printed.count(": ") >= 3
    assert "near" in (next((ratchet.workspace / ".ratchet" / "runs").glob("*/report.html"))).read_text()


def test_a_damaged_description_is_written_again_as_advised(ratchet: Ratchet) -> None:
    """`ratchet encoder describe`, with the name and the length that the folder's owner knows; and it is taken."""
    description = ratchet.workspace.parent / "tiny" / "encoder.json"
    dimension = json.loads(description.read_text())["dimension"]
    description.write_text("{")
    said = " ".join(ratchet("encoder", "fetch", code=1).split())
    assert "is not a valid description of a sentence encoder" in said
    line = only(said[said.index("docs/encoder.md") :], "ratchet")
    words = shlex.split(line.replace("NAME", "tiny").replace("NUMBER", str(dimension)))
    assert "The sentence encoder tiny" in ratchet(*words[1:])
    ratchet("encoder", "fetch")


def test_lost_weights_come_back_from_the_artifact_store(ratchet: Ratchet, tmp_path: Path) -> None:
    """Neither the folder that they came from nor those of this machine are there; the bot serves again."""
    ratchet("stop")
    shutil.rmtree(ratchet.workspace / ".ratchet" / "encoders")
    shutil.rmtree(ratchet.workspace.parent / "tiny")
    ratchet("serve")
    assert ratchet.json("status")["serving"] is True


def test_a_bot_without_an_encoder_names_the_trial_that_measures_one(ratchet: Ratchet) -> None:
    """`ratchet chat --why` has nothing to compare with then: the trial works, and so does the same line without it."""
    config = ratchet.workspace / "bot" / "config.yml"
    text = config.read_text()
    config.write_text(text.replace("encoder: tiny", "encoder: null"))
    summary = ratchet.json("retrain")
    if summary["outcome"] != "released":
        ratchet("approve", summary["model_version"], "--by", "Ana", "--reason", "a test")
    said = " ".join(ratchet("chat", "--why", "please order a laptop", code=1).split())
    line = only(said[said.index("works without a sentence encoder") :], "ratchet")
    assert ratchet("chat", "please order a laptop")
    config.write_text(text)
    assert "with tiny" in ratchet(*line.split()[1:], "tiny")
