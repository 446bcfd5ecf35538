"""What is said of a pause and of conversations that people have in the bot's place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ratchet.domain.operations.incidents import lasting


def paused_sentence(pause: Mapping[str, Any]) -> str:
    """Say who stopped the bot, since when, and what people are told; `pause` has `by`, `since`, `say`, `handoff`."""
    since = datetime.fromtimestamp(float(pause["since"]), UTC)
    how = "hands each conversation to a person, and says" if pause.get("handoff") else "only says"
    when = f"{since:%Y-%m-%d %H:%M} UTC"
    return f"stopped by {pause['by']} since {when}: the bot {how} “{pause['say']}”; `ratchet resume` ends it"


def rows(conversations: Sequence[Mapping[str, Any]], now: float) -> list[tuple[str, ...]]:
    """Return a table's cells: conversation, who has it, how long it is handed off, unanswered messages."""
    return [
        (
            str(one["conversation"]),
            f"{one['taken_by']} for {lasting(max(one['taken_until'] - now, 0))}"
            if one["taken_by"]
            else "waits",
            lasting(max(now - one["since"], 0)),
            str(one["unanswered"]),
        )
        for one in conversations
    ]


def transcript(read: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return what was said as time, speaker and text, oldest first: before the hand-off, and since."""
    said = [(_seconds(one["at"]), str(one["from"]), str(one.get("text") or "")) for one in read["before"]]
    for line in read["lines"]:
        speaker = {"colleague": str(line["name"]), "note": f"note of {line['name']}"}
        got = " (not received yet)" if line["said_by"] == "colleague" and not line["received"] else ""
        said.append((float(line["at"]), speaker.get(line["said_by"], "person") + got, str(line["text"])))
    ordered = sorted(said, key=lambda one: int(one[0]))  # those before the hand-off are known to the second
    return [(f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}", who, text) for at, who, text in ordered]


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
