"""For each intent the first answer that a person gets, with each context that changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rasa.shared.core.constants import (
    USER_INTENT_BACK,
    USER_INTENT_RESTART,
    USER_INTENT_SESSION_START,
)

from ratchet_bot.components.importer import stand_in
from ratchet_bot.tools._player import CHANNEL, Played, Player, given, shown

UTTER = "utter_"
RASAS_OWN = {USER_INTENT_BACK, USER_INTENT_RESTART, USER_INTENT_SESSION_START}


async def listen(player: Player, contexts: Iterable[Mapping[str, str]]) -> list[dict[str, Any]]:
    """The first answer to each intent of the domain in each context; those that are as without context are left out."""
    wanted = [{}, *distinct([*contexts, *conditions(player)])]
    found = []
    for intent in sorted(set(player.agent.domain.intents) - RASAS_OWN):
        answers = await in_contexts(player, intent, wanted)
        first, *others = answers
        kept = [first, *(one for one in others if one["said"] != first["said"])]
        found.append({"intent": intent, "answers": kept})
    return found


async def in_contexts(
    player: Player, intent: str, contexts: Sequence[Mapping[str, str]]
) -> list[dict[str, Any]]:
    """The answers to one intent; where only its responses can tell contexts apart, it is played once."""
    played = await say(player, intent, {})
    first = answer(player, {}, played)
    if not simple(player, played):
        return [first, *[answer(player, one, await say(player, intent, one)) for one in contexts[1:]]]
    names = [name for name in played.actions if name.startswith(UTTER)]
    return [first, *[looked_up(player, names, one) for one in contexts[1:]]]


async def say(player: Player, intent: str, context: Mapping[str, str]) -> Played:
    """Begin a conversation with an intent."""
    return await player.say(player.begin(), intent, context, given(intent))


def simple(player: Player, played: Played) -> bool:
    """Whether all that was said are responses, and no slot of the context decides which of them."""
    deciding = any(
        slot.influence_conversation for slot in player.agent.domain.slots if slot.name in player.context_slots
    )
    spoken = sum(name.startswith(UTTER) for name in played.actions)
    own = [name for name in played.actions if not name.startswith((UTTER, "action_listen"))]
    return not deciding and not own and spoken >= len(played.said)


def answer(player: Player, context: Mapping[str, str], played: Played) -> dict[str, Any]:
    """What was said in a context."""
    names = [name for name in played.actions if name.startswith(UTTER)]
    said = [list(variations) for variations in played.said if any(variations)]
    stands_in = any(is_stand_in(player, name) for name in names)
    failed = list(played.failed)
    return {
        "context": dict(context),
        "said": said,
        "stand_in": stands_in,
        "failed": failed,
        "unplayed": list(played.unplayed),
    }


def looked_up(player: Player, names: Sequence[str], context: Mapping[str, str]) -> dict[str, Any]:
    """What these responses say in a context."""
    slots = {slot.name: slot.initial_value for slot in player.agent.domain.slots}
    slots |= {name: context[name] for name in player.context_slots if name in context}
    texts = [[shown(one) for one in player.answers.variations(name, slots, CHANNEL)] for name in names]
    return {
        "context": dict(context),
        "said": [variations for variations in texts if any(variations)],
        "stand_in": any(is_stand_in(player, name) for name in names),
        "failed": [],
        "unplayed": [],
    }


def is_stand_in(player: Player, name: str) -> bool:
    """Whether a response is the placeholder for one that is not written."""
    variations = player.answers.responses.get(name) or []
    return any(one.get("text") == stand_in(name) for one in variations)


def conditions(player: Player) -> list[dict[str, str]]:
    """The contexts that the responses' own conditions name."""
    found = []
    for variations in player.answers.responses.values():
        for one in variations:
            named = {
                c["name"]: str(c["value"]) for c in one.get("condition") or () if c.get("type") == "slot"
            }
            if named and set(named) <= set(player.context_slots):
                found.append(named)
    return found


def distinct(contexts: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Each context once, in order, without the empty one."""
    return [dict(one) for one in dict.fromkeys(tuple(sorted(context.items())) for context in contexts) if one]


def forms(player: Player) -> dict[str, list[str]]:
    """The slots that each form requires."""
    domain = player.agent.domain
    return {name: list(domain.required_slots_for_form(name)) for name in domain.form_names}
