"""Messages to label as files of other tools: tables, Label Studio, doccano, Argilla.

What these tools export afterwards is what `ratchet ingest` and the page read. A guess of the bot is never written as a
label, but as the tool's own kind of suggestion.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from ratchet.domain.operations.worklist import Message

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet takes for a formula."""
AGENT = "bot"
OWN = ("text", "intent", "source", "guess", "confidence", "labelled_by")
"""The columns of a table besides the context fields."""


def columns(context: Sequence[str]) -> list[str]:
    """Return the columns of a table."""
    return [*OWN[:2], *context, *OWN[2:]]


def table(messages: Iterable[Message], source: str) -> list[dict[str, str]]:
    """Return the rows of a table with an empty intent where no one gave one; no cell is a formula."""
    return [
        {
            "text": guarded(one.text),
            "intent": guarded(one.mark.intent),
            **{name: guarded(value) for name, value in one.context.items()},
            "source": source,
            "guess": guarded(one.guess),
            "confidence": f"{one.confidence:.4f}",
            "labelled_by": guarded(one.mark.by),
        }
        for one in messages
    ]


def guarded(cell: str) -> str:
    """Return a cell with an apostrophe before what a spreadsheet would take for a formula, or for such a mark."""
    return f"'{cell}" if cell.startswith(FORMULA) or is_guarded(cell) else cell


def unguarded(cell: str) -> str:
    """Return what a cell held before `guarded`."""
    return cell[1:] if is_guarded(cell) else cell


def is_guarded(cell: str) -> bool:
    """Say whether a cell begins with apostrophes and then like a formula."""
    return cell.startswith("'") and cell.lstrip("'").startswith(FORMULA)


def label_studio(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Return tasks for Label Studio's import; the guess is a prediction, a label is an annotation."""
    return [
        {
            "data": {"text": one.text, **one.context},
            "predictions": [{"model_version": AGENT, "score": one.confidence, "result": choice(one.guess)}],
            "annotations": [{"result": choice(one.mark.intent)}] if one.mark.intent else [],
        }
        for one in messages
    ]


def choice(intent: str) -> list[dict[str, Any]]:
    """Return a result of Label Studio: the one choice of the question `intent` about `text`."""
    value = {"choices": [intent]}
    return [{"from_name": "intent", "to_name": "text", "type": "choices", "value": value}]


def label_studio_interface(intents: Iterable[str]) -> str:
    """Return the labelling interface of a Label Studio project for these intents."""
    choices = "\n".join(f"    <Choice value={quoteattr(one)}/>" for one in intents)
    return (
        '<View>\n  <Text name="text" value="$text"/>\n'
        '  <Filter name="filter" toName="intent" hotkey="shift+f" placeholder="Find an intent"/>\n'
        '  <Choices name="intent" toName="text" choice="single" required="true">\n'
        f"{choices}\n  </Choices>\n</View>\n"
    )


def doccano(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Return examples for doccano's import of JSON Lines; all but text and label are their metadata."""
    return [
        {
            "text": one.text,
            "label": [one.mark.intent] if one.mark.intent else [],
            **one.context,
            "guess": one.guess,
            "confidence": one.confidence,
        }
        for one in messages
    ]


def argilla(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Return records for Argilla's `records.from_json`, with the field `text` and the question `intent`.

    A label is a suggestion of the person who gave it: who answers in Argilla is one of its own users.
    """
    return [
        {
            "id": one.key,
            "fields": {"text": one.text},
            "metadata": {name: value for name, value in one.context.items() if value},
            "suggestions": {"intent": suggestion(one)},
            "responses": {},
            "vectors": {},
        }
        for one in messages
    ]


def suggestion(one: Message) -> Mapping[str, Any]:
    """Return what is suggested for a message: its label, else the guess."""
    if one.mark.intent:
        return {"value": one.mark.intent, "score": None, "agent": one.mark.by or None}
    return {"value": one.guess, "score": one.confidence, "agent": AGENT}
