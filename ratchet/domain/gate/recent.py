"""The newest messages that people wrote: what candidate and champion answer to them, side by side.

No one labelled these messages, so a changed answer is neither right nor wrong; a person sees whether it was expected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ratchet.domain.corpus.changes import DataChanges
from ratchet.domain.corpus.personal_data import mask
from ratchet.domain.gate.evaluation import FALLBACK
from ratchet.domain.gate.policies import RecentPolicy
from ratchet.domain.gate.rules import Rule
from ratchet.domain.record import Record
from ratchet.domain.wording import count, listed, percent, points


@dataclass(frozen=True)
class IntentShift(Record):
    """One intent: how many messages each model gave it, how many came and went, and whether that is expected."""

    intent: str
    champion: int
    candidate: int
    came: int
    went: int
    expected: bool


@dataclass(frozen=True)
class Changed(Record):
    """A message, personal data masked, that the two models answer differently."""

    text: str
    champion: str
    candidate: str
    confidence: float
    expected: bool


@dataclass(frozen=True)
class Recent(Record):
    """The comparison on `messages` of the last `days`; `changed` of them have another answer, `unexpected` of these.

    Expected is a change to an intent that got messages since the champion, or from one that lost some. The fallbacks
    are the messages that each model hands over. `unread` says why the messages could not be read, "" where they were.
    """

    messages: int
    days: float
    changed: int
    unexpected: int
    champion_fallbacks: int
    candidate_fallbacks: int
    intents: tuple[IntentShift, ...]
    examples: tuple[Changed, ...]
    unread: str = ""

    def share(self, number: int) -> float:
        """A count as a share of the messages."""
        return number / self.messages if self.messages else 0.0


def sheet(
    found: pd.DataFrame, parse_context: Sequence[Mapping[str, str]], context: Sequence[str], most: int
) -> pd.DataFrame:
    """Return the newest `most` different messages as models are asked them: key, text, intent and context.

    `found` has the column text, oldest first.

    Left out are commands (`/restart`), which people do not write.
    """
    frame = pd.DataFrame({"text": found["text"].astype("str").to_list()}, dtype="str")
    for name in context:
        frame[name] = [str(values.get(name) or "") for values in parse_context]
    said = frame["text"].str.strip()
    frame = frame[(said != "") & ~said.str.startswith("/")].drop_duplicates(keep="last").tail(most)
    return frame.assign(key=[str(number) for number in range(len(frame))], intent="").reset_index(drop=True)


def compare(
    messages: pd.DataFrame,
    candidate: pd.DataFrame,
    champion: pd.DataFrame,
    data: DataChanges | None,
    policy: RecentPolicy,
    allowed: Sequence[str] = (),
) -> Recent:
    """Set both models' answers side by side; `data` says what changed since the champion, None: nothing.

    `allowed` are pieces that are no personal data.
    """
    old, new = champion["intent"].to_numpy(dtype=object), candidate["intent"].to_numpy(dtype=object)
    gained = {one.intent for one in data.intents if one.added or one.relabelled} if data else set()
    lost = {one.intent for one in data.intents if one.removed or one.before > one.after} if data else set()
    sure = np.nan_to_num(pd.to_numeric(candidate["confidence"], errors="coerce").to_numpy(dtype=float))
    differ = np.flatnonzero(old != new).tolist()
    expected = {row: bool(new[row] in gained or old[row] in lost) for row in differ}
    order = sorted(differ, key=lambda row: (expected[row], -sure[row], row))
    examples = tuple(
        Changed(
            mask(messages["text"].iloc[row], allowed),
            str(old[row]),
            str(new[row]),
            float(sure[row]),
            expected[row],
        )
        for row in order[: policy.examples]
    )
    return Recent(
        messages=len(messages),
        days=policy.days,
        changed=len(differ),
        unexpected=sum(not known for known in expected.values()),
        champion_fallbacks=int((old == FALLBACK).sum()),
        candidate_fallbacks=int((new == FALLBACK).sum()),
        intents=shifts(old.tolist(), new.tolist(), gained | lost),
        examples=examples,
    )


def shifts(old: Sequence[str], new: Sequence[str], expected: set[str]) -> tuple[IntentShift, ...]:
    """Return the intents whose messages changed, those that changed most first."""
    was, now = Counter(old), Counter(new)
    pairs = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    went, came = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    ordered = sorted(went | came, key=lambda name: (-went[name] - came[name], name))
    return tuple(
        IntentShift(name, was[name], now[name], came[name], went[name], name in expected) for name in ordered
    )


def unread(days: float, why: str) -> Recent:
    """The finding where the messages could not be read."""
    return Recent(0, days, 0, 0, 0, 0, (), (), why)


def rules(found: Recent | None, policy: RecentPolicy) -> list[Rule]:
    """Beyond a limit a person decides; too few messages say nothing."""
    if found is None:
        return []
    if found.unread:
        said = f"The newest real messages were not compared: {found.unread}"
        return [Rule("real messages", "warn", 0, 0, said, unit="count")]
    if found.messages < policy.min_messages:
        said = (
            f"People wrote {count(found.messages, 'different message')} in the last {found.days:g} days; fewer than "
            f"{policy.min_messages:,} say nothing."
        )
        return [Rule("real messages", "pass", found.messages, policy.min_messages, said, unit="count")]
    return [changed(found, policy), fallbacks(found, policy)]


def changed(found: Recent, policy: RecentPolicy) -> Rule:
    """How many answers changed, and how many of them unexpectedly."""
    every, odd = found.share(found.changed), found.share(found.unexpected)
    said = (
        f"Of the {count(found.messages, 'newest real message')} {found.changed:,} are answered differently "
        f"({percent(every)}, limit {policy.max_changed_percent:g}%), {found.unexpected:,} of them although their "
        f"intents got or lost no messages ({percent(odd)}, limit {policy.max_unexpected_percent:g}%)"
    )
    most = [
        f"`{one.intent}` +{one.came:,} −{one.went:,}{'' if one.expected else ' unexpected'}"
        for one in found.intents
    ]
    named = f": {listed(most, 4)}" if most else ""
    beyond = odd > policy.max_unexpected_percent / 100, every > policy.max_changed_percent / 100
    value, limit = (
        (every, policy.max_changed_percent / 100)
        if beyond == (False, True)
        else (odd, policy.max_unexpected_percent / 100)
    )
    end = "; a person decides." if any(beyond) else "."
    return Rule("real messages", "ask" if any(beyond) else "pass", value, limit, f"{said}{named}{end}")


def fallbacks(found: Recent, policy: RecentPolicy) -> Rule:
    """Whether more or fewer messages are handed over."""
    old, new = found.share(found.champion_fallbacks), found.share(found.candidate_fallbacks)
    limit = policy.max_fallback_points / 100
    said = (
        f"Of the newest real messages the candidate hands over {percent(new)}, the champion {percent(old)}, where "
        f"{points(limit)} is the limit"
    )
    beyond = abs(new - old) > limit
    end = "; a person decides." if beyond else "."
    return Rule(
        "real fallbacks", "ask" if beyond else "pass", abs(new - old), limit, f"{said}{end}", unit="points"
    )
