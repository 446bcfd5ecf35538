"""A small bot that trains in seconds, for tests that release it many times: the real code, 5 intents, 120 messages."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from ratchet.adapters import scaffold

ROOT = Path(__file__).resolve().parents[3]

OPENINGS = ("", "please ", "hi, ", "can you help, ", "quick question: ", "hello bot, ")
WISHES = {
    "order_laptop": ("i need a new laptop", "my laptop is broken", "order a notebook", "replace my computer"),
    "book_leave": (
        "i want to take vacation",
        "book two days off",
        "request annual leave",
        "holiday next week",
    ),
    "claim_expenses": (
        "claim my travel expenses",
        "submit a taxi receipt",
        "refund my hotel bill",
        "expense report",
    ),
    "get_access": (
        "i cannot open the building door",
        "badge access please",
        "give me access to the lab",
        "door card",
    ),
    "report_incident": (
        "the server room is on fire",
        "report an incident",
        "somebody got hurt",
        "there is a leak",
    ),
}
DOMAIN = "responses:\n" + "".join(
    f"  utter_{intent}:\n  - text: Starting {intent.replace('_', ' ')}.\n" for intent in WISHES
)
RULES = 'version: "3.1"\nrules:\n' + "".join(
    f"- rule: {intent}\n  steps:\n  - intent: {intent}\n  - action: utter_{intent}\n" for intent in WISHES
)
CONVERSATIONS = "".join(
    f"- name: {intent}\n  steps:\n  - user: {texts[0]}\n    intent: {intent}\n"
    f"    bot: Starting {intent.replace('_', ' ')}\n"
    for intent, texts in WISHES.items()
)


def rows(wrong: bool = False) -> Iterable[dict[str, object]]:
    """Messages with their intents; `wrong` gives each intent the messages of its neighbour."""
    names = list(WISHES)
    for number, (intent, texts) in enumerate(WISHES.items()):
        label = names[(number + 1) % len(names)] if wrong else intent
        for opening, text in itertools.product(OPENINGS, texts):
            yield {"key": f"{opening}{text}", "text": f"{opening}{text}", "intent": label, "context": {}}


def write_rows(path: Path, wrong: bool = False) -> Path:
    """Write the training data as the bot's tools read it."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows(wrong)), encoding="utf-8")
    return path


def write_workspace(folder: Path) -> Path:
    """Make a workspace with the real bot code and fleet declaration, and this bot's content."""
    scaffold.copy_bot(folder, "helpdesk")
    shutil.copytree(ROOT / "deployments", folder / "deployments")
    shutil.copy2(ROOT / "params.yaml", folder / "params.yaml")
    domain = 'version: "3.1"\nintents:\n' + "".join(f"- {intent}\n" for intent in WISHES) + DOMAIN
    (folder / "bot" / "domain.yml").write_text(domain, encoding="utf-8")
    (folder / "bot" / "rules.yml").write_text(RULES, encoding="utf-8")
    conversations = folder / "bot" / "tests" / "conversations"
    shutil.rmtree(conversations)
    conversations.mkdir()
    (conversations / "small.yml").write_text(CONVERSATIONS, encoding="utf-8")
    return folder
