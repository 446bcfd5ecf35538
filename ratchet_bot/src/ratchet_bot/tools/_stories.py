"""Stories and rules followed with a loaded model, as `rasa test core` follows test stories."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME, RULE_SNIPPET_ACTION_NAME
from rasa.shared.core.events import ActionExecuted, UserUttered

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
    """Each story and rule of a file as a tracker, every branch of it by itself."""
    from rasa.shared.core.generator import TrainingDataGenerator
    from rasa.shared.core.training_data import loading
    from rasa.shared.core.training_data.structures import StoryGraph

    domain = player.agent.domain
    steps = loading.load_data_from_files([str(path)], domain)
    if steps:
        generator = TrainingDataGenerator(
            StoryGraph(steps), domain, use_story_concatenation=False, augmentation_factor=0
        )
        yield from generator.generate()


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
    """What a message of a test story is taken for, where that is not the intent that it names."""
    intent = player.understood(event.text, {})["intent"]["name"]
    return [f"{event.text!r} is {intent}, not {event.intent_name}"] if intent != event.intent_name else []


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
