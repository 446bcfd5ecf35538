"""Message by message: what only one clone did to it holds; where both did different things, a person is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ratchet.domain.corpus.corpus import plain
from ratchet.domain.corpus.questions import Answers, Choice, Kind, Question

Row = tuple[str, str]
"""A text, with its entity markup, and an intent."""
State = Mapping[Row, str]
"""The rows that a clone has of one message, with their sources; empty where it has none."""
Names = tuple[Mapping[str, str], Mapping[str, str]]
"""The new names of the intents that each clone renamed."""


def intents_of(state: State) -> frozenset[str]:
    """Return the intents of a message's rows: one, where the corpus is as validation wants it."""
    return frozenset(intent for _, intent in state)


def texts_of(state: State) -> frozenset[str]:
    """Return the writings of a message."""
    return frozenset(text for text, _ in state)


class Asking:
    """Decides message by message; `seen` are the questions, `pending` those without an answer."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.seen: list[Question] = []
        self.pending: list[Question] = []

    def answer(self, question: Question) -> str | None:
        """Return the answer to a question, and note that it was asked."""
        self.seen.append(question)
        answer = self.answers.of(question)
        if answer is None:
            self.pending.append(question)
        return answer

    def names(self, renames: Names) -> dict[str, str]:
        """Return the new name of each renamed intent; one that has two new names is a question."""
        ours, theirs = renames
        found = {**theirs, **ours}
        for old in sorted(ours.keys() & theirs.keys()):
            one, other = ours[old], theirs[old]
            if one != other:
                answer = self.answer(Question("rename", old, (), old, one, other))
                target = {Choice.OURS: one, Choice.THEIRS: other, Choice.SKIP: old}.get(
                    Choice(answer) if answer in list(Choice) else Choice.SKIP, old
                )
                found |= dict.fromkeys((old, one, other), target)
        return {old: end(found, old) for old in found if end(found, old) != old}

    def decide(
        self, message: tuple[str, ...], before: State, mine: State, others: State
    ) -> tuple[State, State]:
        """Return the rows that a message has from now on, and those that an answer leaves out."""
        old, one, other = intents_of(before), intents_of(mine), intents_of(others)
        intents = three_ways(old, one, other)
        if intents is None:
            kind: Kind = "label" if mine and others else "removed"
            asked = Question(
                kind, *self.named(message, before, mine, others), said(old), said(one), said(other)
            )
            return self.settle(asked, before, mine, others)
        if not intents:
            return {}, {}
        if not (mine and others):
            return mine or others, {}
        texts = written(texts_of(before), texts_of(mine), texts_of(others))
        if texts is None:
            versions = (said(texts_of(state)) for state in (before, mine, others))
            asked = Question("entities", *self.named(message, before, mine, others), *versions)
            kept, skipped = self.settle(asked, before, mine, others)
            return relabelled(texts_of(kept), intents, before, mine, others), skipped
        return relabelled(texts, intents, before, mine, others), {}

    def named(self, message: tuple[str, ...], *states: State) -> tuple[str, tuple[str, ...]]:
        """Return a message's text for people, without markup, and its context."""
        return min(plain(text) for state in states for text, _ in state), message[1:]

    def settle(self, asked: Question, before: State, mine: State, others: State) -> tuple[State, State]:
        """Return the rows that an answer keeps and those that it leaves out; without one those before the merge."""
        answer = self.answer(asked)
        if answer == Choice.OURS:
            return mine, {}
        if answer == Choice.THEIRS:
            return others, {}
        if answer in (Choice.SKIP, None):
            return before, {} if before else {**others, **mine}
        texts = texts_of(mine) or texts_of(others)
        return relabelled(texts, frozenset({answer}), before, mine, others), {}


def said(values: Collection[str]) -> str:
    """Return the values of a state as one text."""
    return " / ".join(sorted(values))


def end(names: Mapping[str, str], name: str) -> str:
    """Follow renames of renames; names that go in a circle stay as they are."""
    seen, now = {name}, name
    while (after := names.get(now, now)) != now:
        if after in seen:
            return name
        seen.add(after)
        now = after
    return now


def three_ways(before: frozenset[str], mine: frozenset[str], others: frozenset[str]) -> frozenset[str] | None:
    """Return what holds of three values: what both have, or what the one has that changed it; None where both did."""
    if mine == others or others == before:
        return mine
    return others if mine == before else None


def written(before: frozenset[str], mine: frozenset[str], others: frozenset[str]) -> frozenset[str] | None:
    """Return the writings of a message three ways; None where both marked its entities differently.

    One that marked entities where the other marked none holds; writings that differ only in case are one.
    """
    found = three_ways(before, mine, others)
    if found is not None:
        return found
    marked = [some for some in (mine, others) if any(plain(text) != text for text in some)]
    if len(marked) == 2:
        return None
    return marked[0] if marked else min(mine, others, key=sorted)


def relabelled(
    texts: frozenset[str], intents: frozenset[str], before: State, mine: State, others: State
) -> State:
    """Return rows with these texts under these intents, each with its source three ways."""
    pairs = {(text, intent) for state in (mine, others) for text, intent in state if intent in intents}
    rows = {row for row in pairs if row[0] in texts} | {
        (text, min(intents)) for text in texts if len(intents) == 1 or text not in {one for one, _ in pairs}
    }
    return {row: source(row[0], before, mine, others) for row in rows}


def source(text: str, before: State, mine: State, others: State) -> str:
    """Return the source of a text: the one that was changed, else the first by name."""
    old, one, other = (
        min((where for (this, _), where in state.items() if this == text), default=None)
        for state in (before, mine, others)
    )
    if one is None or other is None:
        return one or other or old or ""
    return one if other == old else other if one == old else min(one, other)
