"""Training as the orchestrator calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ratchet_bot.tools import train
from ratchet_bot.tools._errors import ToolError
from ratchet_bot.tools._model import load
from tests import corpus
from tests.conftest import BOT, Trained, train_in


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "ratchet_bot.tools.train", *map(str, words)]
    return subprocess.run(
        argv, capture_output=True, text=True, timeout=120, env={**os.environ, "LOG_LEVEL": "WARNING"}
    )


def test_the_report_names_what_was_trained(trained: Trained) -> None:
    """Model id, rows, intents, temperature, threshold and stand-in answers."""
    report = trained.report
    assert report["rows"] == sum(1 for _ in corpus.rows())
    assert "leave_agency" in report["intents"]
    assert len(report["model_id"]) == 32
    assert 0 < report["temperature"] < 2
    assert 0 <= report["threshold"] < 1
    assert "utter_cafeteria" in report["stand_in_answers"]
    assert "utter_reset_password" not in report["stand_in_answers"]
    assert report["seconds"] > 0


def test_the_same_rows_and_seed_give_the_same_model(trained: Trained, tmp_path: Path) -> None:
    """Archives differ in times and ids; temperature, threshold and weights do not."""
    again = train_in(tmp_path)
    assert again.report["temperature"] == trained.report["temperature"]
    assert again.report["threshold"] == trained.report["threshold"]
    assert again.report["model_id"] != trained.report["model_id"]


def test_a_training_leaves_nothing_else_behind(trained: Trained) -> None:
    """Rasa's cache and scratch files are gone."""
    assert {p.name for p in trained.folder.iterdir()} == {
        "train.jsonl",
        "model.tar.gz",
        "domain.yml",
        "train.json",
    }


def test_a_bad_line_ends_with_one_error_line(tmp_path: Path) -> None:
    """Exit code 1, the fact and the remedy, no traceback, no archive."""
    data = tmp_path / "data.jsonl"
    data.write_text('{"text": "a", "intent": "x"}\n{"text": "b"}\n', encoding="utf-8")
    files = ("--data", data, "--out", tmp_path / "m.tar.gz", "--report", tmp_path / "r.json")
    done = command("--config", BOT / "config.yml", *files)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "line 2" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "m.tar.gz").exists()
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ("pipeline: [", "not a Rasa configuration"),
        ("language: en", "names no pipeline"),
        (
            "pipeline: [{name: ratchet_bot.components.nothing.Here}]",
            "ratchet_bot.components.nothing.Here, which does not exist",
        ),
        ("pipeline: [{name: WhitespaceTokeniser}]", "WhitespaceTokeniser, which does not exist"),
    ],
)
def test_a_wrong_configuration_is_named(tmp_path: Path, config: str, sentence: str) -> None:
    """Each mistake gives the fact and the remedy."""
    file = tmp_path / "config.yml"
    file.write_text(config, encoding="utf-8")
    with pytest.raises(ToolError, match=sentence):
        train_in(tmp_path, "--config", str(file))


@pytest.mark.parametrize(
    ("lines", "sentence"), [([], "0 intents"), ([{"text": "a", "intent": "x"}] * 3, "1 intents")]
)
def test_too_few_intents_are_refused(tmp_path: Path, lines: list[dict[str, str]], sentence: str) -> None:
    """Before Rasa starts."""
    data = tmp_path / "few.jsonl"
    data.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with pytest.raises(ToolError, match=sentence):
        train_in(tmp_path, data=data)


def test_the_seed_reaches_every_component_that_takes_one() -> None:
    """One argument seeds the whole configuration, and the importer is added where it lacks."""
    config = {
        "pipeline": [
            {"name": "ratchet_bot.components.classifier.LinearIntentClassifier"},
            {"name": "WhitespaceTokenizer"},
        ]
    }
    effective = train.effective_config(config, seed=7)
    assert [item.get("random_seed") for item in effective["pipeline"]] == [7, None]
    assert effective["importers"] == [{"name": train.IMPORTER}]


def test_another_pipeline_trains_too(tmp_path: Path) -> None:
    """Rasa's own lean classifier, with a fixed fallback threshold."""
    config = tmp_path / "config.yml"
    config.write_text(
        "pipeline:\n"
        "  - name: WhitespaceTokenizer\n"
        "  - name: CountVectorsFeaturizer\n"
        "  - name: LogisticRegressionClassifier\n"
        "  - {name: FallbackClassifier, threshold: 0.4}\n"
        "policies: [{name: RulePolicy}]\n",
        encoding="utf-8",
    )
    report = train_in(tmp_path, "--config", str(config)).report
    assert report["model_id"]
    assert report["temperature"] is None


def test_intents_are_taken_as_they_are_written(tmp_path: Path) -> None:
    """Slashes, blanks and letters of any script: an intent is whatever the corpus says, and gets its answer."""
    intents = ["faq/ask_time", "faq/ask_place", "Größe ändern", "你好"]
    data = tmp_path / "odd.jsonl"
    rows = [{"text": f"{intent} {i}", "intent": intent} for intent in intents for i in range(5)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    odd = train_in(tmp_path, data=data)
    assert odd.report["intents"] == sorted(intents)
    assert odd.report["stand_in_answers"] == sorted(f"utter_{intent}" for intent in intents)
    assert load(odd.archive).predict(["faq/ask_place"], [{}])[0].intent == "faq/ask_place"
