"""From a project's Rasa configuration to the workspace's: `fast`, Ratchet's own classifier, or `own`, as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ratchet.domain.migration.classifier import CLASSIFIER as CLASSIFIER
from ratchet.domain.migration.classifier import encoder, fallback
from ratchet.domain.migration.policies import fast_policies, missing
from ratchet.domain.migration.project import TODO_OWN, Component, Entry, Project, settings
from ratchet.domain.migration.table import Kind, Row

GROUPS = "ratchet_bot.components.retrieval.RetrievalGroups"
WORDS = "ratchet_bot.components.words.WordsByIntent"
IMPORTER = "ratchet_bot.components.importer.JsonLinesImporter"

SYNONYMS = "EntitySynonymMapper"
REGEX, CRF = "RegexFeaturizer", "CRFEntityExtractor"
CRF_FEATURES = (REGEX, "LexicalSyntacticFeaturizer")
"""CRFEntityExtractor learns nothing from messages that no featurizer has touched."""
EXTRACTORS = {"DucklingEntityExtractor", "RegexEntityExtractor", "CRFEntityExtractor", "SpacyEntityExtractor"}
RENAMED = {
    "DucklingHTTPExtractor": "DucklingEntityExtractor",
    "ner_synonyms": "EntitySynonymMapper",
    "ner_crf": "CRFEntityExtractor",
    "ner_duckling_http": "DucklingEntityExtractor",
}


def fast(project: Project) -> tuple[dict[str, Any], list[Row]]:
    """Return the configuration with Ratchet's classifier, and what became of each component of the project's."""
    rows: list[Row] = []
    kept, tokenizer = kept_components(project, rows)
    names = {entry["name"] for entry in kept}
    believes = fallback(project, rows)
    classifier: Entry = {
        "name": CLASSIFIER,
        **encoder(project, rows),
        "in_scope_loss": 0.0 if believes else None,
    }
    pipeline: list[Entry] = [classifier]
    if project.groups:
        classifier["ranking_length"] = 0
        pipeline.append({"name": GROUPS})
    if not project.config.get("pipeline"):
        why = "the same kinds of work; `ratchet pipeline own` writes Rasa's default out"
        kept_rows = [row for row in rows if row.kind is Kind.LEFT]
        rows = [
            Row(Kind.CHANGED, "pipeline", "config.yml", "Rasa's default", "LinearIntentClassifier", why),
            *kept_rows,
        ]
    extractors = learnt(project, names, rows)
    synonyms = [entry for entry in kept if entry["name"] == SYNONYMS] or [{"name": SYNONYMS}]
    features = [entry for entry in kept if entry["name"] in CRF_FEATURES]
    others = [entry for entry in kept if entry["name"] not in (SYNONYMS, *CRF_FEATURES)]
    if annotated(project):
        wanted = [name for name in CRF_FEATURES if name not in names and (name != REGEX or project.patterns)]
        features = [*({"name": name} for name in wanted), *features, {"name": WORDS}]
    if extractors or others:
        pipeline += [tokenizer or {"name": "WhitespaceTokenizer"}, *features, *extractors, *others, *synonyms]
    return whole(project, pipeline, fast_policies(project, rows)), rows


def learnt(project: Project, names: Collection[str], rows: list[Row]) -> list[Entry]:
    """Return the extractors that the messages ask for and the project's own do not bring."""
    found: list[Entry] = []
    if project.entities & project.patterns and "RegexEntityExtractor" not in names:
        found.append({"name": "RegexEntityExtractor"})
        why = "lookup tables or regular expressions carry the name of an entity"
        rows.append(Row(Kind.CHANGED, "RegexEntityExtractor", "config.yml", "not there", "added", why))
    if annotated(project) and CRF not in names:
        found.append({"name": CRF})
    return found


def annotated(project: Project) -> bool:
    """Say whether a component has to learn entities: the messages have some, and the project's own learn them."""
    entries = project.entries("pipeline")
    told = [e for e in entries if e["name"] == "DIETClassifier"]
    by_crf = any(RENAMED.get(e["name"], e["name"]) == CRF for e in entries)
    left = bool(told) and all(e.get("entity_recognition") is False for e in told)
    return bool(project.entities) and (by_crf or not left)


def kept_components(project: Project, rows: list[Row]) -> tuple[list[Entry], Entry | None]:
    """Return the components that stay with their settings, and the tokenizer if one is the project's own choice."""
    kept: list[Entry] = []
    tokenizer: Entry | None = None
    entries = project.entries("pipeline")
    for entry in entries:
        name = str(RENAMED.get(entry["name"], entry["name"]))
        known = project.component(entry["name"]) if name == entry["name"] else Component()
        entry = {**entry, "name": name}
        if "MESSAGE_TOKENIZER" in known.kinds and not known.missing:
            tokenizer = entry
        elif name == "ResponseSelector":
            rows.append(selector(project, entry))
        elif name == SYNONYMS:
            kept.append(entry)
        elif known.missing and not known.heavy:
            rows.append(missing(name, entry, known))
        elif stays(project, entries, name, known):
            kept.append(entry)
            rows.append(
                Row(Kind.TAKEN, name, "config.yml", after=settings(entry), why="kept with its settings")
            )
        elif name != "FallbackClassifier":  # which is mapped to the classifier's own threshold
            rows.append(replaced(project, name, entry, known))
    return kept, tokenizer


def stays(project: Project, entries: Sequence[Entry], name: str, known: Component) -> bool:
    """Say whether a component that runs here stays: extractors, the project's own, and the features that these need."""
    if name in EXTRACTORS or known.own or "MODEL_LOADER" in known.kinds:
        return True
    others = [project.component(entry["name"]) for entry in entries]
    wanted = any(one.own and not one.missing for one in others) or (
        name in CRF_FEATURES and annotated(project)
    )
    return "MESSAGE_FEATURIZER" in known.kinds and wanted


def selector(project: Project, entry: Entry) -> Row:
    """Return the row of a ResponseSelector."""
    after = "RetrievalGroups" if project.groups else "left out"
    why = "the classifier knows each member; the group's confidence is their sum"
    if not project.groups:
        why = "no message has a retrieval intent"
    return Row(Kind.CHANGED, "ResponseSelector", "config.yml", settings(entry), after, why)


def replaced(project: Project, name: str, entry: Entry, known: Component) -> Row:
    """Return the row of a classifier or featurizer in whose place Ratchet's classifier is."""
    if "MESSAGE_FEATURIZER" in known.kinds:
        return Row(
            Kind.CHANGED,
            name,
            "config.yml",
            settings(entry),
            "left out",
            "the classifier has features of its own",
        )
    entities = (
        " and CRFEntityExtractor for the entities" if name == "DIETClassifier" and annotated(project) else ""
    )
    return Row(
        Kind.CHANGED,
        name,
        "config.yml",
        settings(entry),
        f"LinearIntentClassifier{entities}",
        "trains in seconds, without TensorFlow",
        TODO_OWN,
    )


def own(project: Project) -> tuple[dict[str, Any], list[Row]]:
    """Return the project's configuration as it is, with Ratchet's importer; seeds are set at each training."""
    rows = [
        Row(
            Kind.TAKEN,
            "pipeline and policies",
            "config.yml",
            after="bot/config.yml",
            why="as they are, with seeds",
        )
    ]
    for section in ("pipeline", "policies"):
        if not project.config.get(section):
            rows.append(
                Row(
                    Kind.CHANGED,
                    section,
                    "config.yml",
                    "not named",
                    "Rasa's default, written out",
                    "so that it stays what it is",
                )
            )
    return whole(project, project.entries("pipeline"), project.entries("policies")), rows


def whole(project: Project, pipeline: Sequence[Entry], policies: Sequence[Entry]) -> dict[str, Any]:
    """Return a whole configuration; other keys of the project's stay."""
    kept = {
        key: value
        for key, value in project.config.items()
        if key not in ("version", "importers", "pipeline", "policies")
    }
    importers = [{"name": IMPORTER, "only_new_intents": True}]
    return {
        "recipe": "default.v1",
        "assistant_id": "ratchet-bot",
        "language": "en",
        **kept,
        "importers": importers,
        "pipeline": list(pipeline),
        "policies": list(policies),
    }


def unusable(project: Project) -> list[tuple[str, str]]:
    """Return the components that are in the way of `own`, each with the reason."""
    names = [entry["name"] for section in ("pipeline", "policies") for entry in project.entries(section)]
    known: Iterable[tuple[str, Component]] = (
        (name, project.component(name)) for name in dict.fromkeys(names)
    )
    return [(name, one.missing) for name, one in known if one.missing and not one.heavy]
