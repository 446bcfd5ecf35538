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
    core: Entry = {}
    entries = project.entries("policies")
    for entry in entries:
        name, known = entry["name"], project.component(entry["name"])
        if name in TED:
            rows.append(Row(Kind.LEFT, name, "config.yml", settings(entry), "", NO_TED, TODO_OWN))
        elif name in RULES:
            core |= thresholds(entry)
            why = "its work since Rasa 2"
            rows.append(Row(Kind.CHANGED, name, "config.yml", settings(entry), "RulePolicy", why))
        elif name in REMOVED:
            why, todo = "Rasa 3.6 no longer has it", "See whether the bot misses it."
            rows.append(Row(Kind.LEFT, name, "config.yml", settings(entry), "", why, todo))
        elif known.missing:
            rows.append(missing(name, entry, known))
        else:
            kept.append(entry)
            rows.append(
                Row(Kind.TAKEN, name, "config.yml", after=settings(entry), why="kept with its settings")
            )
    history = next(
        (e["max_history"] for e in entries if e["name"] == "TEDPolicy" and e.get("max_history")), None
    )
    return completed(project, kept, history, core, rows)


def thresholds(entry: Entry) -> Entry:
    """Return what RulePolicy takes over from Rasa 1's FallbackPolicy."""
    names = {"core_threshold": "core_fallback_threshold", "fallback_action_name": "core_fallback_action_name"}
    return {new: entry[old] for old, new in names.items() if old in entry}


def completed(
    project: Project, kept: list[Entry], history: int | None, core: Entry, rows: list[Row]
) -> list[Entry]:
    """Return the policies with those that rules and stories cannot do without."""
    if project.stories and not any(entry["name"] in MEMORIES for entry in kept):
        memory: Entry = {
            "name": "AugmentedMemoizationPolicy",
            **({"max_history": history} if history else {}),
        }
        kept = [memory, *kept]
        why = "without it nothing would follow the stories"
        rows.append(Row(Kind.CHANGED, "AugmentedMemoizationPolicy", "config.yml", "not there", "added", why))
    if not any(entry["name"] == "RulePolicy" for entry in kept):
        kept = [*kept, {"name": "RulePolicy", **core}]
        why = "rules and forms need it"
        rows.append(Row(Kind.CHANGED, "RulePolicy", "config.yml", "not there", "added", why))
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
