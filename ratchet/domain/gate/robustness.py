"""How well a model bears what people do to their messages: a typing error, no capitals and no punctuation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ratchet.domain.corpus.annotations import parse
from ratchet.domain.gate.evaluation import correctness
from ratchet.domain.gate.paired import Pair, chance_limit
from ratchet.domain.gate.policies import GatePolicy
from ratchet.domain.gate.renamed import under
from ratchet.domain.gate.rules import ROUNDING, Rule
from ratchet.domain.record import Record
from ratchet.domain.wording import chance, count, percent, points

TYPOS, PLAIN = "typos", "plain"
NAMES = {TYPOS: "one typing error in each message", PLAIN: "lower case and no punctuation"}
KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
NEIGHBOURS = {
    key: row[max(at - 1, 0) : at] + row[at + 1 : at + 2] for row in KEYBOARD for at, key in enumerate(row)
}
SEED = 7


@dataclass(frozen=True)
class Variant(Record):
    """One way to write the holdout: the rows, and how many of them each model gets right; None without a champion."""

    name: str
    rows: int
    candidate: int
    champion: int | None

    @property
    def described(self) -> str:
        """What was done to the messages."""
        return NAMES[self.name]


def sample(holdout: pd.DataFrame, most: int) -> NDArray[np.intp]:
    """Return the places of the rows that are asked again: all, or the first `most` by key, which is a hash."""
    return np.sort(np.argsort(holdout["key"].to_numpy(dtype=object), kind="stable")[:most])


def sheets(holdout: pd.DataFrame, most: int) -> dict[str, pd.DataFrame]:
    """Return the sample in each way of writing."""
    rows = holdout.iloc[sample(holdout, most)]
    texts = [parse(text).text for text in rows["text"]]
    return {
        TYPOS: rows.assign(
            text=[typo(text, np.random.default_rng([SEED, *text.encode()])) for text in texts]
        ),
        PLAIN: rows.assign(text=[plain(text) for text in texts]),
    }


def typo(text: str, random: np.random.Generator) -> str:
    """Return a text with one typing error in a word: two letters swapped, one left out, doubled, or its neighbour's."""
    places = [match.span() for match in re.finditer(r"[^\W\d_]{4,}", text)] or [
        match.span() for match in re.finditer(r"[^\W\d_]{2,}", text)
    ]
    if not places:
        return text
    start, end = places[random.integers(len(places))]
    at = int(random.integers(start, end - 1))
    kind = random.integers(4)
    if kind == 0 and text[at] != text[at + 1]:
        return f"{text[:at]}{text[at + 1]}{text[at]}{text[at + 2 :]}"
    if kind == 1:
        return f"{text[: at + 1]}{text[at]}{text[at + 1 :]}"
    near = NEIGHBOURS.get(text[at].lower(), "")
    if kind == 2 and near:
        return f"{text[:at]}{near[random.integers(len(near))]}{text[at + 1 :]}"
    return f"{text[:at]}{text[at + 1 :]}"


def plain(text: str) -> str:
    """Return a text in lower case without punctuation; one of nothing else stays."""
    return " ".join(re.sub(r"[^\w\s]|_", " ", text.lower()).split()) or text


def look(
    name: str,
    rows: pd.DataFrame,
    candidate: pd.DataFrame,
    champion: pd.DataFrame | None,
    out_of_scope: str,
    classes: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Variant, Pair | None]:
    """Count right answers; frames as in `evaluate`.

    The two are compared under `classes`, as `ratchet.domain.gate.verdict.judge` does on the holdout: an earlier model
    knows nothing of the parts of a split, so each of them would look like a gain.
    """
    new = correctness(rows, candidate, out_of_scope=out_of_scope)
    if champion is None:
        return Variant(name, len(rows), int(new.sum()), None), None
    old = correctness(rows, champion, out_of_scope=out_of_scope)
    truth = under(rows, classes)
    after, before = (
        correctness(truth, under(model, classes), out_of_scope=out_of_scope)
        for model in (candidate, champion)
    )
    return Variant(name, len(rows), int(new.sum()), int(old.sum())), Pair(after, before)


def rule(name: str, pair: Pair, kept: NDArray[np.bool_], policy: GatePolicy) -> list[Rule]:
    """A fall beyond the limit, and hardly by chance, asks. `kept` are the rows whose label did not change.

    The same build is compared three times, with the holdout as it is and in each variant: `chance_limit` says why each
    has less to claim than one alone. Fewer rows than `gate.small_holdout_rows` only warn: on 50 rows a fall of 7 for a
    week of good new messages was seen, and what the holdout itself says of that has asked where it had to.
    """
    pair = pair.among(kept)
    if not pair.rows:
        return []
    limit, p = policy.robustness.max_drop_points / 100, pair.p_value
    new, old = int(pair.candidate.sum()), int(pair.champion.sum())
    said = (
        f"With {NAMES[name]} the candidate is right on {new:,} of {count(pair.rows, 'row')} "
        f"({percent(new / pair.rows)}), the champion on {old:,} ({percent(old / pair.rows)}), where a loss of "
        f"{points(limit)} is allowed"
    )
    if pair.drop <= limit + ROUNDING:
        return [Rule("robustness", "pass", pair.drop, limit, f"{said}.", p, "points")]
    most = chance_limit(pair.rows, policy, several=True)
    odds = f"chance alone does this in {chance(p)} of cases (limit {percent(most)})"
    if p >= most:
        return [Rule("robustness", "warn", pair.drop, limit, f"{said}, but {odds}.", p, "points")]
    if pair.rows < policy.small_holdout_rows:
        few = f"fewer than {policy.small_holdout_rows:,} rows decide nothing here"
        return [Rule("robustness", "warn", pair.drop, limit, f"{said}; {odds}, but {few}.", p, "points")]
    return [Rule("robustness", "ask", pair.drop, limit, f"{said}; {odds}, so a person decides.", p, "points")]
