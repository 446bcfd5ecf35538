"""Conversations played with a loaded bot: in full, and with the intents given, so that only the code decides."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ratchet_bot.tools import _yaml
from ratchet_bot.tools._errors import ToolError
from ratchet_bot.tools._player import Played, Player, given
from ratchet_bot.tools.converse import Conversation, Step, _plain, read

Parses = dict[str, dict[str, Any]]
"""What a model made of each message, by `place`: the parse data."""


def found(tests: Path) -> Iterator[tuple[str, Conversation]]:
    """Each conversation of the files below a folder, with its file; Rasa's own test stories are no such files."""
    for path in sorted([*tests.rglob("*.yml"), *tests.rglob("*.yaml")]):
        if is_conversations(path):
            for conversation in read(path):
                yield path.relative_to(tests).as_posix(), conversation


def is_conversations(path: Path) -> bool:
    """Whether a file has conversations in Ratchet's own form: entries with `steps` that a `user` begins."""
    try:
        content = _yaml.load(path)
    except _yaml.NotYaml as error:
        raise ToolError(f"{path} is not YAML: {error}.", "Correct it.") from error
    entries = content.get("conversations") if isinstance(content, dict) else content
    return isinstance(entries, list) and any(isinstance(one, dict) and "steps" in one for one in entries)


def content(conversation: Conversation) -> list[list[str]]:
    """What a conversation asks and expects: triples of a kind, the name of an intent, and a text."""
    lines = [["who", "", json.dumps(conversation.who, sort_keys=True)]]
    for step in conversation.steps:
        lines += [["intent", step.intent or "", step.user], *(["bot", "", part] for part in step.bot)]
    return lines


def context_of(who: Mapping[str, Any], people: Any) -> dict[str, str]:
    """The context of a conversation: stated, or that of the person whom it names."""
    return dict(who.get("context") or {}) or (dict(people.context(who["user"])) if "user" in who else {})


async def play(
    player: Player, tests: Path, people: Any, known: Parses, noted: Parses
) -> list[dict[str, Any]]:
    """Play each conversation twice; `known` are the messages' parses by an earlier model, `noted` gets this one's."""
    results = []
    for file, conversation in found(tests):
        lines, context = content(conversation), context_of(conversation.who, people)
        own = digest(lines)
        full = await in_full(player, conversation, context, own, noted)
        parses = [
            parse_for(step, known.get(place(own, number)) or noted[place(own, number)])
            for number, step in enumerate(conversation.steps)
        ]
        told = await through(player, conversation, context, parses)
        results.append(
            {
                "kind": "conversation",
                "file": file,
                "name": conversation.name,
                "content": lines,
                "full": outcome(conversation.steps, full),
                "given": outcome(conversation.steps, told, intents=False),
            }
        )
    return results


def digest(lines: Sequence[Sequence[str]]) -> str:
    """The name of what a conversation says."""
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()[:32]


async def in_full(
    player: Player, conversation: Conversation, context: dict[str, str], own: str, noted: Parses
) -> list[Played]:
    """Play it as a person would, and note what each message was taken for."""
    played = await through(player, conversation, context, [None] * len(conversation.steps))
    noted.update({place(own, number): turn.parsed for number, turn in enumerate(played)})
    return played


async def through(
    player: Player,
    conversation: Conversation,
    context: dict[str, str],
    parses: Sequence[dict[str, Any] | None],
) -> list[Played]:
    """Say each step in a new conversation."""
    name = player.begin()
    return [
        await player.say(name, step.user, context, parsed)
        for step, parsed in zip(conversation.steps, parses, strict=True)
    ]


def parse_for(step: Step, parsed: Mapping[str, Any]) -> dict[str, Any]:
    """The parse that a step is given: the intent that it expects, and the entities that a model found."""
    intent = step.intent or parsed["intent"]["name"]
    return given(str(intent), parsed.get("entities") or ())


def place(own: str, number: int) -> str:
    """The name of a step of a conversation."""
    return f"{own}/{number}"


def outcome(steps: Sequence[Step], played: Sequence[Played], intents: bool = True) -> dict[str, Any]:
    """What differed from what the steps expect, what failed, and which actions were not played."""
    mismatches = [
        one for step, turn in zip(steps, played, strict=True) for one in compare(step, turn, intents)
    ]
    return {"mismatches": mismatches, "unplayed": sorted({name for turn in played for name in turn.unplayed})}


def compare(step: Step, turn: Played, intents: bool) -> list[str]:
    """What of a turn is not as a step expects, in whichever variation it is said; an action that raised is never."""
    wrong = [f"after {step.user!r} the action {failed} failed" for failed in turn.failed]
    if intents and step.intent and turn.intent != step.intent:
        wrong.append(f"after {step.user!r} the intent is {turn.intent}, not {step.intent}")
    said = " ".join(message[0] for message in turn.said)
    missing = [part for part in step.bot if not says(turn.said, said, part)]
    return wrong + [f"after {step.user!r} the bot says {said!r}, without {part!r}" for part in missing]


def says(messages: Sequence[Sequence[str]], said: str, part: str) -> bool:
    """Whether a part is said in every variation of some message, or goes over several messages."""
    wanted = _plain(part)
    holding = [[wanted in _plain(one) for one in variations] for variations in messages]
    if any(any(one) for one in holding):
        return any(all(one) for one in holding)
    return wanted in _plain(said)
