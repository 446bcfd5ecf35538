"""The verdict on code alone: a model that serves, or may, with other code than people talk to now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ratchet.domain.errors import RatchetError
from ratchet.domain.gate import dialogue, must, override
from ratchet.domain.gate.decision import Decision
from ratchet.domain.gate.dialogue import Dialogue, Plays
from ratchet.domain.gate.must import Musts
from ratchet.domain.gate.override import Override
from ratchet.domain.gate.policies import GatePolicy
from ratchet.domain.gate.rules import Rule
from ratchet.domain.gate.verdict import Verdict, decide
from ratchet.domain.record import Record

UNTRAINED = "Nothing was trained: the model is the same, and what the code decides is as before."


@dataclass(frozen=True)
class CodeVerdict(Record):
    """What the gate says of the code `code` (SHA-256 of all files, of the commit `commit`) with a model.

    It was compared with what the release `against` says. `page` is the report, on the machine that judged.
    """

    version: str
    model_sha256: str
    code: str
    commit: str
    against: str
    verdict: Verdict
    found: Dialogue
    page: str = ""

    def describe(self) -> str:
        """Say the decision and its first reason."""
        return f"{self.verdict.decision}: {self.verdict.reasons[0]}"


def judge(plays: Plays, policy: GatePolicy, musts: Musts | None = None) -> tuple[Verdict, Dialogue]:
    """Judge code by what was played with it and with the release that serves; raises nothing.

    `musts` is what came of the messages that must never go wrong, None where there are none: the model may be the same
    and a message new.
    """
    found, rules = dialogue.look(plays, {}, policy)
    rules += must.rule(musts) if musts else []
    if not any(rule.outcome in ("reject", "ask") for rule in rules):
        rules.insert(0, Rule("code", "pass", len(found.changes), 0, UNTRAINED, unit="count"))
    return Verdict(decide(rules), tuple(rules)), found


def admit(judged: CodeVerdict, said: Override | None, now: datetime) -> None:
    """Raise `RatchetError` unless the gate, or a person's override of exactly this model and code, lets it through."""
    if judged.verdict.decision is Decision.PROMOTE:
        return
    if said is not None and said.code == judged.code:
        override.check(said, judged.model_sha256, now)
        return
    page = f"Its page is {judged.page}. " if judged.page else ""
    earlier = f" {said.by}'s decision is about other code." if said is not None and said.code else ""
    raise RatchetError(
        f"{' '.join(judged.verdict.decisive).rstrip('.')}.{earlier}",
        f"{page}Correct the bot, or run `ratchet approve {judged.version} --by NAME --reason TEXT`: it holds for this "
        "model with this code.",
    )
