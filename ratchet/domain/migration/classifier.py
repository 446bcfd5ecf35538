"""Ratchet's classifier in place of a project's: its encoder, and when it falls back."""

from __future__ import annotations

from ratchet.domain.migration.project import Entry, Project, settings
from ratchet.domain.migration.table import Kind, Row

CLASSIFIER = "ratchet_bot.components.classifier.LinearIntentClassifier"


def encoder(project: Project, rows: list[Row]) -> Entry:
    """Return the classifier's sentence encoder: the one that Ratchet comes with, for a project in English."""
    language = str(project.config.get("language") or "en")
    if language.lower().startswith("en"):
        return {"encoder": "english"}
    why, todo = (
        f"Ratchet's own is for English, and the project says {language}",
        "Bring one of your own: `encoder`.",
    )
    rows.append(Row(Kind.LEFT, "a sentence encoder", "config.yml", why=why, todo=todo))
    return {}


def fallback(project: Project, rows: list[Row]) -> bool:
    """Say whether a message may be answered with the fallback, and how the thresholds were mapped."""
    for entry in project.entries("pipeline"):
        if entry["name"] == "FallbackClassifier":
            rows.append(
                Row(
                    Kind.CHANGED,
                    "FallbackClassifier",
                    "config.yml",
                    settings(entry),
                    "in_scope_loss: 0.0",
                    "another model's threshold says nothing about this classifier's calibrated confidences: it chooses"
                    " one itself that turns none of the messages that it gets right when held back into the fallback;"
                    " a group of retrieval intents counts as one",
                    "Change `in_scope_loss` in bot/config.yml for more or fewer fallbacks.",
                )
            )
            return True
    old = [
        e for e in project.entries("policies") if e["name"] in ("FallbackPolicy", "TwoStageFallbackPolicy")
    ]
    if not old:
        rows.append(
            Row(
                Kind.TAKEN,
                "no FallbackClassifier",
                "config.yml",
                after="in_scope_loss: null",
                why="each message gets its likeliest intent, as before",
                todo="Remove the line in bot/config.yml to have a fallback.",
            )
        )
    return bool(old)
