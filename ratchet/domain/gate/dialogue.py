"""What people will be told: conversations, stories, first answers and forms of both bots, for verdict and report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ratchet.domain.gate import answers, conversations
from ratchet.domain.gate.answers import AnswerChange
from ratchet.domain.gate.conversations import Met
from ratchet.domain.gate.played import Played
from ratchet.domain.gate.policies import GatePolicy
from ratchet.domain.gate.rules import Rule
from ratchet.domain.record import Record
from ratchet.domain.wording import listed

NOT_PLAYED, ACTIONS = "not played", "custom actions"


@dataclass(frozen=True)
class Plays(Record):
    """What was played with the candidate and with the champion; `missing` says why the champion was not."""

    candidate: Played
    champion: Played | None = None
    missing: str = ""

    def describe(self) -> str:
        """Say what the candidate does as written."""
        played = [one for one in self.candidate.trials if one.edition != "earlier"]
        passed = sum(one.given.passed for one in played)
        right = sum(one.given.passed for one in self.candidate.followed)
        return (
            f"{passed} of {len(played)} conversations and {right} of {len(self.candidate.followed)} stories and rules "
            f"as written, {len(self.candidate.answers)} intents answered"
        )


@dataclass(frozen=True)
class Dialogue(Record):
    """What was found: the tests, the stories and rules that do not go as written, and the answers that changed.

    `followed` are how many stories and rules the candidate and (None: not asked) the champion follow, of `written`.
    """

    tests: tuple[Met, ...]
    stories: tuple[Met, ...]
    changes: tuple[AnswerChange, ...]
    intents: int
    followed: int
    champion_followed: int | None
    written: int
    unplayed: tuple[str, ...] = ()
    missing: str = ""


def look(plays: Plays, names: Mapping[str, str], policy: GatePolicy) -> tuple[Dialogue, list[Rule]]:
    """Compare what both did; `names` are the new names of intents (`corpus.renames.new_names`)."""
    candidate, champion = plays.candidate, plays.champion
    met = conversations.meet(candidate, champion, names)
    followed = conversations.follow(candidate, champion)
    changed = answers.changes(candidate, champion, names) if champion else []
    rules = conversations.rules(met, followed, policy, champion is not None)
    if champion:
        rules += answers.rules(changed, len(candidate.answers), policy)
        rules += answers.forms(candidate, champion)
    rules += not_played(plays)
    right, written = conversations.of_rasa(followed)
    theirs = sum(one.champion is not None and one.champion.passed for one in followed) if champion else None
    wrong = tuple(one for one in followed if not one.candidate.passed)
    found = Dialogue(
        tuple(met),
        wrong,
        tuple(changed),
        len(candidate.answers),
        right,
        theirs,
        written,
        candidate.unplayed,
        plays.missing,
    )
    return found, rules


def not_played(plays: Plays) -> list[Rule]:
    """What could not be played is a finding."""
    found = []
    if plays.missing:
        said = f"What the champion says was not played, so answers are not compared: {plays.missing}"
        found.append(Rule(NOT_PLAYED, "warn", 1, 0, said, unit="count"))
    if names := plays.candidate.unplayed:
        said = (
            f"Custom actions were not run ({listed(names)}), so what they say and decide is not judged; "
            "`gate.play_actions: true` runs them on this machine."
        )
        found.append(Rule(NOT_PLAYED, "warn", len(names), 0, said, unit="count"))
    if problem := plays.candidate.actions_problem:
        before = plays.champion and plays.champion.actions_problem
        said = f"The bot's action server does not start: {problem}."
        found.append(Rule(ACTIONS, "warn" if before else "reject", 1, 0, said, unit="count"))
    return found
