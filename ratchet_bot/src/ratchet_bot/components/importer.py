"""Training data from JSON Lines, and a domain that always covers it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rasa.shared.core.constants import RULE_SNIPPET_ACTION_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.core.training_data.structures import STORY_START, Checkpoint, RuleStep, StoryGraph
from rasa.shared.exceptions import RasaException
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import ENTITIES, ENTITY_ATTRIBUTE_TYPE, INTENT, INTENT_NAME_KEY, METADATA, TEXT
from rasa.shared.nlu.training_data import entities_parser
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.common import cached_method

from ratchet_bot.components.context import CONTEXT, clean_context

FALLBACK_INTENT = "nlu_fallback"
HANDOFF_INTENT = "nlu_handoff"
STANDARD_ANSWERS = {
    FALLBACK_INTENT: ("utter_clarify", "I am not sure that I understood. Could you say it in other words?"),
    HANDOFF_INTENT: (
        "utter_handoff",
        "I still do not understand, so I am handing over to a colleague, who gets our conversation to read.",
    ),
}
ENTITY_MARKUP = re.compile(r"\]\s*[({]")


class BadTrainingData(RasaException):
    """A line of the training data cannot be used; the message names it."""


class JsonLinesImporter(TrainingDataImporter):
    """Reads messages from `.jsonl` files and all else (rules, lookups, synonyms) from Rasa's own YAML.

    One message a line: {"text", "intent", "context": {field: value}}; other keys are left alone. Ten thousand
    messages with metadata take Rasa's YAML reader 25 s and this one half a second.

    The domain is the file's plus what the data needs: intents that it lacks, a slot for each context field, a rule
    `intent -> utter_<intent>` for an intent that no rule mentions, and a stand-in answer where the response is
    missing. `nlu_fallback` and `nlu_handoff` always have a rule and an answer. So a bare list of messages and
    intents trains to a bot that answers.
    """

    def __init__(
        self,
        config_file: str | None = None,
        domain_path: str | None = None,
        training_data_paths: list[str] | str | None = None,
    ) -> None:
        paths = [training_data_paths] if isinstance(training_data_paths, str) else training_data_paths or []
        self._json_lines = [Path(path) for path in paths if path.endswith(".jsonl")]
        others = [path for path in paths if not path.endswith(".jsonl")]
        self._files = RasaFileImporter(config_file, domain_path, others)
        self.stand_in_answers: list[str] = []

    def get_config(self) -> dict[str, Any]:
        """The configuration file as it is."""
        return self._files.get_config()

    def get_config_file_for_auto_config(self) -> str | None:
        """The path of the configuration file."""
        return self._files.get_config_file_for_auto_config()

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        """Messages of the JSON Lines files, then those of the YAML files."""
        return self._read(language or "en")

    @cached_method
    def _read(self, language: str) -> TrainingData:
        messages = [message for path in self._json_lines for message in read_messages(path)]
        others = self._files.get_nlu_data(language)
        return TrainingData(messages) if others.is_empty() else TrainingData(messages).merge(others)

    @cached_method
    def get_stories(self, exclusion_percentage: int | None = None) -> StoryGraph:
        """Rules of the files, and one for each intent that they do not mention."""
        written = self._files.get_stories(exclusion_percentage)
        return written.merge(StoryGraph(self._generated_rules(written)))

    @cached_method
    def get_domain(self) -> Domain:
        """Domain of the file and what the data needs besides."""
        written = self._files.get_domain()
        answers = self._answers_needed() - set(written.responses)
        self.stand_in_answers = sorted(answers - {name for name, _ in STANDARD_ANSWERS.values()})
        data = self.get_nlu_data()
        fields = {field for m in data.training_examples for field in m.get(METADATA, {}).get(CONTEXT, {})}
        entities = {e[ENTITY_ATTRIBUTE_TYPE] for m in data.training_examples for e in m.get(ENTITIES) or ()}
        addition = {
            "intents": sorted((set(self._intents()) | set(STANDARD_ANSWERS)) - set(written.intents)),
            "entities": sorted(entities - set(written.entities)),
            "slots": {
                field: context_slot() for field in sorted(fields - {slot.name for slot in written.slots})
            },
            "responses": {name: [{"text": _answer_text(name)}] for name in sorted(answers)},
        }
        return written.merge(Domain.from_dict(addition))

    def _intents(self) -> list[str]:
        return sorted({example.get(INTENT) for example in self.get_nlu_data().intent_examples})

    def _generated_rules(self, written: StoryGraph) -> list[RuleStep]:
        missing = [i for i in [*self._intents(), *STANDARD_ANSWERS] if i not in _mentioned_intents(written)]
        return [generated_rule(intent) for intent in missing]

    def _answers_needed(self) -> set[str]:
        mentioned = _mentioned_intents(self._files.get_stories())
        unruled = [i for i in [*self._intents(), *STANDARD_ANSWERS] if i not in mentioned]
        return {_answer_name(intent) for intent in unruled}


def read_messages(path: Path) -> Iterator[Message]:
    """Messages of a JSON Lines file. Raises BadTrainingData, naming file and line, for one without text or intent."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _message(line, f"{path}, line {number}")


def _message(line: str, place: str) -> Message:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise BadTrainingData(f"{place} is not JSON ({error}). Write one JSON object a line.") from error
    if not isinstance(row, dict) or not isinstance(row.get("text"), str) or not row.get("intent"):
        raise BadTrainingData(f"{place} has no text or no intent. Give each message both.")
    text = row["text"]
    message = (
        entities_parser.parse_training_example(text) if ENTITY_MARKUP.search(text) else Message({TEXT: text})
    )
    # Set directly, not through Message.build: an intent like faq/ask_x stays one intent, as in the corpus.
    message.set(INTENT, row["intent"])
    message.set(METADATA, {CONTEXT: clean_context(row.get("context"))})
    return message


def generated_rule(intent: str) -> RuleStep:
    """The rule `intent -> its answer`, made without Rasa's YAML, which would split an intent at a slash."""
    said = UserUttered(intent={INTENT_NAME_KEY: intent})
    events = [ActionExecuted(RULE_SNIPPET_ACTION_NAME), said, ActionExecuted(_answer_name(intent))]
    return RuleStep(f"answer {intent}", start_checkpoints=[Checkpoint(STORY_START)], events=events)


def context_slot() -> dict[str, Any]:
    """A slot that the channel fills and that responses may be conditioned on."""
    return {"type": "text", "influence_conversation": False, "mappings": [{"type": "custom"}]}


def _mentioned_intents(stories: StoryGraph) -> set[str]:
    events = (event for step in stories.story_steps for event in step.events)
    return {event.intent_name for event in events if isinstance(event, UserUttered) and event.intent_name}


def _answer_name(intent: str) -> str:
    return STANDARD_ANSWERS[intent][0] if intent in STANDARD_ANSWERS else f"utter_{intent}"


def _answer_text(name: str) -> str:
    return dict(STANDARD_ANSWERS.values()).get(name) or stand_in(name)


def stand_in(name: str) -> str:
    """The text of a response that nobody has written."""
    topic = re.sub(r"[_/]+", " ", name.removeprefix("utter_"))
    return f"I take it that this is about: {topic}. No answer has been written for it yet."
