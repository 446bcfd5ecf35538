"""What rules and stories use and domain or messages lack: completed where nothing has to be guessed, else named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ratchet_bot.migration.dialogue import Dialogue, where
from ratchet_bot.migration.domain import SECTIONS, DomainFiles
from ratchet_bot.migration.notes import CHANGED, LEFT, Notes
from ratchet_bot.migration.used import Used


def complete(dialogue: Dialogue, domain: DomainFiles, bot: Path, notes: Notes) -> set[str]:
    """Give the domain what rules and stories use and it lacks; returns the intents that they use."""
    used = Used(dialogue.steps)
    known = {name: set(domain.section(name)) for name in SECTIONS}
    groups = {name.split("/")[0] for name in known["responses"] if "/" in name}
    defined = known["actions"] | known["forms"] | known["responses"] | groups | _standard()
    lacking = {
        "actions": used.actions - defined,
        "intents": used.intents - known["intents"] - _standard_intents(),
        "entities": used.entities - known["entities"],
    }
    for section, missing in lacking.items():
        domain.add(section, sorted(missing))
        for name in sorted(missing):
            notes.add(
                CHANGED,
                f"{SINGULAR[section]} {name}",
                where(name, dialogue, bot),
                before="not in the domain",
                after=f"listed under {section}",
                why="a rule or story uses it",
                todo=_todo(section, name),
            )
    _undefined(used, known, lacking["actions"], dialogue, bot, notes)
    return used.intents


def _undefined(
    used: Used, known: dict[str, set[str]], actions: set[str], dialogue: Dialogue, bot: Path, notes: Notes
) -> None:
    """Name forms and slots that only a person can define: what they ask for, and of which type they are."""
    for name in sorted(used.loops - known["forms"] - known["actions"] - actions):
        notes.add(
            LEFT,
            f"form {name}",
            where(name, dialogue, bot),
            why="the domain has no such form",
            todo="Add it under `forms:` in the domain, or take it out of the stories.",
        )
    for name in sorted(used.slots - known["slots"]):
        notes.add(
            LEFT,
            f"slot {name}",
            where(name, dialogue, bot),
            why="stories set it, and the domain has no such slot",
            todo="Add it under `slots:` in the domain, with its type.",
        )


def without_examples(
    used: set[str], facts: dict[str, Any], dialogue: Dialogue, bot: Path, notes: Notes
) -> None:
    """Say which intents rules and stories wait for although no message teaches them."""
    taught = {part for intent in facts["intents"] for part in (intent, intent.split("/")[0])}
    for intent in sorted(used - taught - _standard_intents()):
        notes.add(
            LEFT,
            f"intent {intent}",
            where(intent, dialogue, bot),
            why="rules or stories wait for it, and no message has it: a message never leads there",
            todo="Ingest messages with this intent. A payload such as a button's still works.",
        )


SINGULAR = {"actions": "action", "intents": "intent", "entities": "entity"}


def _todo(kind: str, name: str) -> str:
    if kind == "actions" and name.startswith("utter_"):
        return f"Write the response {name} in the domain: until then the bot says nothing there."
    return "See that `bot/actions/` has it." if kind == "actions" else ""


def _standard() -> set[str]:
    from rasa.shared.core.constants import DEFAULT_ACTION_NAMES, RULE_SNIPPET_ACTION_NAME

    return {*DEFAULT_ACTION_NAMES, RULE_SNIPPET_ACTION_NAME}


def _standard_intents() -> set[str]:
    from rasa.shared.core.constants import DEFAULT_INTENTS

    return set(DEFAULT_INTENTS)
