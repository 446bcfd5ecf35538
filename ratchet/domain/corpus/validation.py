"""Validation: what must not enter a corpus (errors), and what a person should look at (warnings)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from ratchet.domain.corpus import markup
from ratchet.domain.corpus.cleaning import INVISIBLE
from ratchet.domain.corpus.corpus import NEWEST_FORM, CorpusPolicy, normalised, plain
from ratchet.domain.corpus.findings import SHOWN, Finding, ValidationReport
from ratchet.domain.corpus.neighbours import ALONE, Texts, Work, near_pairs
from ratchet.domain.corpus.personal_data import find, mask
from ratchet.domain.corpus.policies import WARNINGS as WARNINGS
from ratchet.domain.corpus.policies import ValidationPolicy as ValidationPolicy
from ratchet.domain.wording import count, listed

FEW, TWO = "too few examples", "too few intents"
OF_INTENTS = (FEW, TWO)
"""The errors of whole intents; the others are about rows that can be left out."""
SEPARATORS = re.compile(r"[\s_-]+")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]")


def validate(
    corpus: pd.DataFrame,
    policy: ValidationPolicy,
    corpus_policy: CorpusPolicy,
    fresh: pd.Series | None = None,
    work: Work = ALONE,
    form: int = NEWEST_FORM,
) -> ValidationReport:
    """Check a corpus; rows are named by the column `place` where there is one, else by their line in the
    file.

    `fresh` marks the rows that were not checked before: rules about single rows look only at them, and rules
    about pairs only at pairs with one of them. Rules about intents look at all. `form` is the ledger's normal form.
    """
    frame = corpus.reset_index(drop=True)
    if "place" not in frame:
        frame["place"] = [f"utterances.csv:{row}" for row in range(2, len(frame) + 2)]
    new = np.ones(len(frame), dtype=bool) if fresh is None else fresh.to_numpy()
    check = Check(frame, policy, corpus_policy)
    errors = [*check.single_rows(frame[new]), *check.labels(new)]
    faulty = tuple(np.flatnonzero(check.faulty).tolist())
    errors += check.intents()
    warnings = [*check.balance(), *check.alike(), *check.look_alikes(new, work, form)]
    return ValidationReport(len(frame), frame["intent"].nunique(), tuple(errors), tuple(warnings), faulty)


class Check:
    """The rules over one corpus."""

    def __init__(self, frame: pd.DataFrame, policy: ValidationPolicy, corpus_policy: CorpusPolicy) -> None:
        self.frame, self.policy, self.context = frame, policy, corpus_policy.context
        self.faulty = np.zeros(len(frame), dtype=bool)
        self.sizes = frame.loc[frame["intent"] != "", "intent"].value_counts()

    def finding(self, rule: str, rows: pd.DataFrame, sentence: str) -> Finding:
        """Note the rows that break a rule, and name the first ones with their texts masked."""
        self.faulty[rows.index] = True
        head = rows.head(SHOWN)
        texts = tuple(mask(text, self.policy.personal_data_allowed) for text in head["text"])
        return Finding(rule, tuple(head["place"]), texts, len(rows), sentence)

    def single_rows(self, rows: pd.DataFrame) -> Iterator[Finding]:
        """Rules about one row: empty and null-like values, unknown context, characters, personal data."""
        nulls = set(self.policy.null_like)
        texts = rows["text"].str.strip().str.casefold()
        tests: list[tuple[str, Any, str]] = [
            ("empty text", texts == "", "have no text"),
            ("null-like text", texts.isin(nulls), "have a text that a tool wrote for a missing value"),
            ("empty intent", rows["intent"].str.strip().str.casefold().isin({"", *nulls}), "have no intent"),
            ("control characters", matches(rows["text"], CONTROL), "have control characters or U+FFFD"),
            ("broken markup", untrainable(rows["text"]), "have entity markup at which Rasa's training fails"),
        ]
        for field, allowed in self.context.items():
            if allowed is not None:
                unknown = ~rows[field].isin(["", *allowed])
                tests.append((f"unknown {field}", unknown, f"have a {field} that params.yaml does not list"))
        for rule, broken, sentence in tests:
            if broken.any():
                yield self.finding(rule, rows[broken], f"{count(int(broken.sum()), 'row')} {sentence}.")
        yield from self.personal(rows)

    def personal(self, rows: pd.DataFrame) -> Iterator[Finding]:
        """No message holds personal data that is not allow-listed."""
        kinds = [
            {one.kind for one in find(plain(text), self.policy.personal_data_allowed)}
            for text in rows["text"].tolist()
        ]
        for kind in sorted(set().union(*kinds)) if kinds else []:
            broken = rows[[kind in found for found in kinds]]
            yield self.finding(
                "personal data", broken, f"{count(len(broken), 'row')} hold personal data: {kind}."
            )

    def labels(self, new: np.ndarray) -> Iterator[Finding]:
        """No text is under two intents in the same context."""
        same = [self.frame["text"].map(plain).str.casefold(), *(self.frame[field] for field in self.context)]
        message = self.frame.groupby(same, sort=False).ngroup()
        labels = pd.DataFrame({"message": message, "intent": self.frame["intent"]}).drop_duplicates()
        twice = labels["message"][labels["message"].duplicated()]
        broken = message.isin(twice) & message.isin(message[new])
        if broken.any():
            rows = self.frame[broken].sort_values(
                "text", key=lambda texts: texts.str.casefold(), kind="stable"
            )
            intents = rows.groupby(message[rows.index], sort=False)["intent"].unique()
            named = "; ".join(" / ".join(sorted(some)) for some in intents.head(3))
            yield self.finding(
                "conflicting intents",
                rows,
                f"{count(len(intents), 'text')} under more than one intent ({named}).",
            )

    def intents(self) -> Iterator[Finding]:
        """There are at least two intents, each with enough examples."""
        if len(self.sizes) < 2:
            yield self.finding(
                TWO,
                self.frame.head(0),
                f"There are {len(self.sizes)} intents; a classifier needs two.",
            )
        few = self.sizes[self.sizes < self.policy.minimum_examples]
        yield from self.sized(FEW, few, self.policy.minimum_examples)

    def balance(self) -> Iterator[Finding]:
        """Intents with few examples, and one intent far larger than another."""
        low, high = self.policy.minimum_examples, self.policy.few_examples
        yield from self.sized("few examples", self.sizes[(self.sizes >= low) & (self.sizes < high)], high)
        if len(self.sizes) and self.sizes.max() > self.policy.imbalance * self.sizes.min():
            ratio = self.sizes.max() / self.sizes.min()
            yield self.finding(
                "imbalance",
                self.frame.head(0),
                f"{self.sizes.idxmax()} has {ratio:.1f} times the examples of {self.sizes.idxmin()}"
                f" ({self.sizes.max()} and {self.sizes.min()}, reported from {self.policy.imbalance:g} on).",
            )

    def alike(self) -> Iterator[Finding]:
        """Intents whose names differ in case, in spaces, hyphens and underscores, or in what no one sees."""
        groups: dict[str, list[str]] = {}
        for name in map(str, self.sizes.index):
            seen = INVISIBLE.sub("", unicodedata.normalize("NFKC", name)).casefold()
            groups.setdefault(SEPARATORS.sub("_", seen), []).append(name)
        twins = [sorted(names) for names in groups.values() if len(names) > 1]
        if twins:
            rows = self.frame[self.frame["intent"].isin([name for names in twins for name in names])]
            pairs = listed([" / ".join(f"{name} ({self.sizes[name]})" for name in names) for names in twins])
            yield self.finding(
                "intents of nearly the same name",
                rows,
                f"{count(len(twins), 'name')} written in several ways: {pairs}.",
            )

    def sized(self, rule: str, sizes: pd.Series, threshold: int) -> Iterator[Finding]:
        """Name intents by their number of examples, beside the threshold."""
        if len(sizes):
            rows = self.frame[self.frame["intent"].isin(sizes.index)]
            named = listed([f"{intent} ({size})" for intent, size in sizes.items()])
            yield self.finding(
                rule, rows, f"{count(len(sizes), 'intent')} with fewer than {threshold} examples: {named}."
            )

    def look_alikes(self, new: np.ndarray, work: Work, form: int) -> Iterator[Finding]:
        """Near-duplicates under different intents in the same context."""
        if not new.any():
            return
        texts = normalised(self.frame["text"], form)
        fresh = np.flatnonzero(new)
        intents = pd.factorize(self.frame["intent"])[0]
        contexts = self.frame.groupby(list(self.context)).ngroup() if self.context else self.frame.index * 0
        situation = np.asarray(contexts, dtype=np.int64)
        found = np.zeros(len(self.frame), dtype=bool)
        one = Texts([texts[row] for row in fresh])
        other = one if len(fresh) == len(texts) else Texts(texts)
        for here, there in near_pairs(one, other, self.policy.near_duplicate, work):
            rows = fresh[here]
            apart = (intents[rows] != intents[there]) & (situation[rows] == situation[there])
            found[rows[apart]] = found[there[apart]] = True
        if found.any():
            lines = self.frame[found]
            yield self.finding(
                "near-duplicates across intents",
                lines,
                f"{count(len(lines), 'row')} have a near-duplicate under another intent.",
            )


def untrainable(texts: pd.Series) -> pd.Series:
    """Tell for each text whether Rasa would fail on its entity markup."""
    return pd.Series(
        [bool(markup.untrainable(text)) for text in texts.tolist()], index=texts.index, dtype=bool
    )


def matches(texts: pd.Series, pattern: re.Pattern[str]) -> pd.Series:
    """Tell for each text whether a pattern occurs in it."""
    return pd.Series(
        [pattern.search(text) is not None for text in texts.tolist()], index=texts.index, dtype=bool
    )
