"""How much of the holdout may be retired, and the ways to give an intent something to train on."""

from __future__ import annotations

import shlex
from collections.abc import Collection

from ratchet.domain.corpus.corpus import normalised
from ratchet.domain.corpus.coverage import Uncovered
from ratchet.domain.corpus.languages import of_rows
from ratchet.domain.corpus.ledger import Split
from ratchet.domain.corpus.neighbours import ALONE, Texts, Work, near_pairs
from ratchet.domain.corpus.policies import RetirePolicy as RetirePolicy
from ratchet.domain.corpus.retirement import Retirement, plan
from ratchet.domain.errors import RatchetError
from ratchet.domain.wording import count, listed, percent

KEY = "gate.retire.{}"
WORD_DIFFERENTLY = "Ingest messages of it that are worded differently."


def refusal(planned: Retirement, policy: RetirePolicy, intents: Collection[str] = ()) -> RatchetError | None:
    """Return why a retirement may not be done, with what can be done instead; None where it may.

    `intents` are those that were named: with several, fewer can be named.
    """
    share = planned.rows / planned.holdout
    changes = []
    fact = (
        f"{planned.rows:,} of {count(planned.holdout, 'holdout message')} ({percent(share)}) would go, and"
        f" {planned.remaining:,} remain: "
    )
    limits = []
    if planned.remaining < policy.min_holdout_rows:
        limits.append(f"fewer than {policy.min_holdout_rows:,} ({KEY.format('min_holdout_rows')})")
        changes.append(f"{KEY.format('min_holdout_rows')} to {planned.remaining}")
    if share > policy.max_percent / 100:
        limits.append(f"more than {policy.max_percent:g}% at once ({KEY.format('max_percent')})")
        changes.append(f"{KEY.format('max_percent')} to {int(100 * share) + 1}")
    if not limits:
        return None
    ways = ["Ingest more messages first: a quarter of those that resemble no other goes to the holdout"]
    ways += ["name fewer intents"] if len(intents) > 1 else []
    ways += [f"set {' and '.join(changes)} in params.yaml"] if planned.remaining else []
    return RatchetError(f"{fact}{' and '.join(limits)}.", f"{', or '.join(ways)}.")


def way_out(
    split: Split,
    untrained: Collection[Uncovered],
    policy: RetirePolicy,
    near_duplicate: float,
    work: Work = ALONE,
) -> str:
    """Return what gives untrained intents something to train on: a retirement where it may be done, else messages."""
    held_out = [one.intent for one in untrained if one.held_out]
    rest = [one.intent for one in untrained if not one.held_out]
    ways = []
    if held_out and may_retire(split, held_out, policy, near_duplicate, work):
        ways.append(f"Move them to training: `{command(held_out)}`.")
    else:
        rest = held_out + rest
    if rest:
        ways.append(f"Ingest messages of {listed(rest)} that are worded differently.")
    return " ".join(ways)


def way_in(
    split: Split,
    texts: Texts,
    policy: RetirePolicy,
    near_duplicate: float,
    work: Work = ALONE,
) -> str:
    """Return what makes room for new texts (in normal form) that are too near the holdout to be trained on.

    `split` is that of the corpus without them.
    """
    holdout = split.holdout
    held_out = Texts(normalised(holdout["text"], split.form), of_rows(holdout, split.language))
    found = near_pairs(held_out, texts, near_duplicate, work)
    near = sorted({str(holdout["intent"].iloc[place]) for here, _ in found for place in here.tolist()})
    if not near or not may_retire(split, near, policy, near_duplicate, work):
        return WORD_DIFFERENTLY
    return (
        f"Its messages lie near the holdout of {listed(near)}. {WORD_DIFFERENTLY} Or move those of {listed(near)} to"
        f" training with `{command(near)}`, and ingest again."
    )


def may_retire(
    split: Split, intents: Collection[str], policy: RetirePolicy, near_duplicate: float, work: Work = ALONE
) -> bool:
    """Tell whether the holdout messages of intents could be retired now."""
    chosen = split.holdout["intent"].isin(list(intents)).to_numpy()
    return refusal(plan(split, chosen, near_duplicate, work), policy) is None


def command(intents: Collection[str]) -> str:
    """Return the command that retires intents."""
    return f"ratchet data retire {shlex.join(intents)}"
