"""What a project's configuration is chosen by, and what Rasa takes where it names nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Entry = dict[str, Any]
TODO_OWN = "`ratchet pipeline own` brings it back."

RASA_DEFAULT: tuple[Entry, ...] = (
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
    {"name": "DIETClassifier", "epochs": 100, "constrain_similarities": True},
    {"name": "EntitySynonymMapper"},
    {"name": "ResponseSelector", "epochs": 100, "constrain_similarities": True},
    {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
)
DEFAULT_POLICIES: tuple[Entry, ...] = (
    {"name": "MemoizationPolicy"},
    {"name": "RulePolicy"},
    {"name": "UnexpecTEDIntentPolicy", "max_history": 5, "epochs": 100},
    {"name": "TEDPolicy", "max_history": 5, "epochs": 100, "constrain_similarities": True},
)
"""What Rasa 3.6 takes where a configuration names no pipeline and no policies (its recipe `default.v1`)."""


class Pipeline(StrEnum):
    """The two ways."""

    FAST = "fast"
    OWN = "own"


@dataclass(frozen=True)
class Component:
    """What the bot's environment knows of a component.

    `own` names the project's file that has it, `missing` why it does not run, `heavy` that TensorFlow alone is missing;
    `kinds` are Rasa's component types.
    """

    own: str = ""
    missing: str = ""
    heavy: bool = False
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Project:
    """What a pipeline is chosen by: the configuration, its components by name, and what the messages hold.

    `entities` are the annotated ones, `patterns` the names of regular expressions and lookup tables, `groups` those of
    retrieval intents, `stories` how many stories there are.
    """

    config: Mapping[str, Any]
    components: Mapping[str, Component] = field(default_factory=dict)
    entities: frozenset[str] = frozenset()
    patterns: frozenset[str] = frozenset()
    groups: tuple[str, ...] = ()
    stories: int = 0

    def entries(self, section: str) -> list[Entry]:
        """The components of a section, or the ones that Rasa takes where it names none."""
        default = RASA_DEFAULT if section == "pipeline" else DEFAULT_POLICIES
        return [dict(entry) for entry in self.config.get(section) or default]

    def component(self, name: str) -> Component:
        """What is known of a component; one of Rasa's defaults that was not asked about runs."""
        return self.components.get(name, Component())


def settings(entry: Entry) -> str:
    """Say a component's settings in a few words."""
    said = ", ".join(f"{key}: {value}" for key, value in entry.items() if key != "name")
    return said if len(said) <= 120 else f"{said[:117]}…"
