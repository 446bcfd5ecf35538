"""The libraries of single channels, stores and brokers, and the real TensorFlow: installed as the remedies say.

Each test works in a copy of a bot's folder, with an environment of its own: they need the network.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ratchet_bot.tools  # noqa: F401  before anything of Rasa
from ratchet_bot.components import lean

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
UV = ROOT / ".ratchet" / "uv" / "bin" / "uv"
CHANNELS = """
import asyncio
import ratchet_bot.tools
from ratchet_bot.components import lean
from rasa.core.channels import BUILTIN_CHANNELS
from rasa.core.brokers.kafka import KafkaEventBroker
from rasa.core.brokers.pika import PikaEventBroker
from rasa.core.channels.facebook import MessengerBot, MessengerClient
from rasa.core.channels.hangouts import HangoutsInput
from rasa.core.channels.rocketchat import RocketChatBot
from rasa.core.channels.slack import SlackBot
from rasa.core.channels.telegram import TelegramOutput
from rasa.core.channels.twilio import TwilioOutput
from rasa.core.channels.webexteams import WebexTeamsBot
from rasa.core.tracker_store import MongoTrackerStore

assert not lean.absent() - set(lean.HEAVY), lean.absent()
assert not [name for name, kind in BUILTIN_CHANNELS.items() if lean.needed(kind)]

async def made():
    TelegramOutput("123:abc"), SlackBot("xoxb-1"), TwilioOutput("a", "b", "c"), WebexTeamsBot("t", "r")
    MessengerBot(MessengerClient("t")), HangoutsInput("p"), PikaEventBroker("127.0.0.1", "u", "p")
    KafkaEventBroker("127.0.0.1:9", topic="events")
    try:
        RocketChatBot("u", "p", "http://127.0.0.1:9")
    except OSError:
        pass
    try:
        MongoTrackerStore(None, host="mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=100")
    except Exception as error:
        assert type(error).__name__ == "ServerSelectionTimeoutError", error

asyncio.run(made())
"""


def bot(folder: Path) -> Path:
    """Copy a bot's folder, with the framework beside it."""
    shutil.copytree(ROOT / "bot", folder / "bot", ignore=shutil.ignore_patterns(".venv", "tests"))
    (folder / "ratchet_bot").symlink_to(ROOT / "ratchet_bot")
    return folder / "bot"


def run(bot: Path, *argv: str | Path, python: str = "3.13") -> str:
    """Run a command in a bot's folder; return what it printed."""
    kept = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run(
        [str(word) for word in argv],
        cwd=bot,
        env={**kept, "PYENV_VERSION": python},
        capture_output=True,
        text=True,
        timeout=1500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_extras_bring_every_channel_store_and_broker_back(tmp_path: Path) -> None:
    """The command of each remedy, followed to the letter, and then what Rasa makes of their libraries can be made."""
    here = bot(tmp_path)
    for extra in sorted(set(lean.EXTRAS.values())):
        library = next(name for name, of in lean.EXTRAS.items() if of == extra)
        [words] = re.findall(r"`uv (.*)` in bot/", lean.remedy(library))
        run(here, UV, *words.replace("'", "").split(), "--no-sync")
    run(here, UV, "sync", "--quiet")
    run(here, here / ".venv" / "bin" / "python", "-c", CHANNELS)


def test_telegram_facebook_and_twilio_talk_through_their_own_libraries(tmp_path: Path) -> None:
    """What each sends becomes a turn, each event of Facebook's one, and the answer comes through its library."""
    here = bot(tmp_path)
    run(here, UV, "add", "ratchet-bot[telegram,facebook,twilio]", "--quiet")
    python = here / ".venv" / "bin" / "python"
    assert "all three answered" in run(ROOT / "ratchet_bot", python, "-m", "tests.libraries")


def test_spacy_works_with_a_model_of_today(tmp_path: Path) -> None:
    """Its tokenizer and entity extractor, with a pipeline that spaCy makes without a download."""
    from tests.test_rasa import CLASSIFIERS, project

    here = bot(tmp_path)
    run(here, UV, "add", "ratchet-bot[spacy]", "--quiet")
    python = here / ".venv" / "bin" / "python"
    run(here, python, "-c", "import spacy; spacy.blank('en').to_disk('model')")
    home = project(tmp_path / "project", CLASSIFIERS[0])
    config = (home / "config.yml").read_text(encoding="utf-8")
    config = config.replace(
        "- name: WhitespaceTokenizer\n",
        f"- {{name: SpacyNLP, model: {here / 'model'}}}\n- name: SpacyTokenizer\n",
    ).replace("- name: tests.dense.LetterFeaturizer\n", "- name: SpacyEntityExtractor\n")
    (home / "config.yml").write_text(config, encoding="utf-8")
    run(home, python, "-m", "ratchet_bot.tools.rasa", "train", "--quiet")
    assert list((home / "models").glob("*.tar.gz"))


def test_diet_and_ted_work_with_the_real_tensorflow(tmp_path: Path) -> None:
    """The three steps of the remedy, followed to the letter; then a project of DIET and TED plays its test stories."""
    if sys.platform == "linux" and os.uname().machine != "x86_64":
        pytest.skip("TensorFlow 2.12 and its text package have files for x86_64 only")
    from tests.test_rasa import CLASSIFIERS, project

    here = bot(tmp_path)
    assert "write 3.11 into .python-version" in lean.HEAVY_REMEDY
    assert 'add "tensorflow" to default-groups in pyproject.toml and run `uv sync`' in lean.HEAVY_REMEDY
    (here / ".python-version").write_text("3.11\n")
    text = (here / "pyproject.toml").read_text(encoding="utf-8")
    assert "default-groups = [" in text
    added = text.replace("default-groups = [", 'default-groups = ["tensorflow", ')
    (here / "pyproject.toml").write_text(added, encoding="utf-8")
    run(here, UV, "sync", python="3.11")
    python = here / ".venv" / "bin" / "python"
    home = project(tmp_path / "project", CLASSIFIERS[0])
    config = (home / "config.yml").read_text(encoding="utf-8")
    for old, new in (
        ("- name: LogisticRegressionClassifier\n", "- {name: DIETClassifier, epochs: 30, random_seed: 1}\n"),
        ("- name: tests.dense.LetterFeaturizer\n", ""),
        ("- name: CRFEntityExtractor\n", ""),
        ("- name: MemoizationPolicy\n", "- {name: TEDPolicy, epochs: 30, random_seed: 1}\n"),
    ):
        assert old in config
        config = config.replace(old, new)
    (home / "config.yml").write_text(config, encoding="utf-8")
    (home / "tests").mkdir()
    (home / "tests" / "test_stories.yml").write_text(
        'version: "3.1"\nstories:\n- story: Greeting\n  steps:\n'
        "  - {user: hello, intent: greet}\n  - {action: utter_greet}\n",
        encoding="utf-8",
    )
    run(home, python, "-m", "ratchet_bot.tools.rasa", "train", "--quiet", python="3.11")
    words = ["-m", "ratchet_bot.tools.rasa", "test", "core", "--no-plot", "--stories", "tests"]
    run(home, python, *words, python="3.11")
    failed = (home / "results" / "failed_test_stories.yml").read_text(encoding="utf-8")
    assert "None of the test stories failed" in failed
    assert (home / "results" / "story_report.json").exists()
