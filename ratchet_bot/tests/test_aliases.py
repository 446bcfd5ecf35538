"""Models of before, whose archives name the components by the modules that each workspace had copied."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from ratchet_bot.tools import train
from ratchet_bot.tools._model import load
from tests.conftest import DOMAIN, Trained
from tests.test_serve import start

OLD = Path(__file__).parent / "archives" / "9b8bb79.tgz"
"""Trained by the tools of that commit, in which `components` was a folder of the bot: ten greetings, ten farewells."""


def test_an_archive_that_names_the_copied_components_predicts() -> None:
    """Its metadata names `components.classifier.LinearIntentClassifier`, which is today's class."""
    model = load(OLD)
    assert "components.classifier.LinearIntentClassifier" in str(model.metadata.predict_schema)
    assert [said.intent for said in model.predict(["hello bot", "see you later"], [{}, {}])] == [
        "greet",
        "bye",
    ]


@pytest.mark.e2e
def test_an_archive_that_names_the_copied_components_is_served(tmp_path: Path) -> None:
    """A release of new code with an old model answers."""
    domain = tmp_path / "domain.yml"
    domain.write_text(DOMAIN, encoding="utf-8")
    server = start(Trained(tmp_path, OLD, tmp_path, domain, {}))
    try:
        said = requests.post(
            f"{server.url}/chat", json={"sender": "anna", "message": "hello bot"}, timeout=10
        ).json()
        assert said["intent"]["name"] == "greet"
    finally:
        server.process.terminate()
        server.process.wait(timeout=15)


def python(code: str, folder: Path) -> str:
    """What a program says that runs in a bot's folder, after the tools were imported."""
    source = Path(train.__file__).parents[2]
    argv = [sys.executable, "-c", f"import ratchet_bot.tools\n{code}"]
    env = {**os.environ, "PYTHONPATH": str(source)}
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def test_the_old_names_are_the_same_modules(tmp_path: Path) -> None:
    """One class, whichever name it is asked for by, and modules that know their own name."""
    code = """
import components.linear, ratchet_bot.components.linear
print(components.linear is ratchet_bot.components.linear, components.linear.__spec__.name)
from components import context
print(context.__name__)
try:
    import components.nothing
except ModuleNotFoundError as error:
    print(error)
"""
    assert python(code, tmp_path).splitlines() == [
        "True ratchet_bot.components.linear",
        "ratchet_bot.components.context",
        "No module named 'components.nothing'",
    ]


def test_components_of_the_bot_itself_come_first(tmp_path: Path) -> None:
    """A team's own package of that name is theirs whole: nothing of the framework's is mixed into it."""
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "__init__.py").write_text("")
    (tmp_path / "components" / "own.py").write_text("NAME = 'theirs'\n")
    code = """
from components.own import NAME
print(NAME)
try:
    import components.linear
except ModuleNotFoundError as error:
    print(error)
"""
    assert python(code, tmp_path).splitlines() == ["theirs", "No module named 'components.linear'"]


def test_a_configuration_of_before_is_trained_as_it_is() -> None:
    """Its names of components hold, and the importer is not there twice."""
    old = {
        "importers": [{"name": "components.importer.JsonLinesImporter"}],
        "pipeline": [{"name": "components.classifier.LinearIntentClassifier"}],
    }
    effective = train.effective_config(old, seed=7)
    assert effective["importers"] == [{"name": "ratchet_bot.components.importer.JsonLinesImporter"}]
    assert effective["pipeline"] == [
        {"name": "components.classifier.LinearIntentClassifier", "random_seed": 7}
    ]
