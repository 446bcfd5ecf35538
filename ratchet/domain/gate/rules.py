"""The rules of the gate, each a comparison of one number with its threshold, and one sentence on it.

Those that compare the answers of the two models are in ratchet/domain/gate/paired.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus.coverage import Uncovered, unjudged_sentence
from ratchet.domain.corpus.retirement import Retired
from ratchet.domain.corpus.unchecked import Unchecked
from ratchet.domain.corpus.wear import measure
from ratchet.domain.gate.policies import GatePolicy as GatePolicy
from ratchet.domain.gate.ramp import RampStatus
from ratchet.domain.record import Record
from ratchet.domain.statistics import wilson
from ratchet.domain.wording import Unit, count, listed, percent

RuleOutcome = Literal["pass", "warn", "ask", "reject"]
ENTITIES = "entities"
"""The rule that compares the messages with entities; it has a chance where the two models were compared."""
# Shares are ratios of integers, limits are decimals: they may differ by a rounding error and still be equal.
ROUNDING = 1e-9
SHOWN_RETIRED, SHOWN_CHARACTERS = 8, 60
"""Retired messages that a sentence names, and how much of each; the report has them all."""


@dataclass(frozen=True)
class TrainingFacts(Record):
    """What a model was trained on: the rows of each intent, and the data revision that they come from."""

    intents: dict[str, int]
    data_revision: str

    @property
    def rows(self) -> int:
        return sum(self.intents.values())


@dataclass(frozen=True)
class Rule(Record):
    """One rule's finding: `value` is what was compared with `threshold`.

    Shares and points, which are differences of two shares, are fractions of 1 here; `unit` says how people
    read them.
    """

    name: str
    outcome: RuleOutcome
    value: float
    threshold: float
    sentence: str
    p_value: float | None = None
    unit: Unit = "share"


def vanished_intents(trained: TrainingFacts, champion: TrainingFacts) -> Rule:
    """Rule 3, first half: whatever the champion was taught, the candidate was taught too."""
    gone = sorted(champion.intents.keys() - trained.intents.keys())
    if not gone:
        said = f"All {count(len(champion.intents), 'intent')} of the champion are still trained."
        return Rule("vanished intents", "pass", 0, 0, said, unit="count")
    names = ", ".join(f"`{intent}`" for intent in gone)
    said = f"{count(len(gone), 'intent')} of the champion lost all training rows, where 0 may: {names}."
    return Rule("vanished intents", "reject", len(gone), 0, said, unit="count")


def training_rows(trained: TrainingFacts, champion: TrainingFacts, policy: GatePolicy) -> Rule:
    """Rule 3, second half: the training data did not shrink by accident."""
    limit = policy.max_training_loss_percent / 100
    loss = (champion.rows - trained.rows) / champion.rows
    change = f"{percent(abs(loss))} {'less' if loss > 0 else 'more'}" if loss else "no change"
    said = (
        f"The candidate was trained on {count(trained.rows, 'row')}, the champion on {champion.rows:,}: "
        f"{change}, where a loss of {percent(limit)} is allowed."
    )
    return Rule("training rows", "reject" if loss > limit + ROUNDING else "pass", loss, limit, said)


def shrunken_intents(trained: TrainingFacts, champion: TrainingFacts, policy: GatePolicy) -> list[Rule]:
    """Rule 3 for each intent: its training rows were not taken away or given another label by accident.

    Wrong labels in the corpus reach the holdout too, where they make the champion look wrong; but the training rows
    that an intent is suddenly missing still show them. Fewer than `group_rows` rows may always go.
    """
    limit = policy.max_intent_loss_percent / 100
    found = []
    for intent in sorted(champion.intents.keys() & trained.intents.keys()):
        before, now = champion.intents[intent], trained.intents[intent]
        loss = (before - now) / before
        if before - now >= policy.group_rows and loss > limit + ROUNDING:
            said = (
                f"The intent `{intent}` has {count(now, 'training row')}, the champion had {before:,}: "
                f"{percent(loss)} less, where a loss of {percent(limit)} is allowed."
            )
            found.append(Rule("intent rows", "reject", loss, limit, said))
    return found


def floor(right: NDArray[np.bool_], ramp: RampStatus) -> Rule:
    """Rule 4: however poor the champion is, no model below the floor is released."""
    rows, correct = len(right), int(right.sum())
    upper = wilson(correct, rows)[1]
    low = upper < ramp.floor
    said = (
        f"The candidate is right on {correct:,} of {count(rows, 'holdout row')} ({percent(correct / rows)}; "
        f"{percent(upper)} with the benefit of the doubt), {'below' if low else 'above'} the floor of "
        f"{percent(ramp.floor)}."
    )
    return Rule("floor", "reject" if low else "pass", upper, ramp.floor, said)


def target(ramp: RampStatus) -> Rule:
    """The stretch target: a miss warns, weeks of misses ask, or a miss rejects where the policy says so."""
    doubt = " with the benefit of the doubt" if ramp.compare == "interval" else ""
    said = (
        f"The target of week {ramp.week} is {percent(ramp.target)} and the candidate reaches "
        f"{percent(ramp.reached)}{doubt}"
    )
    outcome: RuleOutcome
    if not ramp.miss:
        outcome, said = "pass", f"{said}."
    elif ramp.on_miss == "reject":
        outcome, said = "reject", f"{said}: a miss, which the policy makes blocking."
    elif ramp.asks:
        outcome = "ask"
        said = f"{said}: missed for {count(ramp.misses_in_a_row, 'week')} in a row, so a person decides."
    else:
        outcome, said = "warn", f"{said}: a miss, which blocks nothing."
    return Rule("target", outcome, ramp.reached, ramp.target, said)


def data_warning(name: str, policy: GatePolicy) -> Rule:
    """A warning of the data's validation, which asks a person where the policy lists it."""
    asks = name in policy.ask_on_warnings
    said = f"The data has the warning `{name}`" + (", on which the policy asks a person." if asks else ".")
    return Rule("data warning", "ask" if asks else "warn", 1, 0, said, unit="count")


def not_checked(one: Unchecked) -> Rule:
    """A check of the split or the data that could not run: no one knows what it would have shown, so it asks."""
    return Rule("not checked", "ask", 1, 0, f"{one.sentence} So a person decides.", unit="count")


def unjudged(found: Sequence[Uncovered], policy: GatePolicy) -> list[Rule]:
    """Intents that no holdout row stands for: a verdict says nothing about them, so it names them."""
    if not found:
        return []
    share = sum(one.share for one in found)
    return [Rule("unjudged intents", policy.unjudged, share, 0, unjudged_sentence(found))]


def retired(rows: Sequence[Retired]) -> list[Rule]:
    """Rows that went from the holdout to training since the champion: a person sees that they are not what failed."""
    if not rows:
        return []
    why = "; ".join(sorted({f"{row.moved}, {row.reason}" for row in rows}))
    named = listed([f"“{shortened(row.text)}” (`{row.intent}`)" for row in rows], SHOWN_RETIRED)
    messages = sum(row.messages for row in rows)
    said = (
        f"{count(messages, 'message')} ({count(len(rows), 'text')}) went from the holdout to training since the"
        f" champion ({why}), so a person decides: {named}."
    )
    return [Rule("retired", "ask", messages, 0, said, unit="count")]


def shortened(text: str) -> str:
    """The beginning of a text."""
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"


def wear(
    holdout: pd.DataFrame, right: NDArray[np.bool_], decisions: int | NDArray[np.int64], policy: GatePolicy
) -> list[Rule]:
    """One finding for each sign that the holdout is worn; see ratchet/domain/corpus/wear.py."""
    found = measure(holdout, right, decisions, policy.wear).warnings
    outcome = policy.wear.on_wear
    return [
        Rule("wear", outcome, sign.value, sign.threshold, sign.sentence, unit=sign.unit) for sign in found
    ]
