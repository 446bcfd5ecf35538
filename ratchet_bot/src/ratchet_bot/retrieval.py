"""Retrieval intents: `faq/ask_hours` is a member of the group `faq`, to which rules and stories refer.

What a model says about a message names the group as its intent, and the member in `response_selector`, as Rasa's
own ResponseSelector and Ratchet's `RetrievalGroups` write it. Corpus and gate know members only. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SELECTOR, DEFAULT, MEMBERS = "response_selector", "default", "all_retrieval_intents"
Ranking = list[tuple[str, float]]


def group_of(intent: str) -> str:
    """The group of a member, and any other intent itself."""
    return intent.split("/", 1)[0]


def grouped(ranking: Iterable[tuple[str, float]]) -> tuple[Ranking, dict[str, Ranking]]:
    """Groups in the place of members, best first, and each group's members with their shares of it, best first.

    A group's confidence is the sum of its members'. A share is a member's confidence over that sum, so that their
    product is the member's own again; of a sum of 0 all shares are 0.
    """
    sums: dict[str, float] = {}
    members: dict[str, Ranking] = {}
    for intent, confidence in ranking:
        group = group_of(intent)
        sums[group] = sums.get(group, 0.0) + confidence
        if group != intent:
            members.setdefault(group, []).append((intent, confidence))
    shares = {
        group: sorted(((one, part / sums[group] if sums[group] else 0.0) for one, part in found), key=_best)
        for group, found in members.items()
    }
    return sorted(sums.items(), key=_best), shares


def full(parsed: Mapping[str, Any], intent: str) -> str:
    """The member that was chosen for a group in Rasa's parse data, and any other intent itself."""
    chosen = _selection(parsed, intent).get("response") or {}
    return str(chosen.get("intent_response_key") or intent)


def ungrouped(parsed: Mapping[str, Any], ranking: Sequence[tuple[str, float]]) -> Ranking:
    """A ranking of members, best first, of one of groups; a group that comes first stays first with its best member."""
    found: Ranking = []
    for intent, confidence in ranking:
        inside = [
            (str(one["intent_response_key"]), confidence * float(one["confidence"]))
            for one in _selection(parsed, intent).get("ranking") or ()
            if group_of(str(one.get("intent_response_key"))) == intent
        ]
        found += inside or [(intent, confidence)]
    if not found:
        return found
    first = full(parsed, ranking[0][0])
    return sorted(found, key=lambda one: (one[0] != first, -one[1]))


def _selection(parsed: Mapping[str, Any], intent: str) -> Mapping[str, Any]:
    """What a response selector says of a group: its own, or one for all groups where the member is of this one."""
    selector = parsed.get(SELECTOR) or {}
    if intent in selector:
        return selector[intent] or {}
    common = selector.get(DEFAULT) or {}
    chosen = str((common.get("response") or {}).get("intent_response_key") or "")
    return common if "/" in chosen and group_of(chosen) == intent else {}


def _best(one: tuple[str, float]) -> tuple[float, str]:
    return -one[1], one[0]
