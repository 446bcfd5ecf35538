"""The policies of a project that need no TensorFlow, with their settings."""

from __future__ import annotations

from ratchet.domain.migration.project import TODO_OWN, Component, Entry, Project, settings
from ratchet.domain.migration.table import Kind, Row

NO_TED = (
    "it needs TensorFlow; where neither a rule nor a story says word for word what comes next, the bot falls back"
    " instead of guessing"
)
TED = {"TEDPolicy", "UnexpecTEDIntentPolicy"}
RULES = {"MappingPolicy", "FormPolicy", "FallbackPolicy", "TwoStageFallbackPolicy"}
"""Policies of Rasa 1 whose work RulePolicy does since Rasa 2."""
REMOVED = {"KerasPolicy", "EmbeddingPolicy", "SklearnPolicy"}
MEMORIES = {"MemoizationPolicy", "AugmentedMemoizationPolicy"}


def fast_policies(project: Project, rows: list[Row]) -> list[Entry]:
    """Return the policies that need no TensorFlow, with their settings."""
    kept: list[Entry] = []
    history = None
    core: Entry = {}
    for entry in project.entries("policies"):
        name, known = entry["name"], project.component(entry["name"])
        if name in TED:
            history = entry.get("max_history", history) if name == "TEDPolicy" else history
            rows.append(Row(Kind.LEFT, name, "config.yml", settings(entry), "", NO_TED, TODO_OWN))
        elif name in RULES:
            core |= {
                f"core_fallback_{new}": entry[old]
                for old, new in (("core_threshold", "threshold"), ("fallback_action_name", "action_name"))
                if old in entry
            }
            rows.append(
                Row(Kind.CHANGED, name, "config.yml", settings(entry), "RulePolicy", "its work since Rasa 2")
            )
        elif name in REMOVED or (known.missing and not known.own):
            rows.append(
                Row(
                    Kind.LEFT,
                    name,
                    "config.yml",
                    settings(entry),
                    "",
                    known.missing or "Rasa 3.6 has it no more",
                    "See whether the bot misses it.",
                )
            )
        elif known.missing:
            rows.append(missing(name, entry, known))
        else:
            kept.append(entry)
            rows.append(
                Row(Kind.TAKEN, name, "config.yml", after=settings(entry), why="kept with its settings")
            )
    if project.stories and not any(entry["name"] in MEMORIES for entry in kept):
        kept.insert(
            0, {"name": "AugmentedMemoizationPolicy", **({"max_history": history} if history else {})}
        )
        rows.append(
            Row(
                Kind.CHANGED,
                "AugmentedMemoizationPolicy",
                "config.yml",
                "not there",
                "added",
                "without it nothing would follow the stories",
            )
        )
    if not any(entry["name"] == "RulePolicy" for entry in kept):
        kept.append({"name": "RulePolicy", **core})
        rows.append(
            Row(Kind.CHANGED, "RulePolicy", "config.yml", "not there", "added", "rules and forms need it")
        )
    return kept


def missing(name: str, entry: Entry, known: Component) -> Row:
    """Return the row of a component that cannot run here."""
    spacy = known.missing.startswith("spacy")
    todo = (
        "Run `uv add 'ratchet-bot[spacy]'` and add its language model in bot/, then put"
        if spacy
        else "Add it, then put"
    )
    why = f"{known.missing} is not installed" if " " not in known.missing else known.missing
    return Row(
        Kind.LEFT, name, "config.yml", settings(entry), "", why, f"{todo} it back into bot/config.yml."
    )
