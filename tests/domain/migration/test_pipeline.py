"""From a project's configuration to the workspace's."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.migration import pipeline
from ratchet.domain.migration.project import Component, Project
from ratchet.domain.migration.table import Kind

TENSORFLOW = Component(missing="tensorflow", heavy=True)
KNOWN = {
    "WhitespaceTokenizer": Component(kinds=("MESSAGE_TOKENIZER",)),
    "RegexFeaturizer": Component(kinds=("MESSAGE_FEATURIZER",)),
    "DIETClassifier": TENSORFLOW,
    "ResponseSelector": TENSORFLOW,
    "TEDPolicy": TENSORFLOW,
    "UnexpecTEDIntentPolicy": TENSORFLOW,
    "FallbackClassifier": Component(kinds=("INTENT_CLASSIFIER",)),
    "DucklingEntityExtractor": Component(kinds=("ENTITY_EXTRACTOR",)),
    "SpacyNLP": Component(missing="spacy", kinds=("MODEL_LOADER",)),
    "mine.Speller": Component(own="mine.py", kinds=("MESSAGE_FEATURIZER",)),
    "MagicPolicy": Component(missing="Rasa 3.6 has no component MagicPolicy"),
}
PROJECT = Project(
    config={
        "language": "de",
        "pipeline": [
            {"name": "WhitespaceTokenizer"},
            {"name": "RegexFeaturizer"},
            {"name": "DIETClassifier", "epochs": 100},
            {"name": "ResponseSelector", "retrieval_intent": "faq"},
            {"name": "FallbackClassifier", "threshold": 0.7},
            {"name": "DucklingEntityExtractor", "url": "http://duckling", "dimensions": ["time"]},
        ],
        "policies": [
            {"name": "AugmentedMemoizationPolicy", "max_history": 4},
            {"name": "TEDPolicy", "max_history": 4},
            {"name": "RulePolicy", "core_fallback_threshold": 0.4},
        ],
    },
    components=KNOWN,
    entities=frozenset({"city"}),
    patterns=frozenset({"city"}),
    groups=("faq",),
    stories=3,
)


def names(entries: list[dict[str, object]]) -> list[str]:
    """The last part of each component's name."""
    return [str(entry["name"]).rpartition(".")[2] for entry in entries]


def test_fast_takes_the_classifier_and_extractors_that_the_messages_need() -> None:
    """Groups, patterns and annotated entities bring their component; what needs no TensorFlow keeps its settings."""
    config, _ = pipeline.fast(PROJECT)
    assert names(config["pipeline"]) == [
        "LinearIntentClassifier",
        "RetrievalGroups",
        "WhitespaceTokenizer",
        "LexicalSyntacticFeaturizer",
        "RegexFeaturizer",
        "WordsByIntent",
        "RegexEntityExtractor",
        "CRFEntityExtractor",
        "DucklingEntityExtractor",
        "EntitySynonymMapper",
    ]
    assert config["pipeline"][8] == {
        "name": "DucklingEntityExtractor",
        "url": "http://duckling",
        "dimensions": ["time"],
    }
    assert config["policies"] == [
        {"name": "AugmentedMemoizationPolicy", "max_history": 4},
        {"name": "RulePolicy", "core_fallback_threshold": 0.4},
    ]
    assert config["language"] == "de"
    assert config["importers"][0]["only_new_intents"] is True


def test_ted_is_left_behind_and_the_table_says_what_that_means() -> None:
    """Nothing that needs TensorFlow is in the configuration, and each of it is in a row."""
    config, rows = pipeline.fast(PROJECT)
    assert not {"TEDPolicy", "DIETClassifier", "ResponseSelector"} & set(
        names([*config["pipeline"], *config["policies"]])
    )
    [ted] = [row for row in rows if row.what == "TEDPolicy"]
    assert ted.kind is Kind.LEFT
    assert "falls back instead of guessing" in ted.why
    assert {row.what for row in rows} >= {"DIETClassifier", "ResponseSelector", "FallbackClassifier"}


def test_a_project_in_english_gets_the_sentence_encoder() -> None:
    """Another language has none of its own, and the table says so."""
    english = replace(PROJECT, config={**PROJECT.config, "language": "en"})
    assert pipeline.fast(english)[0]["pipeline"][0]["encoder"] == "english"
    config, rows = pipeline.fast(PROJECT)
    assert "encoder" not in config["pipeline"][0]
    assert [row.kind for row in rows if row.what == "a sentence encoder"] == [Kind.LEFT]


def test_without_a_fallback_each_message_gets_an_intent() -> None:
    """A project without FallbackClassifier keeps answering each message."""
    project = replace(PROJECT, config={**PROJECT.config, "pipeline": [{"name": "DIETClassifier"}]})
    assert pipeline.fast(project)[0]["pipeline"][0]["in_scope_loss"] is None
    assert pipeline.fast(PROJECT)[0]["pipeline"][0]["in_scope_loss"] == 0.0


def test_stories_without_a_memory_get_one_with_teds_history() -> None:
    """Without it nothing would follow the stories that TED followed."""
    project = replace(PROJECT, config={"policies": [{"name": "TEDPolicy", "max_history": 7}]})
    policies = pipeline.fast(project)[0]["policies"]
    assert policies == [{"name": "AugmentedMemoizationPolicy", "max_history": 7}, {"name": "RulePolicy"}]
    assert pipeline.fast(replace(project, stories=0))[0]["policies"] == [{"name": "RulePolicy"}]


def test_the_policies_of_rasa_1_become_one_with_their_thresholds() -> None:
    """FallbackPolicy's threshold and action go to RulePolicy; Keras is named."""
    old = [
        {"name": "KerasPolicy"},
        {"name": "FormPolicy"},
        {"name": "FallbackPolicy", "core_threshold": 0.2, "fallback_action_name": "action_help"},
    ]
    config, rows = pipeline.fast(replace(PROJECT, config={"policies": old}, stories=0))
    assert config["policies"] == [
        {"name": "RulePolicy", "core_fallback_threshold": 0.2, "core_fallback_action_name": "action_help"}
    ]
    assert [row.kind for row in rows if row.what == "KerasPolicy"] == [Kind.LEFT]


def test_what_does_not_resolve_is_named_with_the_reason() -> None:
    """A missing package, and a policy that nobody knows."""
    config = {"pipeline": [{"name": "SpacyNLP", "model": "en"}], "policies": [{"name": "MagicPolicy"}]}
    made, rows = pipeline.fast(replace(PROJECT, config=config))
    left = {row.what: row for row in rows if row.kind is Kind.LEFT}
    assert "ratchet-bot[spacy]" in left["SpacyNLP"].todo
    assert "no component MagicPolicy" in left["MagicPolicy"].why
    assert not {"SpacyNLP", "MagicPolicy"} & set(names([*made["pipeline"], *made["policies"]]))
    assert pipeline.unusable(replace(PROJECT, config=config)) == [
        ("SpacyNLP", "spacy"),
        ("MagicPolicy", "Rasa 3.6 has no component MagicPolicy"),
    ]


def test_a_component_of_the_projects_own_stays_with_the_features_before_it() -> None:
    """Its place in the order is kept."""
    config = {
        "pipeline": [
            {"name": "RegexFeaturizer"},
            {"name": "mine.Speller", "a": 1},
            {"name": "DIETClassifier"},
        ]
    }
    made, rows = pipeline.fast(
        replace(PROJECT, config=config, groups=(), patterns=frozenset(), entities=frozenset())
    )
    assert names(made["pipeline"])[2:4] == ["RegexFeaturizer", "Speller"]
    assert {"name": "mine.Speller", "a": 1} in made["pipeline"]
    assert [row.kind for row in rows if row.what == "mine.Speller"] == [Kind.TAKEN]


def test_own_is_the_configuration_as_it_is() -> None:
    """Only importer, recipe and assistant are Ratchet's; Rasa's default is written out where nothing is named."""
    config, _ = pipeline.own(PROJECT)
    assert config["pipeline"] == PROJECT.config["pipeline"]
    assert config["policies"] == PROJECT.config["policies"]
    config, rows = pipeline.own(replace(PROJECT, config={"pipeline": None}))
    assert "DIETClassifier" in names(config["pipeline"])
    assert [row.what for row in rows if row.kind is Kind.CHANGED] == ["pipeline", "policies"]


@given(
    st.lists(st.sampled_from(sorted(KNOWN)), max_size=8),
    st.lists(st.sampled_from(["TEDPolicy", "MagicPolicy", "RulePolicy"]), max_size=4),
    st.booleans(),
)
def test_each_component_is_kept_or_named(pipeline_of: list[str], policies: list[str], groups: bool) -> None:
    """Nothing disappears: a component is in the new configuration or in the table, and nothing heavy is kept."""
    config = {
        "pipeline": [{"name": name} for name in pipeline_of],
        "policies": [{"name": name} for name in policies],
    }
    project = replace(PROJECT, config=config, groups=("faq",) if groups else ())
    made, rows = pipeline.fast(project)
    kept = {str(entry["name"]) for entry in [*made["pipeline"], *made["policies"]]}
    said = {row.what for row in rows}
    assert {*pipeline_of, *policies} - {"WhitespaceTokenizer"} <= kept | said
    assert not any(project.component(name).missing for name in kept)
    assert sum(entry["name"] == "RulePolicy" for entry in made["policies"]) >= 1


def test_a_configuration_that_names_no_pipeline_has_one_row() -> None:
    """Nobody wrote Rasa's default, so its parts are not told one by one."""
    made, rows = pipeline.fast(
        replace(PROJECT, config={"pipeline": None, "policies": [{"name": "RulePolicy"}]})
    )
    assert [row.what for row in rows] == [
        "pipeline",
        "RegexEntityExtractor",
        "RulePolicy",
        "AugmentedMemoizationPolicy",
    ]
    assert names(made["pipeline"])[:3] == ["LinearIntentClassifier", "RetrievalGroups", "WhitespaceTokenizer"]
    assert set(names(made["pipeline"])[3:5]) == {"RegexFeaturizer", "LexicalSyntacticFeaturizer"}
