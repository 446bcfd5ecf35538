"""What the bot understands of a message: the model's word, and that a second doubt in a row is a hand-off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa.core.processor import MessageProcessor
from rasa.shared.core.trackers import DialogueStateTracker

from ratchet_bot.components.importer import FALLBACK_INTENT, HANDOFF_INTENT
from ratchet_bot.tools._model import parse, prediction_of


def understood(
    processor: MessageProcessor,
    tracker: DialogueStateTracker,
    text: str,
    context: Mapping[str, str],
    parsed: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return Rasa's parse data of a message, which a channel may have `parsed`; a second fallback is a hand-off."""
    data = (
        {"text": text, "entities": [], **parsed}
        if parsed
        else parse(processor.graph_runner, processor.model_metadata, [(text, context)])[0]
    )
    found = prediction_of(data)
    if found.intent == FALLBACK_INTENT and tracker.latest_message.intent.get("name") == FALLBACK_INTENT:
        # The one clarifying question has been asked.
        data["intent"] = {"name": HANDOFF_INTENT, "confidence": found.confidence}
    return data
