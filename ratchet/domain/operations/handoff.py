"""What is said of a pause and of conversations that people have in the bot's place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from ratchet.domain.operations.incidents import Kind, Symptom, lasting
from ratchet.domain.record import Record
from ratchet.domain.wording import count


@dataclass(frozen=True)
class DeskFigures(Record):
    """How people who answer in the bot's place do, as the bot says it (`GET /handoff/figures`).

    `waiting` conversations are free, `taken` ones are not. `longest_seconds` is how long one waits, from the last
    opening on; None where none does, or outside the hours (`open`). `opened` is their number in the last `hours`, and
    `replied` how many got a first reply, after `first_reply_p50_seconds` in the median.
    """

    waiting: int
    taken: int
    longest_seconds: float | None
    open: bool
    hours: float
    opened: int
    replied: int
    first_reply_p50_seconds: float | None
    first_reply_p90_seconds: float | None

    @property
    def said(self) -> str:
        """The figures in a clause, "" where there was no hand-off."""
        if not (self.opened or self.waiting or self.taken):
            return ""
        parts = [f"{count(self.waiting, 'conversation')} waiting for a person"]
        parts += [f"{self.taken:,} taken"] if self.taken else []
        if self.first_reply_p50_seconds is not None:
            parts.append(f"first reply after {lasting(self.first_reply_p50_seconds)} (median)")
        parts += [] if self.open else ["outside the hours"]
        return ", ".join(parts)


def desk_figures(said: Mapping[str, Any]) -> DeskFigures:
    """Return the figures of the bot's answer; what a later release adds to it is left out."""
    return DeskFigures(**{field.name: said[field.name] for field in fields(DeskFigures)})


def waiting_symptoms(found: DeskFigures | None, minutes: float | None) -> Iterator[Symptom]:
    """Someone who waits for a person for longer than `minutes`."""
    if found is None or minutes is None or found.longest_seconds is None:
        return
    if found.longest_seconds >= 60 * minutes:
        wait = "waits" if found.waiting == 1 else "wait"
        said = f"{count(found.waiting, 'conversation')} {wait} for a person"
        longest = lasting(found.longest_seconds)
        yield Symptom(
            Kind.WAITING,
            f"{said}, one of them for {longest}; the limit is {minutes:g} min. `ratchet handoff list` shows them.",
            at_once=True,
        )


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
