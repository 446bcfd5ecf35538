"""Conversations of production as people look at them, and what such a one is as a test."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ratchet.domain.errors import RatchetError, UsageError
from ratchet.domain.operations.traffic import FALLBACK, HANDOFF

DOWN = "down"
MOST_NAME = 60
MOST_STEPS = 50
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_/'-]*( [A-Za-z0-9_/'-]+)*")
WORDS_OF_YAML = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
MOST_OPEN = 3
"""Brackets that a text may have open and is still written as it is: the bot counts those of a whole file."""


@dataclass(frozen=True)
class Said:
    """What a person wrote and what became of it.

    `at` is in seconds since 1970. `intent` is what the bot answered, "" where it failed; `ranking` has the classifier's
    own intents with their confidence, best first. `rating` is up, down or "", with the user's words in `rated`.
    """

    id: int
    at: float
    text: str
    context: Mapping[str, str]
    intent: str
    ranking: tuple[tuple[str, float], ...] = ()
    handed_off: bool = False
    failed: bool = False
    version: str = ""
    rating: str = ""
    rated: str = ""

    @property
    def understood(self) -> bool:
        """Whether the bot answered to an intent of the corpus."""
        return not self.failed and self.intent not in ("", FALLBACK, HANDOFF)


@dataclass(frozen=True)
class Script:
    """A conversation test: its name, who speaks, and each message with the intent that is right."""

    name: str
    context: Mapping[str, str]
    steps: tuple[tuple[str, str], ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """What tells tests apart: the messages, without regard to case and blanks."""
        return texts_of([text for text, _ in self.steps])


def texts_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Return messages in the form in which they are compared."""
    return tuple(" ".join(text.casefold().split()) for text in texts)


def named_after(texts: Sequence[str]) -> str:
    """Return a name for a conversation: the begin of its longest early message."""
    first = " ".join(max(texts[:3], key=len, default="").split())
    return first if len(first) <= MOST_NAME else f"{first[: MOST_NAME - 1].rstrip()}…"


def script(
    name: str, said: Sequence[Said], texts: Sequence[str], intents: Sequence[str], known: Sequence[str]
) -> Script:
    """Return the test that a conversation becomes: its `texts` as they may be written, each with its right intent.

    `known` are the intents that there are. Raises `UsageError` for a message without one of them, and `RatchetError`
    for a conversation that no test can be.
    """
    if not 0 < len(said) <= MOST_STEPS:
        raise RatchetError(
            f"The conversation has {len(said):,} messages, and a test has 1 to {MOST_STEPS}.",
            "Write the part that matters into a file in bot/tests/conversations.",
        )
    contexts = [dict(one.context) for one in said]
    if changed := next((number for number, one in enumerate(contexts, 1) if one != contexts[0]), None):
        raise RatchetError(
            f"The person's context changed at message {changed}, and a test has one.",
            "Write two tests into a file in bot/tests/conversations.",
        )
    for number, intent in enumerate(intents, 1):
        if intent not in known:
            what = f"There is no intent {intent!r}" if intent else "The right intent is missing"
            raise UsageError(f"{what} at message {number}.", "Choose one of the list.")
    return Script(name, contexts[0], tuple(zip(texts, intents, strict=True)))


def another_name(name: str, taken: Sequence[str]) -> str:
    """Return a name that no other test of the file has: a gate's report tells them apart by it."""
    numbered = (f"{name} ({number})" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(one for one in numbered if one not in taken)


def written(test: Script) -> str:
    """Return a test as YAML, on lines of their own."""
    lines = [f"- name: {scalar(test.name)}"]
    if test.context:
        pairs = (f"{scalar(name)}: {scalar(value)}" for name, value in test.context.items())
        lines.append(f"  context: {{{', '.join(pairs)}}}")
    lines.append("  steps:")
    lines += [f"  - {{user: {scalar(text)}, intent: {scalar(intent)}}}" for text, intent in test.steps]
    return "\n".join(lines) + "\n"


def scalar(text: str) -> str:
    """Return a text as YAML reads it back, whatever is in it: in quotes unless it is plain words."""
    if PLAIN.fullmatch(text) and text.lower() not in WORDS_OF_YAML:
        return text
    return f'"{"".join(escaped(text))}"'


def escaped(text: str) -> Iterator[str]:
    """Give the characters of a text as they are written between double quotes.

    Brackets that are not in pairs are written by their numbers, as whatever no one could see is.
    """
    depths = list(accumulate((char in "[{") - (char in "]}") for char in text))
    paired = not depths or (depths[-1] == 0 and min(depths) == 0 and max(depths) <= MOST_OPEN)
    for char in text:
        if char in '"\\':
            yield f"\\{char}"
        elif char.isprintable() and char != "\ufeff" and (paired or char not in "[]{}"):
            yield char
        else:
            yield f"\\U{ord(char):08x}" if ord(char) > 0xFFFF else f"\\u{ord(char):04x}"
