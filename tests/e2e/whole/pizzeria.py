"""A small bot with a form, a story, a custom action and an answer for couriers; it trains in seconds."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd

from ratchet.adapters.system.processes import free_port
from tests.e2e.cli import RATCHET, Ratchet

OPENINGS = (
    "",
    "please, ",
    "hi there, ",
    "can you help me, ",
    "one quick question: ",
    "dear bot, ",
    "sorry but ",
)
WISHES = {
    "order": (
        "i want to order a pizza",
        "bring me a margherita",
        "food for tonight",
        "deliver dinner to us",
        "two calzone for table four",
    ),
    "hours": (
        "when are you open",
        "your opening hours",
        "until when can i come",
        "closed on sunday",
        "what is closing time",
    ),
    "parking": (
        "where can i park",
        "is there a car park",
        "a space for my van",
        "leave the bicycle outside",
        "garage nearby",
    ),
    "weather": (
        "how is the weather",
        "does it rain there",
        "sunny on the terrace",
        "forecast for today",
        "temperature outside",
    ),
    "thanks": (
        "many thanks",
        "thank you so much",
        "that was helpful",
        "great, cheers",
        "much obliged",
    ),
}
BIRTHDAYS = (
    "we celebrate a birthday",
    "do you bake a cake with candles",
    "party for twelve children",
    "my wife turns forty",
    "balloons and a song",
)
CONFIG = """recipe: default.v1
assistant_id: pizzeria
language: en
importers:
- name: ratchet_bot.components.importer.JsonLinesImporter
pipeline:
- name: ratchet_bot.components.classifier.LinearIntentClassifier
policies:
- name: RulePolicy
- name: MemoizationPolicy
  max_history: 5
"""
DOMAIN = """version: "3.1"
session_config:
  session_expiration_time: 60
  carry_over_slots_to_new_session: true
intents: [order, hours, parking, weather, thanks]
actions: [action_weather]
slots:
  role: {type: text, influence_conversation: false, mappings: [{type: custom}]}
  size:
    type: text
    influence_conversation: false
    mappings: [{type: from_text, conditions: [{active_loop: order_form, requested_slot: size}]}]
  drink:
    type: text
    influence_conversation: false
    mappings: [{type: from_text, conditions: [{active_loop: order_form, requested_slot: drink}]}]
forms:
  order_form:
    required_slots: [size, drink]
responses:
  utter_ask_size:
  - text: "Which size?"
  utter_ask_drink:
  - text: "Which drink with it?"
  utter_ordered:
  - text: "A {size} pizza with {drink} is on its way."
  utter_hours:
  - text: "We are open from 11 to 23."
  utter_parking:
  - text: "Guests park behind the house."
  - condition: [{type: slot, name: role, value: courier}]
    text: "Couriers stop at the side door."
  utter_welcome:
  - text: "See you between 11 and 23."
  utter_clarify:
  - text: "What do you mean?"
  utter_handoff:
  - text: "A colleague takes over."
"""
RULES = """version: "3.1"
rules:
- rule: hand over to a person
  steps:
  - intent: nlu_handoff
  - action: utter_handoff
- rule: clarify
  steps:
  - intent: nlu_fallback
  - action: utter_clarify
- rule: parking
  steps:
  - intent: parking
  - action: utter_parking
- rule: weather
  steps:
  - intent: weather
  - action: action_weather
- rule: order begins
  steps:
  - intent: order
  - action: order_form
  - active_loop: order_form
- rule: order ends
  condition:
  - active_loop: order_form
  steps:
  - action: order_form
  - active_loop: null
  - slot_was_set:
    - requested_slot: null
  - action: utter_ordered
"""
STORIES = """version: "3.1"
stories:
- story: hours, then thanks
  steps:
  - intent: hours
  - action: utter_hours
  - intent: thanks
  - action: utter_welcome
"""
CONTRADICTION = """- story: hours, then thanks for nothing
  steps:
  - intent: hours
  - action: utter_hours
  - intent: thanks
  - action: utter_clarify
"""
ACTIONS = """from rasa_sdk import Action


class Weather(Action):
    def name(self):
        return "action_weather"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text="The sun shines on the terrace.")
        return []
"""
TALKS = """- name: an order
  steps:
  - {user: i want to order a pizza, intent: order, bot: Which size}
  - {user: large, bot: Which drink}
  - {user: water, bot: A large pizza with water}
- name: hours and thanks
  steps:
  - {user: when are you open, intent: hours, bot: from 11 to 23}
  - {user: many thanks, intent: thanks, bot: See you}
- name: a courier parks
  context: {role: courier}
  steps:
  - {user: where can i park, intent: parking, bot: side door}
- name: the weather
  steps:
  - {user: how is the weather, intent: weather}
"""


def messages(intent: str, texts: tuple[str, ...]) -> pd.DataFrame:
    """An intent's messages: each text after each opening."""
    said = [f"{opening}{text}" for text, opening in itertools.product(texts, OPENINGS)]
    return pd.DataFrame({"text": said, "intent": intent, "role": ""})


class Pizzeria:
    """The workspace, whose first model is live, and what a case changes in it."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.bot = workspace / "bot"
        self.ratchet = Ratchet(workspace)
        self.saved = workspace.parent / "data"
        self.base = workspace / ".ratchet" / "data-base.json"
        self.numbers = itertools.count()

    def make(self) -> None:
        """Release the first model."""
        subprocess.run([RATCHET, "init", self.workspace], check=True, stdout=subprocess.DEVNULL)
        env = {"PORT": free_port(), "PREFECT_PORT": free_port(), "TARGET": "process"}
        (self.workspace / ".env").write_text(
            "".join(f"RATCHET_{name}={value}\n" for name, value in env.items())
        )
        files = {"config.yml": CONFIG, "domain.yml": DOMAIN, "rules.yml": RULES, "data/stories.yml": STORIES}
        files |= {
            "actions/__init__.py": "",
            "actions/weather.py": ACTIONS,
            "tests/conversations/talks.yml": TALKS,
        }
        for name, text in files.items():
            (self.bot / name).parent.mkdir(parents=True, exist_ok=True)
            (self.bot / name).write_text(text)
        self.edit("params.yaml", "    seconds: 8", "    seconds: 0")
        self.edit("params.yaml", "  play_actions: false", "  play_actions: true")
        self.edit("params.yaml", "  context: {}", "  context:\n    role: null")
        self.edit(
            "params.yaml",
            re.search(r"^  salt: .*$", self.read("params.yaml"), re.MULTILINE)[0],
            "  salt: pizzeria",
        )
        first = pd.concat([messages(intent, texts) for intent, texts in WISHES.items()])
        first.to_csv(self.workspace.parent / "first.csv", index=False)
        self.ratchet("ingest", self.workspace.parent / "first.csv")
        self.commit("The bot")
        summary = self.ratchet.json("retrain")
        assert summary["outcome"] == "released", summary["reasons"]
        shutil.copytree(self.workspace / "data", self.saved)
        shutil.copy2(self.base, self.saved.with_name(self.base.name))

    def restore(self) -> None:
        """Bring back what `make` left."""
        self.git("checkout", "-q", "-f", ".")
        self.git("clean", "-fdq")
        shutil.rmtree(self.workspace / "data")
        shutil.copytree(self.saved, self.workspace / "data")
        shutil.copy2(self.saved.with_name(self.base.name), self.base)

    def read(self, path: str) -> str:
        """Return a file's text."""
        return (self.workspace / path).read_text()

    def edit(self, path: str, old: str, new: str) -> None:
        """Change a text that a file has."""
        text = self.read(path)
        assert old in text, old
        (self.workspace / path).write_text(text.replace(old, new, 1))

    def add(self, intent: str, texts: tuple[str, ...]) -> None:
        """Take messages in."""
        path = self.workspace.parent / f"new-{next(self.numbers)}.csv"
        messages(intent, texts).to_csv(path, index=False)
        self.ratchet("ingest", path)

    def rename(self, old: str, new: str) -> None:
        """Give an intent another name in the corpus, by hand."""
        path = self.workspace / "data" / "utterances.csv"
        corpus = pd.read_csv(path, dtype=str, keep_default_na=False)
        corpus["intent"] = [new if one == old else one for one in corpus["intent"]]
        corpus.to_csv(path, index=False)

    def judge(self) -> dict[str, Any]:
        """Train and judge, and change neither registry nor fleet."""
        summary: dict[str, Any] = self.ratchet.json("retrain", "--trial")
        return summary

    def commit(self, message: str) -> None:
        """Commit all."""
        self.git("add", "--all")
        self.git("commit", "-q", "-m", message)

    def git(self, *words: str) -> None:
        """Run a Git command in the workspace."""
        argv = ["git", "-c", "user.name=Ana", "-c", "user.email=ana@localhost", *words]
        subprocess.run(argv, cwd=self.workspace, check=True, capture_output=True, timeout=60)


def read_report(summary: dict[str, Any]) -> dict[str, Any]:
    """Return what the report's page was made of."""
    found: dict[str, Any] = json.loads(Path(summary["report"]).with_name("report.json").read_text())
    return found
