"""Where a message carries the person's context: under `context` in its metadata, in training and in service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa.shared.nlu.constants import METADATA, METADATA_EXAMPLE
from rasa.shared.nlu.training_data.message import Message

CONTEXT = "context"


def context_of(message: Message) -> dict[str, str]:
    """The fields of the person's context that have a value, as text.

    Reads the metadata that the channel and the JSON Lines importer set ({"context": {...}}) and, for examples in
    Rasa's own YAML, the metadata of the example ({"example": {...}}).
    """
    metadata = message.get(METADATA)
    if not isinstance(metadata, Mapping):
        return {}
    found = metadata.get(CONTEXT, metadata.get(METADATA_EXAMPLE))
    return clean_context(found)


def clean_context(found: Any) -> dict[str, str]:
    """Keep the fields with a value; whatever is not a mapping of plain values is no context."""
    if not isinstance(found, Mapping):
        return {}
    plain = (str, int, float, bool)
    return {str(k): str(v).strip() for k, v in found.items() if isinstance(v, plain) and str(v).strip()}
