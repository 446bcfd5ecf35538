"""Whether the bot still says that it did not understand: seeded nonsense that no one could answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ratchet.domain.gate.evaluation import FALLBACK
from ratchet.domain.gate.policies import GatePolicy
from ratchet.domain.gate.rules import Rule

MESSAGES, ENOUGH = 100, 20
"""How many are asked; where the champion hands over fewer than `FEW` of them, nothing follows."""
ONSETS = ("b", "d", "dr", "f", "g", "gl", "k", "kr", "m", "n", "p", "sk", "t", "tr", "v", "vl", "z", "zh")
ENDINGS = ("ab", "ek", "im", "olu", "urp", "ask", "ent", "ixo", "oov", "udge", "yrt", "azz")


def sheet(context: list[str]) -> pd.DataFrame:
    """Return messages of three to six words that are no words, the same in every run."""
    random = np.random.default_rng(20)

    def word() -> str:
        parts = (f"{random.choice(ONSETS)}{random.choice(ENDINGS)}" for _ in range(random.integers(2, 4)))
        return "".join(parts)

    texts = [" ".join(word() for _ in range(random.integers(3, 7))) for _ in range(MESSAGES)]
    keys = [str(number) for number in range(MESSAGES)]
    return pd.DataFrame({"key": keys, "text": texts, "intent": ""} | dict.fromkeys(context, ""), dtype="str")


def rules(
    candidate: pd.DataFrame, champion: pd.DataFrame, out_of_scope: str, policy: GatePolicy
) -> list[Rule]:
    """A candidate that hands over a small part of the nonsense that the champion hands over asks."""
    new, old = (int(said["intent"].isin((FALLBACK, out_of_scope)).sum()) for said in (candidate, champion))
    if old < ENOUGH:
        return []
    kept, limit = min(new / old, 1.0), policy.min_fallback_percent / 100
    said = (
        f"Of {MESSAGES} messages of nonsense the candidate hands over {new:,}, the champion {old:,}: "
        f"{100 * kept:.0f}%, where {policy.min_fallback_percent:g}% have to stay"
    )
    if kept >= limit:
        return [Rule("fallback", "pass", kept, limit, f"{said}.")]
    none = "nothing falls back any more" if new == 0 else "the fallback has become rare"
    return [Rule("fallback", "ask", kept, limit, f"{said}; {none}, so a person decides.")]
