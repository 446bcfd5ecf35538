"""Conversations, stories and rules: the candidate must follow every one that the champion follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ratchet.domain.gate.played import Content, Outcome, Played, Trial
from ratchet.domain.gate.policies import GatePolicy
from ratchet.domain.gate.rules import ROUNDING, Rule
from ratchet.domain.record import Record
from ratchet.domain.statistics import chance_of_loss
from ratchet.domain.wording import chance, count, listed, percent, points

CONVERSATION, UNDERSTOOD, TEST, STORY = "conversation", "conversation in full", "changed test", "story"
SHOWN = 3


@dataclass(frozen=True)
class Met(Record):
    """A test or story beside each other; `champion` is None where it was not asked.

    `became` says what happened to a test since the champion: "" nothing, `new`, `edited` or `removed`.
    """

    kind: str
    file: str
    name: str
    candidate: Outcome
    champion: Outcome | None
    candidate_full: Outcome | None = None
    champion_full: Outcome | None = None
    became: str = ""

    @property
    def lost(self) -> bool:
        """Whether the champion passes with the intents given, and the candidate does not."""
        return self.candidate.failed and self.champion is not None and self.champion.passed

    @property
    def sentence(self) -> str:
        """Name it and say what is wrong first."""
        return f"“{self.name}” ({self.file}): {self.candidate.mismatches[0]}"


def meet(candidate: Played, champion: Played | None, names: Mapping[str, str]) -> list[Met]:
    """Set the tests of both side by side; `names` are the new names of intents.

    A test that says the same under the new names is the same test: the champion is asked it under the old ones.
    """
    if champion is None:
        return [beside(one, None, "") for one in candidate.trials if one.edition != "earlier"]
    theirs = {(one.name, one.content): one for one in champion.trials}
    earlier = [one for one in champion.trials if one.edition == "earlier"]
    renamed = {(one.name, one.named(names)): one for one in earlier} if names else {}
    ours = {(one.name, one.content): one for one in candidate.trials}
    found, taken = [], set()
    for one in candidate.trials:
        key = (one.name, one.content)
        if one.edition == "both":
            found.append(beside(one, theirs.get(key), ""))
        elif one.edition == "today" and key in renamed:
            found.append(beside(one, renamed[key], ""))
            taken.add((renamed[key].name, renamed[key].content))
        elif one.edition == "today":
            found.append(beside(one, theirs.get(key), "new"))
    today = {(one.file, one.name) for one in candidate.trials if one.edition != "earlier"}
    for old in earlier:
        if (old.name, old.content) not in taken:
            became = "edited" if (old.file, old.name) in today else "removed"
            found.append(beside(ours[old.name, old.content], old, became))
    return found


def beside(candidate: Trial, champion: Trial | None, became: str) -> Met:
    """Return what both made of one test."""
    return Met(
        candidate.kind,
        candidate.file,
        candidate.name,
        candidate.given,
        champion.given if champion else None,
        candidate.full,
        champion.full if champion else None,
        became,
    )


def follow(candidate: Played, champion: Played | None) -> list[Met]:
    """Set today's stories and rules side by side, each branch by itself."""
    theirs: dict[tuple[str, str, Content], Trial] = {}
    for one in champion.followed if champion else ():
        theirs[one.file, one.name, one.content] = one
    return [beside(one, theirs.get((one.file, one.name, one.content)), "") for one in candidate.followed]


def rules(met: Sequence[Met], followed: Sequence[Met], policy: GatePolicy, compared: bool) -> list[Rule]:
    """Return the findings; without a champion (`compared`) failures are a warning."""
    kept = [one for one in met if not one.became]
    found = [*lost(CONVERSATION, kept), *lost(STORY, followed)]
    if compared:
        found += understood(kept, policy)
        found += changed([one for one in met if one.became])
    found += failing([one for one in [*met, *followed] if one.became in ("", "new")], compared)
    if compared and met and not found:
        said = f"All {count(len(met), 'conversation')} went as well as before."
        found.append(Rule(CONVERSATION, "pass", 0, 0, said, unit="count"))
    return found


def lost(rule: str, met: Iterable[Met]) -> list[Rule]:
    """What the champion does as written with the intents given, and the candidate does not: the code decides that."""
    gone = [one for one in met if one.lost]
    if not gone:
        return []
    what = (
        count(len(gone), "conversation")
        if rule == CONVERSATION
        else many(len(gone), "story or rule", "stories and rules")
    )
    said = f"{what} that the champion does as written, with the intents given, the candidate does not: {first(gone)}"
    return [Rule(rule, "reject", len(gone), 0, said, unit="count")]


def understood(met: Sequence[Met], policy: GatePolicy) -> list[Rule]:
    """Conversations in full: what is lost by understanding alone has to be beyond chance."""
    both = [
        one
        for one in met
        if one.candidate_full
        and one.champion_full
        and not one.lost
        and not one.candidate_full.unplayed
        and not one.champion_full.unplayed
    ]
    worse = [one for one in both if full_passed(one.champion_full) and not full_passed(one.candidate_full)]
    better = [one for one in both if full_passed(one.candidate_full) and not full_passed(one.champion_full)]
    if not worse:
        return []
    drop, limit = (len(worse) - len(better)) / len(both), policy.max_drop_points / 100
    p = chance_of_loss(len(worse), len(better))
    named = "; ".join(f"“{one.name}”: {mismatch(one)}" for one in worse[:SHOWN])
    said = (
        f"In full, understanding included, {count(len(worse), 'conversation')} of {len(both):,} went worse than with "
        f"the champion and {len(better):,} better: a loss of {points(drop)}, where {points(limit)} is allowed ({named})"
    )
    odds = f"chance alone does this in {chance(p)} of cases (limit {percent(policy.group_p)})"
    if drop > limit + ROUNDING and p < policy.group_p:
        return [Rule(UNDERSTOOD, "reject", drop, limit, f"{said}; {odds}.", p, "points")]
    return [Rule(UNDERSTOOD, "warn", drop, limit, f"{said}, but {odds}.", p, "points")]


def misunderstood(played: Played, names: Iterable[str]) -> bool:
    """Say whether the conversations of these names fail by what the model understands alone.

    With their intents given they go as written, so that nothing of the code is wrong; in full they fail with the gate,
    too, which has compared that with the champion.
    """
    known: dict[str, list[Trial]] = {}
    for one in played.trials:
        if one.kind == "conversation" and one.edition != "earlier":
            known.setdefault(one.name, []).append(one)
    return all(
        name in known
        and all(one.given.passed for one in known[name])
        and not all(full_passed(one.full) for one in known[name])
        for name in names
    )


def full_passed(outcome: Outcome | None) -> bool:
    """Say whether something went as written in full."""
    return outcome is not None and outcome.passed


def mismatch(one: Met) -> str:
    """Return the first difference when played in full."""
    return one.candidate_full.mismatches[0] if one.candidate_full and one.candidate_full.mismatches else ""


def changed(met: Sequence[Met]) -> list[Rule]:
    """Tests that were edited or removed, so that nothing holds the candidate to what the champion does any more."""
    dropped = [one for one in met if one.became in ("edited", "removed") and one.lost]
    new = [one for one in met if one.became == "new" and one.lost]
    found = []
    if dropped:
        how = listed(dict.fromkeys(one.became for one in dropped))
        said = (
            f"{count(len(dropped), 'test')} that the champion passes and the candidate does not, {how} since then, so "
            f"a person decides: {first(dropped)}"
        )
        found.append(Rule(TEST, "ask", len(dropped), 0, said, unit="count"))
    if new:
        said = (
            f"{count(len(new), 'new test')} that the champion passes and the candidate does not: {first(new)}"
        )
        found.append(Rule(TEST, "ask", len(new), 0, said, unit="count"))
    return found


def failing(met: Iterable[Met], compared: bool) -> list[Rule]:
    """What does not go as written and is no loss against the champion, where one was asked: known, and said."""
    wrong = [one for one in met if one.candidate.failed and not one.lost]
    if not wrong:
        return []
    what = many(len(wrong), "conversation or story does", "conversations and stories do")
    neither = ", and with the champion neither" if compared else ", which blocks nothing from now on"
    said = f"{what} not go as written{neither}: {first(wrong)}"
    return [Rule(CONVERSATION, "warn", len(wrong), 0, said, unit="count")]


def many(number: int, one: str, several: str) -> str:
    """Write a number with the words for one or for several."""
    return f"{number:,} {one if number == 1 else several}"


def first(met: Sequence[Met]) -> str:
    """Name the first few, with what is wrong."""
    more = f" And {len(met) - SHOWN} more." if len(met) > SHOWN else ""
    return "; ".join(one.sentence for one in met[:SHOWN]) + "." + more


def of_rasa(met: Sequence[Met]) -> tuple[int, int]:
    """Return how many stories and rules the candidate follows, and how many there are."""
    return sum(one.candidate.passed for one in met), len(met)
