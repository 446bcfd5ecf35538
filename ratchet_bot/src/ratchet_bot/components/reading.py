"""What a training reads: messages from the corpus, and dialogue from the bot's files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import rasa.shared.utils.io
from rasa.shared.core.training_data.story_reader.yaml_story_reader import YAMLStoryReader
from rasa.shared.importers.importer import E2EImporter, ResponsesSyncImporter, TrainingDataImporter

from ratchet_bot.components.importer import BadTrainingData, JsonLinesImporter, groups_intents

END_TO_END = ("TEDPolicy", "UnexpecTEDIntentPolicy")
ELSEWHERE = {
    "nlu": "Take the messages in with `ratchet ingest`, and remove them there.",
    "responses": "Move them to the domain.",
}
"""Sections that files of rules and stories must not have: such messages would be learnt beside the ledger."""


def make_importer(
    config: dict[str, Any], config_file: Path, domain: Path, files: list[str]
) -> tuple[TrainingDataImporter, TrainingDataImporter]:
    """The importer to train with, and Ratchet's inside it (the same, where another is configured beside it).

    Rasa's wrappers hash and copy every message many times. What one adds is needed for groups of retrieval intents, and
    for TED's end-to-end stories. Raises BadTrainingData for messages and responses among rules and stories.
    """
    if len(config["importers"]) > 1:
        found = TrainingDataImporter.load_from_config(str(config_file), str(domain), files)
        return found, found
    refuse_others(files)
    options = {key: value for key, value in config["importers"][0].items() if key != "name"}
    alone = JsonLinesImporter(str(config_file), str(domain), files, **options)
    if any(policy["name"] in END_TO_END for policy in config["policies"]):
        return E2EImporter(ResponsesSyncImporter(alone)), alone
    return (ResponsesSyncImporter(alone) if groups_intents(config) else alone), alone


def refuse_others(files: Iterable[str]) -> None:
    """Raise BadTrainingData for a file with rules or stories that holds something else beside them."""
    for file in dialogue_files(files):
        content = rasa.shared.utils.io.read_yaml_file(file)
        for section, remedy in ELSEWHERE.items():
            if isinstance(content, dict) and section in content:
                raise BadTrainingData(f"{file} has a section `{section}:` beside rules or stories. {remedy}")


def dialogue_files(files: Iterable[str]) -> list[str]:
    """The files among these, and in these folders, that have rules or stories."""
    found = (
        path for file in map(Path, files) for path in (sorted(file.rglob("*")) if file.is_dir() else [file])
    )
    return [str(path) for path in found if path.is_file() and YAMLStoryReader.is_stories_file(path)]
