"""The slots that a message's context fills, on which responses may be conditioned."""

from __future__ import annotations

from collections.abc import Mapping

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet, UserUttered
from rasa.shared.core.slot_mappings import SlotMappingType
from rasa.shared.core.trackers import DialogueStateTracker


def changed_by_context(
    tracker: DialogueStateTracker, domain: Domain, context: Mapping[str, str]
) -> list[SlotSet]:
    """What a message's context changes in the slots: its fields, and those of the message before that are gone."""
    fields = {*context, *_fields_before(tracker)}
    names = [name for name in context_slots(domain) if name in fields]
    return [SlotSet(n, context.get(n)) for n in names if tracker.get_slot(n) != context.get(n)]


def _fields_before(tracker: DialogueStateTracker) -> set[str]:
    """The fields of the context that came with the person's last message: one that is gone now is unknown again."""
    said = next((event for event in reversed(tracker.events) if isinstance(event, UserUttered)), None)
    return set((said.metadata or {}).get("context") or ()) if said else set()


def context_slots(domain: Domain) -> list[str]:
    """Names of the slots that the channel may fill, those whose only mapping is custom; actions fill such slots too."""
    custom = [{"type": str(SlotMappingType.CUSTOM)}]
    return [slot.name for slot in domain.slots if slot.mappings == custom]
