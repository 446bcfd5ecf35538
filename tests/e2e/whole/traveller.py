"""A small bot with entities: a city with roles, dishes by a lookup table, synonyms; it trains in seconds."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path
from typing import Any

import pandas as pd

from ratchet.adapters.system.processes import free_port
from tests.e2e.cli import RATCHET, Ratchet

CITIES = [
    "berlin",
    "rome",
    "paris",
    "london",
    "madrid",
    "vienna",
    "oslo",
    "lisbon",
    "athens",
    "dublin",
    "prague",
    "warsaw",
    "helsinki",
    "budapest",
    "zurich",
    "geneva",
    "munich",
    "hamburg",
    "milan",
    "naples",
    "porto",
    "seville",
    "krakow",
    "riga",
]
SHORT = {"muc": "munich", "bln": "berlin", "ldn": "london", "par": "paris"}
"""Synonyms: what people say for a city."""
FIRST = [
    "smoky",
    "crispy",
    "golden",
    "royal",
    "spicy",
    "sweet",
    "salted",
    "wild",
    "creamy",
    "rustic",
    "double",
    "tiny",
]
SECOND = [
    "ramen",
    "lasagne",
    "biryani",
    "gnocchi",
    "paella",
    "goulash",
    "pierogi",
    "falafel",
    "moussaka",
    "risotto",
]
WEATHER = [
    "what is the weather in {}",
    "is it raining in {} now",
    "how warm is {} today",
    "will {} be sunny",
    "forecast for {} please",
    "do i need an umbrella in {}",
    "tell me about {} weather",
    "snow in {}",
    "how windy does {} get",
    "{} temperature",
]
FLIGHT = [
    "fly from {} to {}",
    "book a flight to {1} from {0}",
    "ticket {} to {}",
    "i travel from {} over to {}",
    "take me from {} to {}",
    "seats between {} and {}",
    "leaving {} for {}",
    "cheap plane {} to {}",
    "need to get to {1}, starting in {0}",
]
GIVEN = [
    "anna",
    "ben",
    "clara",
    "david",
    "emma",
    "felix",
    "greta",
    "hugo",
    "ida",
    "jonas",
    "karla",
    "leon",
    "mia",
    "noah",
    "olga",
    "paul",
    "rosa",
    "simon",
]
FAMILY = [
    "schmidt",
    "meyer",
    "weber",
    "wagner",
    "becker",
    "hoffmann",
    "koch",
    "richter",
    "klein",
    "wolf",
    "neumann",
    "braun",
    "zimmermann",
    "krueger",
]
GREETINGS = [
    "hello there",
    "good morning",
    "hi bot",
    "hey",
    "good evening to you",
    "greetings",
    "hello my friend",
    "nice to meet you",
    "hi, how are you",
    "what's up",
    "howdy",
    "good day sir",
    "yo",
    "welcome back",
    "long time no see",
    "morning everybody",
    "hiya",
    "salutations",
    "hello hello",
    "glad you are here",
    "how do you do",
    "evening all",
    "pleased to see you again",
    "is anybody there",
    "are you awake",
    "ahoy",
    "good to have you",
    "a very warm hello",
    "bonjour",
    "hallo zusammen",
]
PIPELINE = """recipe: default.v1
assistant_id: traveller
language: en
importers:
- name: ratchet_bot.components.importer.JsonLinesImporter
pipeline:
- name: WhitespaceTokenizer
- name: LexicalSyntacticFeaturizer
- name: RegexEntityExtractor
- name: CRFEntityExtractor
  max_iterations: 40
  features: [[low], [bias, low], [low]]
- name: EntitySynonymMapper
- name: ratchet_bot.components.classifier.LinearIntentClassifier
policies:
- name: RulePolicy
"""
DOMAIN = """
entities:
- dish
- city:
    roles: [from, to]

slots:
  city:
    type: text
    influence_conversation: false
    mappings:
    - {type: from_entity, entity: city}

"""
ANSWERS = """
  utter_ask_weather:
  - text: "The weather in {city} is fine."
  utter_book_flight:
  - text: "I book your flight."
  utter_order_dish:
  - text: "It is on its way."
  utter_greet:
  - text: "Hello."
"""


def weather(number: int, start: int = 0) -> Iterator[str]:
    """Messages with a city; every sixth says it in short."""
    short = cycle(SHORT)
    for at in range(start, start + number):
        city = next(short) if at % 6 == 5 else CITIES[(5 * at + at // len(CITIES)) % len(CITIES)]
        yield WEATHER[at % len(WEATHER)].format(f"[{city}](city)")


def flights(number: int, start: int = 0) -> Iterator[str]:
    """Messages with two cities, each with its role."""
    for at in range(start, start + number):
        home, away = CITIES[(7 * at + at // 24) % len(CITIES)], CITIES[(7 * at + 11 + at // 9) % len(CITIES)]
        roles = [
            f'[{city}]{{"entity": "city", "role": "{role}"}}' for city, role in ((home, "from"), (away, "to"))
        ]
        yield FLIGHT[at % len(FLIGHT)].format(*roles)


def dishes(number: int, start: int = 0) -> Iterator[str]:
    """Messages in which a dish stands among guests in any place: only the lookup table tells them apart."""
    every, named = list(table()), list(guests())
    for at in range(start, start + number):
        words = [named[2 * at], named[2 * at + 1]]
        words.insert(at % 3, f"[{every[at]}](dish)")
        yield f"order {' '.join(words)}"


def guests() -> Iterator[str]:
    """Names, each once."""
    for number in range(len(GIVEN) * len(FAMILY)):
        yield f"{GIVEN[number % len(GIVEN)]}{FAMILY[(number + number // 126) % len(FAMILY)]}"


def table() -> Iterator[str]:
    """The dishes, each once."""
    for number in range(len(FIRST) * len(SECOND)):
        yield f"{FIRST[number % len(FIRST)]}{SECOND[(number + number // 60) % len(SECOND)]}"


def rows() -> pd.DataFrame:
    """The messages with their intents."""
    named = {
        "ask_weather": weather(96),
        "book_flight": flights(96),
        "order_dish": dishes(90),
        "greet": GREETINGS,
    }
    return pd.DataFrame([{"text": text, "intent": name} for name, texts in named.items() for text in texts])


def extras() -> str:
    """Lookup table and synonyms as Rasa's YAML."""
    lines = [
        'version: "3.1"',
        "nlu:",
        "- lookup: dish",
        "  examples: |",
        *(f"    - {dish}" for dish in sorted(set(table()))),
    ]
    for short, city in SHORT.items():
        lines += [f"- synonym: {city}", "  examples: |", f"    - {short}"]
    return "\n".join([*lines, ""])


class Traveller:
    """The workspace, whose first model is live, and what a case changes in it."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.ratchet = Ratchet(workspace)
        self.saved = workspace.parent / "data"
        self.base = workspace / ".ratchet" / "data-base.json"
        self.numbers = count()

    def make(self) -> None:
        """Release the first model."""
        subprocess.run([RATCHET, "init", self.workspace], check=True, stdout=subprocess.DEVNULL)
        env = {"PORT": free_port(), "PREFECT_PORT": free_port(), "TARGET": "process"}
        (self.workspace / ".env").write_text(
            "".join(f"RATCHET_{name}={value}\n" for name, value in env.items())
        )
        bot = self.workspace / "bot"
        (bot / "config.yml").write_text(PIPELINE)
        domain = (bot / "domain.yml").read_text()
        (bot / "domain.yml").write_text(domain.replace("responses:\n", f"{DOMAIN}responses:{ANSWERS}", 1))
        self.edit("params.yaml", r"^    seconds: 8$", "    seconds: 0")
        self.edit("params.yaml", r"^  salt: .*$", "  salt: traveller")
        rows().to_csv(self.workspace.parent / "first.csv", index=False)
        (self.workspace.parent / "extras.yml").write_text(extras())
        self.ratchet(
            "ingest", self.workspace.parent / "first.csv", self.workspace.parent / "extras.yml", "--commit"
        )
        self.git("add", "--all")
        self.git("commit", "-q", "-m", "The bot")
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

    def edit(self, path: str, pattern: str, line: str) -> None:
        """Change the first line of a file that matches."""
        file = self.workspace / path
        text, number = re.subn(pattern, line, file.read_text(), count=1, flags=re.MULTILINE)
        assert number == 1, pattern
        file.write_text(text)

    def rewrite(self, change: Any) -> None:
        """Change each text of the corpus by hand, and take it in."""
        path = self.workspace / "data" / "utterances.csv"
        corpus = pd.read_csv(path, dtype=str, keep_default_na=False)
        corpus["text"] = [change(text) for text in corpus["text"]]
        corpus.to_csv(path, index=False)
        self.ratchet("ingest")

    def add(self, intent: str, texts: list[str]) -> None:
        """Take messages in."""
        path = self.workspace.parent / f"new-{next(self.numbers)}.csv"
        pd.DataFrame({"text": texts, "intent": intent}).to_csv(path, index=False)
        self.ratchet("ingest", path)

    def judge(self) -> dict[str, Any]:
        """Train and judge, and change neither registry nor fleet."""
        summary: dict[str, Any] = self.ratchet.json("retrain", "--trial")
        return summary

    def git(self, *words: str) -> None:
        """Run a Git command in the workspace."""
        argv = ["git", "-c", "user.name=Ana", "-c", "user.email=ana@localhost", *words]
        subprocess.run(argv, cwd=self.workspace, check=True, capture_output=True, timeout=60)


def swapped(text: str) -> str:
    """Return a message whose two roles are swapped."""
    return (
        text.translate(str.maketrans({}))
        .replace('"from"', '"?"')
        .replace('"to"', '"from"')
        .replace('"?"', '"to"')
    )


def read_report(summary: dict[str, Any]) -> dict[str, Any]:
    """Return what the report's page was made of."""
    found: dict[str, Any] = json.loads(Path(summary["report"]).with_name("report.json").read_text())
    return found
