"""From a project's Rasa configuration to the workspace's: `fast`, Ratchet's own classifier, or `own`, as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ratchet.domain.migration.table import Kind, Row

CLASSIFIER = "ratchet_bot.components.classifier.LinearIntentClassifier"
GROUPS = "ratchet_bot.components.retrieval.RetrievalGroups"
IMPORTER = "ratchet_bot.components.importer.JsonLinesImporter"
Entry = dict[str, Any]

NO_TED = (
    "it needs TensorFlow; where neither a rule nor a story says word for word what comes next, the bot falls back"
    " instead of guessing"
)
TED = {"TEDPolicy", "UnexpecTEDIntentPolicy"}
RULES = {"MappingPolicy", "FormPolicy", "FallbackPolicy", "TwoStageFallbackPolicy"}
"""Policies of Rasa 1 whose work RulePolicy does since Rasa 2."""
REMOVED = {"KerasPolicy", "EmbeddingPolicy", "SklearnPolicy"}
MEMORIES = {"MemoizationPolicy", "AugmentedMemoizationPolicy"}
EXTRACTORS = {"DucklingEntityExtractor", "DucklingHTTPExtractor", "EntitySynonymMapper", "RegexEntityExtractor",
              "CRFEntityExtractor"}
RENAMED = {"DucklingHTTPExtractor": "DucklingEntityExtractor", "ner_synonyms": "EntitySynonymMapper",
           "ner_crf": "CRFEntityExtractor", "ner_duckling_http": "DucklingEntityExtractor"}
TODO_OWN = "`ratchet init --pipeline own` keeps it."

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
    """What the bot's environment knows of a component: `own` names the project's file that has it, `missing` why it does
    not run, `heavy` that TensorFlow alone is missing; `kinds` are Rasa's component types."""

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


def fast(project: Project) -> tuple[dict[str, Any], list[Row]]:
    """Return the configuration with Ratchet's classifier, and what became of each component of the project's."""
    rows: list[Row] = []
    kept, tokenizer = kept_components(project, rows)
    names = {entry["name"] for entry in kept}
    believes = fallback(project, rows)
    classifier: Entry = {"name": CLASSIFIER, **({} if believes else {"in_scope_loss": None})}
    pipeline: list[Entry] = [classifier]
    if project.groups:
        classifier["ranking_length"] = 0
        pipeline.append({"name": GROUPS})
    extractors: list[Entry] = []
    if project.entities & project.patterns and "RegexEntityExtractor" not in names:
        extractors.append({"name": "RegexEntityExtractor"})
        rows.append(Row(Kind.CHANGED, "RegexEntityExtractor", "config.yml", "not there", "added",
                        "lookup tables or regular expressions carry the name of an entity"))
    if annotated(project) and "CRFEntityExtractor" not in names:
        extractors.append({"name": "CRFEntityExtractor"})
    if extractors and not any(entry["name"] == "EntitySynonymMapper" for entry in kept):
        kept.append({"name": "EntitySynonymMapper"})
    if extractors or kept:
        pipeline.append(tokenizer or {"name": "WhitespaceTokenizer"})
    synonyms = [entry for entry in kept if entry["name"] == "EntitySynonymMapper"]
    others = [entry for entry in kept if entry["name"] != "EntitySynonymMapper"]
    pipeline += [*extractors, *others, *synonyms]
    return whole(project, pipeline, fast_policies(project, rows)), rows


def annotated(project: Project) -> bool:
    """Say whether a component has to learn entities: the messages have some, and DIET was not told to leave them."""
    entries = project.entries("pipeline")
    told = [e for e in entries if e["name"] == "DIETClassifier"]
    return bool(project.entities) and not (told and all(e.get("entity_recognition") is False for e in told))


def kept_components(project: Project, rows: list[Row]) -> tuple[list[Entry], Entry | None]:
    """Return the components that stay with their settings, and the tokenizer if one is the project's own choice."""
    kept: list[Entry] = []
    tokenizer: Entry | None = None
    entries = project.entries("pipeline")
    own = any(known.own and not known.missing for known in map(project.component, (e["name"] for e in entries)))
    for entry in entries:
        name = RENAMED.get(entry["name"], entry["name"])
        known = project.component(entry["name"]) if name == entry["name"] else Component()
        entry = {**entry, "name": name}
        if "MESSAGE_TOKENIZER" in known.kinds and not known.missing:
            tokenizer = entry
        elif name == "ResponseSelector":
            rows.append(Row(Kind.CHANGED, name, "config.yml", settings(entry), "RetrievalGroups" if project.groups
                            else "left out", "the classifier knows each member; the group's confidence is their sum"
                            if project.groups else "no message has a retrieval intent"))
        elif name == "FallbackClassifier":
            continue  # mapped to the classifier's own threshold
        elif known.missing and not known.heavy:
            rows.append(missing(name, entry, known))
        elif name in EXTRACTORS or known.own or "MODEL_LOADER" in known.kinds or name == "SpacyEntityExtractor":
            kept.append(entry)
            rows.append(Row(Kind.TAKEN, name, "config.yml", after=settings(entry), why="kept with its settings"))
        elif "MESSAGE_FEATURIZER" in known.kinds and own and not known.missing:
            kept.append(entry)
        else:
            rows.append(replaced(project, name, entry, known))
    return kept, tokenizer


def missing(name: str, entry: Entry, known: Component) -> Row:
    """Return the row of a component that cannot run here."""
    spacy = known.missing.startswith("spacy")
    todo = "Run `uv add 'ratchet-bot[spacy]'` and add its language model in bot/, then put" if spacy else "Add it, then put"
    why = f"{known.missing} is not installed" if " " not in known.missing else known.missing
    return Row(Kind.LEFT, name, "config.yml", settings(entry), "", why, f"{todo} it back into bot/config.yml.")


def replaced(project: Project, name: str, entry: Entry, known: Component) -> Row:
    """Return the row of a classifier or featurizer in whose place Ratchet's classifier is."""
    if "MESSAGE_FEATURIZER" in known.kinds:
        return Row(Kind.CHANGED, name, "config.yml", settings(entry), "left out", "the classifier has features of its own")
    entities = " and CRFEntityExtractor for the entities" if name == "DIETClassifier" and annotated(project) else ""
    return Row(Kind.CHANGED, name, "config.yml", settings(entry), f"LinearIntentClassifier{entities}",
               "trains in seconds, without TensorFlow", TODO_OWN)


def fallback(project: Project, rows: list[Row]) -> bool:
    """Say whether a message may be answered with the fallback, and how the thresholds were mapped."""
    for entry in project.entries("pipeline"):
        if entry["name"] == "FallbackClassifier":
            rows.append(Row(
                Kind.CHANGED, "FallbackClassifier", "config.yml", settings(entry), "in_scope_loss: 0.0125",
                "the classifier's confidences are calibrated, another model's threshold says nothing about them: it"
                " chooses one itself that turns at most 1.25% of the right answers into the fallback, and a group of"
                " retrieval intents counts as one", "Change `in_scope_loss` in bot/config.yml for more or fewer fallbacks.",
            ))
            return True
    old = [e for e in project.entries("policies") if e["name"] in ("FallbackPolicy", "TwoStageFallbackPolicy")]
    if not old:
        rows.append(Row(Kind.TAKEN, "no FallbackClassifier", "config.yml", after="in_scope_loss: null",
                        why="each message gets its likeliest intent, as before",
                        todo="Remove the line in bot/config.yml to have a fallback."))
    return bool(old)


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
            core |= {f"core_fallback_{new}": entry[old] for old, new in
                     (("core_threshold", "threshold"), ("fallback_action_name", "action_name")) if old in entry}
            rows.append(Row(Kind.CHANGED, name, "config.yml", settings(entry), "RulePolicy", "its work since Rasa 2"))
        elif name in REMOVED or (known.missing and not known.own):
            rows.append(Row(Kind.LEFT, name, "config.yml", settings(entry), "", known.missing or "Rasa 3.6 has it no more",
                            "See whether the bot misses it."))
        elif known.missing:
            rows.append(missing(name, entry, known))
        else:
            kept.append(entry)
            rows.append(Row(Kind.TAKEN, name, "config.yml", after=settings(entry), why="kept with its settings"))
    if project.stories and not any(entry["name"] in MEMORIES for entry in kept):
        kept.insert(0, {"name": "AugmentedMemoizationPolicy", **({"max_history": history} if history else {})})
        rows.append(Row(Kind.CHANGED, "AugmentedMemoizationPolicy", "config.yml", "not there", "added",
                        "without it nothing would follow the stories"))
    if not any(entry["name"] == "RulePolicy" for entry in kept):
        kept.append({"name": "RulePolicy", **core})
        rows.append(Row(Kind.CHANGED, "RulePolicy", "config.yml", "not there", "added", "rules and forms need it"))
    return kept


def own(project: Project) -> tuple[dict[str, Any], list[Row]]:
    """Return the project's configuration as it is, with Ratchet's importer; seeds are set at each training."""
    rows = [Row(Kind.TAKEN, "pipeline and policies", "config.yml", after="bot/config.yml", why="as they are, with seeds")]
    for section in ("pipeline", "policies"):
        if not project.config.get(section):
            rows.append(Row(Kind.CHANGED, section, "config.yml", "not named", "Rasa's default, written out",
                            "so that it stays what it is"))
    return whole(project, project.entries("pipeline"), project.entries("policies")), rows


def whole(project: Project, pipeline: Sequence[Entry], policies: Sequence[Entry]) -> dict[str, Any]:
    """Return a whole configuration; other keys of the project's stay."""
    kept = {key: value for key, value in project.config.items() if key not in ("version", "importers", "pipeline", "policies")}
    importers = [{"name": IMPORTER, "only_new_intents": True}]
    return {"recipe": "default.v1", "assistant_id": "ratchet-bot", "language": "en", **kept, "importers": importers,
            "pipeline": list(pipeline), "policies": list(policies)}


def unusable(project: Project) -> list[tuple[str, str]]:
    """Return the components that stand in the way of `own`, each with the reason."""
    names = [entry["name"] for section in ("pipeline", "policies") for entry in project.entries(section)]
    known: Iterable[tuple[str, Component]] = ((name, project.component(name)) for name in dict.fromkeys(names))
    return [(name, one.missing) for name, one in known if one.missing and not one.heavy]


def settings(entry: Entry) -> str:
    """Say a component's settings in a few words."""
    said = ", ".join(f"{key}: {value}" for key, value in entry.items() if key != "name")
    return said if len(said) <= 120 else f"{said[:117]}…"
