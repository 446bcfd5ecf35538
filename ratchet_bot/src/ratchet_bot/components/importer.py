"""Training data from JSON Lines, and a domain that always covers it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rasa.shared.core.constants import RULE_SNIPPET_ACTION_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.core.training_data.structures import STORY_START, Checkpoint, RuleStep, StoryGraph
from rasa.shared.exceptions import RasaException
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_TYPE,
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RESPONSE_KEY,
    METADATA,
    TEXT,
)
from rasa.shared.nlu.training_data import entities_parser
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.common import cached_method

from ratchet_bot.components.context import CONTEXT, clean_context
from ratchet_bot.retrieval import group_of

GROUPS = "ratchet_bot.components.retrieval.RetrievalGroups"
FALLBACK_INTENT = "nlu_fallback"
HANDOFF_INTENT = "nlu_handoff"
STANDARD_ANSWERS = {
    FALLBACK_INTENT: ("utter_clarify", "I am not sure that I understood. Could you say it in other words?"),
    HANDOFF_INTENT: (
        "utter_handoff",
        "I still do not understand, so I am handing over to a colleague, who gets our conversation to read.",
    ),
}
ENTITY_MARKUP = re.compile(r"\]\s*(?:[({]|\[\s*\{)")


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

    With `only_new_intents: true` beside its name in the configuration, intents that the domain lists are left as the
    rules and stories have them, mentioned or not: a dialogue that a team wrote elsewhere stays as it is.

    Where the pipeline groups retrieval intents (`RetrievalGroups` or Rasa's `ResponseSelector`), `faq/ask_hours` is a
    member of `faq`, which rules and stories mention; elsewhere it is an intent as any other.
    """

    def __init__(
        self,
        config_file: str | None = None,
        domain_path: str | None = None,
        training_data_paths: list[str] | str | None = None,
        only_new_intents: bool = False,
    ) -> None:
        paths = [training_data_paths] if isinstance(training_data_paths, str) else training_data_paths or []
        self._json_lines = [Path(path) for path in paths if path.endswith(".jsonl")]
        others = [path for path in paths if not path.endswith(".jsonl")]
        self._files = RasaFileImporter(config_file, domain_path, others)
        self.stand_in_answers: list[str] = []
        self._only_new = only_new_intents
        self._grouped = groups_intents(self._files.get_config())

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
        messages = [message for path in self._json_lines for message in read_messages(path, self._grouped)]
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
        return [generated_rule(intent) for intent in self._unruled(written)]

    def _unruled(self, written: StoryGraph) -> list[str]:
        """Intents that get a rule: those that no rule or story mentions, as far as they are not left as they are."""
        mentioned = _mentioned_intents(written)
        left = set(self._files.get_domain().intents) if self._only_new else set()
        wanted = [*(intent for intent in self._intents() if intent not in left), *STANDARD_ANSWERS]
        return [intent for intent in wanted if intent not in mentioned]

    def _answers_needed(self) -> set[str]:
        members = {e.get(INTENT_RESPONSE_KEY) for e in self.get_nlu_data().intent_examples} - {None}
        groups = {group_of(member) for member in members}
        unruled = self._unruled(self._files.get_stories())
        return {_answer_name(intent) for intent in [*unruled, *members] if intent not in groups}


def groups_intents(config: Mapping[str, Any]) -> bool:
    """Whether a configuration has a component that gives a group of retrieval intents its response."""
    names = {str(one.get("name")) for one in config.get("pipeline") or () if isinstance(one, Mapping)}
    return bool(names & {"ResponseSelector", GROUPS})


def read_messages(path: Path, grouped: bool = False) -> Iterator[Message]:
    """Messages of a JSON Lines file. Raises BadTrainingData, naming file and line, for one without text or intent.

    With `grouped`, `faq/ask_hours` is the intent `faq` with the response key that Rasa's components know.
    """
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _message(line, f"{path}, line {number}", grouped)


def _message(line: str, place: str, grouped: bool) -> Message:
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
    # Set directly, not through Message.build: without groups an intent like faq/ask_x stays one, as in the corpus.
    group = group_of(row["intent"]) if grouped else row["intent"]
    message.set(INTENT, group)
    if group != row["intent"]:
        message.set(INTENT_RESPONSE_KEY, row["intent"])
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
    """The text of a response that no one has written."""
    topic = re.sub(r"[_/]+", " ", name.removeprefix("utter_"))
    return f"I take it that this is about: {topic}. No answer has been written for it yet."
