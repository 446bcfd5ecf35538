"""Stories and rules followed with a loaded model, as `rasa test core` follows test stories."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME, RULE_SNIPPET_ACTION_NAME
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.exceptions import RasaException

from ratchet_bot.tools._errors import ToolError, cause
from ratchet_bot.tools._player import Player

RULE_BEGINS = (ActionExecuted(RULE_SNIPPET_ACTION_NAME), ActionExecuted(ACTION_LISTEN_NAME))
"""What a rule begins with, which stands for whatever came before."""
WHEN = re.compile(r'"timestamp": [0-9.e+]+,? ?')


def test_files(tests: Path) -> list[Path]:
    """The files of a folder with Rasa's own test stories."""
    from rasa.shared.core.training_data.story_reader.yaml_story_reader import YAMLStoryReader

    files = sorted([*tests.rglob("*.yml"), *tests.rglob("*.yaml")])
    return [path for path in files if YAMLStoryReader.is_stories_file(path)]


async def follow_all(player: Player, files: list[Path], folder: Path, tests: bool) -> list[dict[str, Any]]:
    """Follow each story and rule of the files with its intents given, and those of `tests` with their texts, too."""
    found = []
    for path in files:
        for tracker in trackers(player, path):
            actions, wrong = await follow(player, tracker, full=False)
            result = {
                "kind": "test story" if tests else "rule" if tracker.is_rule_tracker else "story",
                "file": path.relative_to(folder).as_posix(),
                "name": tracker.sender_id,
                "content": content(tracker),
                "actions": actions,
                "given": {"mismatches": wrong, "unplayed": []},
            }
            if tests:
                _, wrong = await follow(player, tracker, full=True)
                result["full"] = {"mismatches": wrong, "unplayed": []}
            found.append(result)
    return found


def trackers(player: Player, path: Path) -> Iterator[Any]:
    """Each story and rule of a file as a tracker, every branch of it by itself.

    Raises ToolError, naming the file, where Rasa cannot read them.
    """
    from rasa.shared.core.generator import TrainingDataGenerator
    from rasa.shared.core.training_data import loading
    from rasa.shared.core.training_data.structures import StoryGraph

    domain = player.agent.domain
    try:
        steps = loading.load_data_from_files([str(path)], domain)
        if not steps:
            return
        generator = TrainingDataGenerator(
            StoryGraph(steps), domain, use_story_concatenation=False, augmentation_factor=0
        )
        made = generator.generate()
    except (RasaException, ValueError, KeyError, TypeError, AttributeError) as error:
        why = " ".join(cause(error).split())  # Rasa's says it on many lines, of which a log shows the last
        raise ToolError(f"The stories of {path} cannot be read: {why}.", "Correct them.") from error
    yield from made


async def follow(player: Player, tracker: Any, full: bool) -> tuple[int, list[str]]:
    """The number of actions that a story expects, and what the model does otherwise."""
    from rasa.core.test import _collect_action_executed_predictions
    from rasa.shared.core.trackers import DialogueStateTracker

    events, said = list(tracker.events), "the beginning"
    where = next((n for n, one in enumerate(events) if isinstance(one, UserUttered)), len(events))
    partial = DialogueStateTracker.from_events(tracker.sender_id, events[:1], player.agent.domain.slots)
    actions, wrong = 0, []
    for number, event in enumerate(events[1:], start=1):
        stated = tracker.is_rule_tracker and number < where and event in RULE_BEGINS
        if isinstance(event, ActionExecuted) and not stated:
            store, *_ = await _collect_action_executed_predictions(player.processor, partial, event, False)
            for expected, got in zip(store.action_targets, store.action_predictions, strict=True):
                actions += 1
                if expected != got:
                    wrong.append(f"after {said} it does {got or 'nothing'}, not {expected}")
            continue
        if isinstance(event, UserUttered):
            said = repr(event.text or event.intent_name)
            if full and event.text:
                wrong += misunderstood(player, event)
        partial.update(event)
    return actions, wrong


def misunderstood(player: Player, event: UserUttered) -> list[str]:
    """What a message of a test story is taken for, where that is not what it says: its intent and its entities.

    A message has no entities but those that it mentions: a type that is annotated from now on makes no test wrong.
    """
    parsed = player.understood(event.text, {})
    intent, found = parsed["intent"]["name"], parsed.get("entities") or ()
    wrong = [f"{event.text!r} is {intent}, not {event.intent_name}"] if intent != event.intent_name else []
    for one in event.entities or ():
        if not any(same(one, other, event.text) for other in found):
            wrong.append(f"in {event.text!r} {one.get('value')!r} is not found as {labelled(one)}")
    return wrong


def same(wanted: Mapping[str, Any], found: Mapping[str, Any], text: str) -> bool:
    """Whether an entity is found where and as it is annotated; its value counts where the annotation says another."""
    if any(wanted.get(key) != found.get(key) for key in ("entity", "role", "group", "start", "end")):
        return False
    start, end = wanted.get("start"), wanted.get("end")
    return wanted.get("value") in (text[start:end], found.get("value"))


def labelled(entity: Mapping[str, Any]) -> str:
    """An entity's type with its role and group: `city (from)`."""
    more = ", ".join(str(entity[key]) for key in ("role", "group") if entity.get(key))
    return f"{entity.get('entity')} ({more})" if more else str(entity.get("entity"))


def content(tracker: Any) -> list[list[str]]:
    """What a story says: triples of a kind, the name of an intent or action, and the rest."""
    lines = []
    for event in tracker.events:
        if isinstance(event, UserUttered):
            entities = [[e.get("entity"), e.get("value"), e.get("role")] for e in event.entities or ()]
            said = json.dumps(entities, default=str) if entities else ""
            lines.append(["intent", event.intent_name or "", f"{event.text or ''}{said}"])
        elif isinstance(event, ActionExecuted):
            lines.append(["action", event.action_name or "", event.action_text or ""])
        else:
            lines.append([event.type_name, "", json.dumps(event.as_dict(), default=str, sort_keys=True)])
    for line in lines:
        line[2] = WHEN.sub("", line[2])
    return lines
