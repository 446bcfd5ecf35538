"""What steps of rules and stories use of the domain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Used:
    """Names that steps of rules and stories use, and the texts that take the place of names (end to end)."""

    def __init__(self, steps: list[Any]) -> None:
        from rasa.shared.core.events import ActionExecuted, ActiveLoop, SlotSet, UserUttered

        events = list(_flat(event for step in steps for event in step.events))
        said = [event for event in events if isinstance(event, UserUttered)]
        done = [event for event in events if isinstance(event, ActionExecuted)]
        self.intents = {event.intent_name for event in said if event.intent_name}
        self.entities = {one["entity"] for event in said for one in event.entities or () if one.get("entity")}
        self.actions = {event.action_name for event in done if event.action_name}
        self.loops = {event.name for event in events if isinstance(event, ActiveLoop) if event.name}
        self.slots = {event.key for event in events if isinstance(event, SlotSet)} - {"requested_slot"}
        self.texts = sum(1 for event in said if event.text and not event.intent_name)
        self.texts += sum(1 for event in done if event.action_text)


def _flat(events: Any) -> Iterator[Any]:
    for event in events:
        if isinstance(event, list):
            yield from _flat(event)
        else:
            yield event
