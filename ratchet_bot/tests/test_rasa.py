"""Rasa's own parts on this Python: components, policies, forms, channels, stores and commands that need no TensorFlow.

Rasa 3.6 was released for Python 3.8 to 3.10 and the packages of 2023. What it needs to work with those of today is
in `ratchet_bot.components.repairs` and in the bounds of `bot/pyproject.toml`; each test here fails without one of them,
or would fail at the next package that moves.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import ratchet_bot.tools  # noqa: F401  before anything of Rasa
from tests.conftest import Trained
from tests.test_handoff import Desk
from tests.test_serve import Server, free_port, start

NLU = """
version: "3.1"
nlu:
- intent: book
  examples: |
    - fly from [berlin]{"entity": "city", "role": "from"} to [rome]{"entity": "city", "role": "to"}
    - i fly from [paris]{"entity": "city", "role": "from"} to [oslo]{"entity": "city", "role": "to"}
    - please book from [rome]{"entity": "city", "role": "from"} to [berlin]{"entity": "city", "role": "to"}
    - take me from [oslo]{"entity": "city", "role": "from"} to [paris]{"entity": "city", "role": "to"}
    - from [berlin]{"entity": "city", "role": "from"} to [paris]{"entity": "city", "role": "to"} please
    - book a flight from [rome]{"entity": "city", "role": "from"} to [oslo]{"entity": "city", "role": "to"}
- intent: order
  examples: |
    - a [small]{"entity": "size", "group": "1"} [tea](drink) and [large]{"entity": "size", "group": "2"} [coffee](drink)
    - one [large]{"entity": "size", "group": "1"} coffee and one [small]{"entity": "size", "group": "2"} tea
    - a [small]{"entity": "size", "group": "1"} tea and a [big]{"entity": "size", "group": "2"} coffee
    - i want a [large]{"entity": "size", "group": "1"} tea and a [small]{"entity": "size", "group": "2"} coffee
- intent: greet
  examples: |
    - hello
    - hi there
    - good morning
    - hello bot
    - hello hello
    - hello to you
    - well hello
    - hello all
- intent: tell
  examples: |
    - my number is [12345](number)
    - it is number [99887](number)
    - number [55555](number)
    - the number [10000](number)
    - my number [44444](number)
    - number is [77770](number)
    - my number is [12121](number)
    - my number is number [31313](number)
- synonym: large
  examples: |
    - big
    - huge
- regex: number
  examples: |
    - \\d{5}
- lookup: drink
  examples: |
    - tea
    - coffee
"""
DOMAIN = """
version: "3.1"
intents: [book, {order: {use_entities: []}}, greet, tell]
entities:
- city: {roles: [from, to]}
- size: {groups: ["1", "2"]}
- number
- drink
slots:
  number:
    type: text
    mappings:
    - {type: from_entity, entity: number, conditions: [{active_loop: number_form, requested_slot: number}]}
forms:
  number_form: {required_slots: [number]}
responses:
  utter_greet: [{text: "Hello!"}]
  utter_ask_number: [{text: "Which number?"}]
  utter_number: [{text: "It is {number}."}]
  utter_booked: [{text: Booked.}]
  utter_ordered: [{text: Ordered.}]
  utter_welcome: [{text: You are welcome.}]
"""
RULES = """
version: "3.1"
rules:
- rule: Begin the form
  steps: [{intent: book}, {action: number_form}, {active_loop: number_form}]
- rule: End the form
  condition: [{active_loop: number_form}]
  steps: [{action: number_form}, {active_loop: null}, {slot_was_set: [{requested_slot: null}]}, {action: utter_number}]
stories:
- story: Greeting, then an order
  steps: [{intent: greet}, {action: utter_greet}, {intent: order}, {action: utter_ordered}]
- story: An order first
  steps: [{intent: order}, {action: utter_ordered}, {intent: greet}, {action: utter_welcome}]
"""
BEFORE = """
- name: WhitespaceTokenizer
- name: RegexFeaturizer
- name: LexicalSyntacticFeaturizer
- name: CountVectorsFeaturizer
- {name: CountVectorsFeaturizer, analyzer: char_wb, min_ngram: 1, max_ngram: 4}
- name: tests.dense.LetterFeaturizer
"""
AFTER = """
- name: CRFEntityExtractor
- {name: RegexEntityExtractor, use_lookup_tables: true, use_regexes: true}
- name: EntitySynonymMapper
- {name: FallbackClassifier, threshold: 0.1, ambiguity_threshold: 0.0}
"""
POLICIES = """
- name: MemoizationPolicy
- {name: AugmentedMemoizationPolicy, max_history: 3}
- name: RulePolicy
"""
CLASSIFIERS = (
    "LogisticRegressionClassifier",
    "LogisticRegressionClassifier\n  solver: liblinear",
    "SklearnIntentClassifier",
    "KeywordIntentClassifier",
)


def project(folder: Path, classifier: str) -> Path:
    """Write a project of Rasa's as `rasa train` takes it."""
    (folder / "data").mkdir(parents=True)
    for name, text in (("data/nlu.yml", NLU), ("data/rules.yml", RULES), ("domain.yml", DOMAIN)):
        (folder / name).write_text(text, encoding="utf-8")
    pipeline = f"{BEFORE.strip()}\n- name: {classifier}\n{AFTER.strip()}\n"
    config = f"recipe: default.v1\nassistant_id: a\nlanguage: en\npipeline:\n{pipeline}policies:{POLICIES}"
    (folder / "config.yml").write_text(config, encoding="utf-8")
    return folder


def trained(folder: Path) -> str:
    """Train a project in this process; return the model."""
    from rasa.model_training import train

    done = train(
        str(folder / "domain.yml"), str(folder / "config.yml"), [str(folder / "data")], str(folder / "models")
    )
    assert done.code == 0
    return str(done.model)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Rasa keeps what it trained, and not in this folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RASA_CACHE_DIRECTORY", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with its model."""
    folder = project(tmp_path_factory.mktemp("rasa") / "project", CLASSIFIERS[0])
    trained(folder)
    return folder


@pytest.fixture(scope="session")
def model(home: Path) -> str:
    """The project's model."""
    return str(next((home / "models").glob("*.tar.gz")))


def agent(model: str, **parts: Any) -> Any:
    from rasa.core.agent import Agent

    return Agent.load(model, **parts)


def said(parsed: dict[str, Any]) -> set[tuple[str, ...]]:
    """Return entity, value, role or group, and extractor of what a message holds."""
    return {
        (one["entity"], one["value"], one.get("role", one.get("group", "")), one["extractor"])
        for one in parsed["entities"]
    }


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_every_classifier_learns_and_is_loaded_again(classifier: str, tmp_path: Path) -> None:
    """Trained, packed, unpacked in another graph, it tells the intents of its examples apart."""
    loaded = agent(trained(project(tmp_path / "project", classifier)))
    for text, intent in (("hello", "greet"), ("my number is 12345", "tell")):
        parsed = asyncio.run(loaded.parse_message(text))
        assert parsed["intent"]["name"] == intent, classifier


def test_entities_have_roles_groups_synonyms_and_patterns(model: str) -> None:
    """Conditional random fields, regular expressions, lookup tables and synonyms work together."""
    loaded = agent(model)
    crf, regex = "CRFEntityExtractor", "RegexEntityExtractor"
    cities = said(asyncio.run(loaded.parse_message("fly from berlin to rome")))
    assert {("city", "berlin", "from", crf), ("city", "rome", "to", crf)} <= cities
    sizes = said(asyncio.run(loaded.parse_message("a small tea and a big coffee")))
    assert {("size", "small", "1", crf), ("size", "large", "2", crf)} <= sizes
    assert {("drink", "coffee", "", regex), ("drink", "tea", "", regex)} <= sizes
    assert ("number", "12345", "", regex) in said(asyncio.run(loaded.parse_message("my number is 12345")))


def test_a_form_asks_and_ends_and_stories_are_remembered(model: str) -> None:
    """Rules, forms with slot mappings, and both kinds of memoization answer a conversation."""
    loaded = agent(model)

    def answers(*texts: str, sender: str) -> list[str]:
        return [
            answer["text"]
            for text in texts
            for answer in asyncio.run(loaded.handle_text(text, sender_id=sender))
        ]

    assert answers("fly from berlin to rome", "number 12345", sender="form") == [
        "Which number?",
        "It is 12345.",
    ]
    order = "one large coffee and one small tea"
    assert answers("hello", order, sender="story") == ["Hello!", "Ordered."]
    assert answers(order, "hello", sender="other") == ["Ordered.", "You are welcome."]


def test_conversations_are_kept_in_sql(model: str, tmp_path: Path) -> None:
    """SQLAlchemy's tracker store and event broker, on files."""
    import sqlalchemy
    from rasa.core.brokers.sql import SQLEventBroker
    from rasa.core.tracker_store import SQLTrackerStore
    from rasa.shared.core.domain import Domain

    broker = SQLEventBroker(dialect="sqlite", db=str(tmp_path / "events.db"))
    store = SQLTrackerStore(
        Domain.from_yaml(DOMAIN), dialect="sqlite", db=str(tmp_path / "trackers.db"), event_broker=broker
    )
    loaded = agent(model, tracker_store=store)
    asyncio.run(loaded.handle_text("hello", sender_id="anna"))
    tracker = asyncio.run(store.retrieve("anna"))
    assert [event.text for event in tracker.events if event.type_name in ("user", "bot")] == [
        "hello",
        "Hello!",
    ]
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'events.db'}")
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("select count(*) from events")).scalar() > 3


class Unreachable:
    """A store whose database does not answer."""

    def __init__(self, *_: Any, **__: Any) -> None:
        import sqlalchemy.exc

        raise sqlalchemy.exc.OperationalError("connect", {}, Exception("nobody answers"))


def test_a_store_that_cannot_be_reached_is_said() -> None:
    """Rasa catches the exceptions of libraries that are not here, too: that must not hide what happened."""
    from rasa.core.brokers.broker import EventBroker
    from rasa.core.tracker_store import TrackerStore
    from rasa.shared.exceptions import ConnectionException
    from rasa.utils.endpoints import EndpointConfig

    where = EndpointConfig(type="SQL", dialect="sqlite", db="/nowhere/at/all.db")
    with pytest.raises(ConnectionException, match="Cannot connect to event broker"):
        asyncio.run(EventBroker.create(where))
    with pytest.raises(ConnectionException, match="Cannot connect to tracker store"):
        TrackerStore.create(EndpointConfig(type=f"{__name__}.{Unreachable.__name__}"))


def test_every_channel_is_known_by_name() -> None:
    """Their modules are imported whether or not their libraries are here."""
    from rasa.core.channels import BUILTIN_CHANNELS

    assert set(BUILTIN_CHANNELS) == {
        *("cmdline", "facebook", "slack", "telegram", "mattermost", "twilio", "twilio_voice", "rasa"),
        *("botframework", "rocketchat", "callback", "rest", "socketio", "webexteams", "hangouts"),
    }


@pytest.mark.e2e
def test_the_channels_without_a_library_of_their_own_answer(model: str, tmp_path: Path) -> None:
    """REST, callback and Socket.IO beside Ratchet's channel, on a server."""
    desk = Desk(failures=0)
    credentials = tmp_path / "credentials.yml"
    names = {
        "user_message_evt": "user_uttered",
        "bot_message_evt": "bot_uttered",
        "session_persistence": True,
    }
    channels = {"rest": None, "callback": {"url": desk.url}, "socketio": names}
    channels["mattermost"] = {"url": desk.url, "token": "${MATTERMOST_TOKEN}", "webhook_url": desk.url}
    credentials.write_text(json.dumps(channels), encoding="utf-8")
    domain = tmp_path / "none.yml"
    trained = Trained(tmp_path, Path(model), domain, domain, {})
    server = start(trained, "--credentials", str(credentials), MATTERMOST_TOKEN="b")
    try:
        asked = {"sender": "anna", "message": "hello"}
        said = requests.post(f"{server.url}/webhooks/rest/webhook", json=asked, timeout=20)
        assert said.json() == [{"recipient_id": "anna", "text": "Hello!"}]
        assert (
            requests.post(f"{server.url}/webhooks/callback/webhook", json=asked, timeout=20).text == "success"
        )
        assert desk.received == [{"recipient_id": "anna", "text": "Hello!"}]
        assert requests.get(f"{server.url}/webhooks/mattermost/", timeout=20).json() == {"status": "ok"}
        hello = requests.get(f"{server.url}/socket.io/?EIO=4&transport=polling", timeout=20)
        assert hello.text.startswith("0{")
    finally:
        server.process.terminate()
        server.process.wait(timeout=15)
        desk.server.shutdown()


def command(home: Path, *words: str) -> str:
    """Run a command of Rasa's in a project; return what it printed."""
    argv = [sys.executable, "-m", "ratchet_bot.tools.rasa", *words]
    paths = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "LOG_LEVEL": "INFO"}
    done = subprocess.run(argv, cwd=home, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.long  # each of them starts Python and Rasa
def test_the_commands_work(home: Path) -> None:
    """Validation, training, tests of messages and stories, the drawing of stories."""
    (home / "tests").mkdir(exist_ok=True)
    (home / "tests" / "test_stories.yml").write_text(
        'version: "3.1"\nstories:\n- story: Greeting\n  steps:\n'
        "  - {user: hello, intent: greet}\n  - {action: utter_greet}\n",
        encoding="utf-8",
    )
    command(home, "data", "validate")
    command(home, "train")
    assert "Restored component 'AugmentedMemoizationPolicy' from cache" in command(home, "train")
    command(home, "test", "nlu", "--no-plot", "--nlu", "data/nlu.yml")
    assert (home / "results" / "intent_report.json").exists()
    assert re.search(r"1 / 1", command(home, "test", "core", "--no-plot", "--stories", "tests"))
    command(home, "visualize", "--out", "graph.html")
    assert "Greeting" not in (home / "graph.html").read_text(encoding="utf-8")
    command(home, "data", "convert", "nlu", "-f", "json", "--data", "data/nlu.yml", "--out", "nlu.json")
    command(home, "data", "split", "nlu", "--nlu", "data/nlu.yml")


def test_a_project_can_be_begun(tmp_path: Path) -> None:
    """The files of `rasa init`."""
    from rasa.cli.scaffold import create_initial_project

    create_initial_project(str(tmp_path))
    assert (tmp_path / "domain.yml").exists()


def test_reminders_are_kept_by_a_scheduler() -> None:
    """What Rasa schedules in its event loop is carried out."""
    from rasa.core import jobs

    async def one() -> bool:
        done = asyncio.Event()

        async def carry_out() -> None:
            done.set()

        scheduler = await jobs.scheduler()
        scheduler.add_job(carry_out)
        await asyncio.wait_for(done.wait(), 30)
        jobs.kill_scheduler()
        return done.is_set()

    assert asyncio.run(one())


ACTIONS = """
from rasa_sdk import Action, FormValidationAction

class Hello(Action):
    def name(self):
        return "action_hello"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text=f"Hello {tracker.sender_id}")
        return []

class Validate(FormValidationAction):
    def name(self):
        return "validate_number_form"

    def validate_number(self, value, dispatcher, tracker, domain):
        return {"number": value.strip()}
"""


def test_the_action_server_answers(tmp_path: Path) -> None:
    """rasa_sdk on its own, with an action and the validation of a form."""
    (tmp_path / "actions.py").write_text(ACTIONS, encoding="utf-8")
    port = free_port()
    argv = [sys.executable, "-m", "rasa_sdk", "--actions", "actions", "--port", str(port)]
    process = subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    server = Server(process, f"http://127.0.0.1:{port}")
    try:
        server.await_ready("/health")
        tracker = {"sender_id": "anna", "slots": {"number": " 12345 "}, "events": [], "latest_message": {}}
        tracker |= {"active_loop": {"name": "number_form"}, "paused": False, "latest_action_name": None}
        asked = {"next_action": "action_hello", "tracker": tracker, "domain": {}, "version": "3.6.2"}
        said = requests.post(f"{server.url}/webhook", json=asked, timeout=20).json()
        assert said["responses"][0]["text"] == "Hello anna"
        names = requests.get(f"{server.url}/actions", timeout=20).json()
        assert {"name": "validate_number_form"} in names
    finally:
        process.terminate()
        process.wait(timeout=15)
