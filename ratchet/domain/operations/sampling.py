"""From production back to the corpus: which messages people label, and what their labels say about all traffic.

The messages of a week fall into five strata of equal size by the model's confidence. As many are drawn from each, so
that the many easy ones do not crowd out the doubtful ones; an estimate weighs the strata by what they hold.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
import pandas as pd

from ratchet.domain.corpus.corpus import normalised
from ratchet.domain.corpus.forgotten_words import PRODUCTION
from ratchet.domain.corpus.personal_data import mask
from ratchet.domain.operations.policies import STRATA as STRATA
from ratchet.domain.operations.policies import HarvestPolicy as HarvestPolicy
from ratchet.domain.operations.traffic import FALLBACK, HANDOFF
from ratchet.domain.record import Record
from ratchet.domain.wording import percent

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
"""Characters with which a message could control the terminal of the person who labels it."""
SUGGESTIONS = 3
SOURCE = PRODUCTION


@dataclass(frozen=True)
class Estimate(Record):
    """The share of a period's messages that were answered rightly, with its 95% interval; shares in [0, 1].

    `messages` were there, `labelled` of them have a label. `versions` are the models that answered,
    `holdout_accuracy` is the newest one's on its holdout.
    """

    name: str
    messages: int
    labelled: int
    accuracy: float
    interval: tuple[float, float]
    versions: tuple[str, ...] = ()
    holdout_accuracy: float | None = None

    @property
    def sentence(self) -> str:
        """The figure with what it rests on."""
        low, high = self.interval
        return (
            f"{percent(self.accuracy)} ({percent(low)} to {percent(high)}) of {self.messages:,} messages, "
            f"from {self.labelled:,} labels"
        )


def eligible(messages: pd.DataFrame, out_of_scope: str, allowed: Sequence[str] = ()) -> pd.DataFrame:
    """Return the messages that can be labelled, scrubbed of personal data, with their stratum.

    Left out: `/commands`, which people do not write, and messages that could not be processed. Columns: `text`,
    `form` (normal form), `context` (JSON), `guess` (a fallback counts as the answer 'out of scope'),
    `confidence`, `suggestions` (the likeliest intents), `stratum` (0: least sure), and `rated` (up, down, "") where the
    messages have it.
    """
    texts = messages["text"].str.strip()
    usable = messages[~messages["failed"].astype(bool) & ~texts.str.startswith("/") & (texts != "")]
    scrubbed = [mask(CONTROL.sub(" ", text), allowed) for text in usable["text"].str.strip()]
    ranked = [json.loads(ranking) for ranking in usable["ranking"]]
    frame = pd.DataFrame(
        {
            "text": scrubbed,
            "form": normalised(scrubbed),
            "context": [json.dumps(json.loads(text), sort_keys=True) for text in usable["context"]],
            "guess": usable["intent"].replace(dict.fromkeys((FALLBACK, HANDOFF), out_of_scope)).to_list(),
            "confidence": usable["confidence"].to_list(),
            "suggestions": [[name for name, _ in ranking[:SUGGESTIONS]] for ranking in ranked],
        }
    )
    if "rated" in usable:
        frame = frame.assign(rated=usable["rated"].to_list())
    ranks = frame["confidence"].rank(method="first").to_numpy()
    return frame.assign(stratum=(np.ceil(ranks * STRATA / max(len(frame), 1)) - 1).astype(int))


def draw(messages: pd.DataFrame, count: int, name: str) -> pd.DataFrame:
    """Draw eligible messages, as many from each stratum, always the same ones under one `name`.

    A message that was written several times has as many chances, and comes once, with `drawn`, how often it was
    drawn. The least sure come first.
    """
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    each = -(-count // STRATA)
    parts = [
        stratum.iloc[np.sort(generator.permutation(len(stratum))[:each])]
        for _, stratum in messages.groupby("stratum")
    ]
    if not parts:
        return messages.assign(drawn=0)
    drawn = pd.concat(parts)
    same = ["stratum", "form", "context", "guess"]
    counted = drawn.assign(drawn=drawn.groupby(same)["form"].transform("size")).drop_duplicates(same)
    return counted.sort_values("confidence", kind="stable", ignore_index=True)


def with_bad(drawn: pd.DataFrame, messages: pd.DataFrame, most: int) -> pd.DataFrame:
    """Put the messages first whose answer users rated down; `most` of those that were not drawn come beside.

    These have `drawn` 0: an estimate does not see them, because they were not left to chance.
    """
    same = ["form", "context", "guess"]
    if "rated" not in messages or not (messages["rated"] == "down").any():
        return drawn
    bad = messages[messages["rated"] == "down"].drop_duplicates(same, keep="last")
    is_bad = pd.MultiIndex.from_frame(drawn[same]).isin(pd.MultiIndex.from_frame(bad[same]))
    beside = ~pd.MultiIndex.from_frame(bad[same]).isin(pd.MultiIndex.from_frame(drawn[same]))
    first = pd.concat([drawn[is_bad], bad[beside].tail(most).assign(drawn=0)]).assign(rated="down")
    return pd.concat([first, drawn[~is_bad]], ignore_index=True)


def estimate(strata: Sequence[int], sample: pd.DataFrame, name: str = "") -> Estimate | None:
    """Estimate the accuracy on all messages; None while a stratum has no label.

    `strata` counts the messages of each stratum, `sample` has `stratum`, `drawn`, `guess` and `intent` ("" without
    a label). The estimate is the stratified mean Σ W·p (Cochran, Sampling Techniques, 1977, 5.3). Its interval is
    Wilson's for the sample size that would give a simple sample the same variance (Korn and Graubard, Survey
    Methodology 24, 1998); the variance within a stratum takes (right + 1) / (labels + 2) for its share, so that a
    stratum without an error in its few labels is not taken for certain.
    """
    labelled = sample[sample["intent"] != ""]
    right = labelled["drawn"] * (labelled["intent"] == labelled["guess"])
    labels, rights = (
        values.groupby(labelled["stratum"]).sum().reindex(range(STRATA), fill_value=0).to_numpy(dtype=float)
        for values in (labelled["drawn"], right)
    )
    sizes = np.asarray(strata, dtype=float)
    if (labels[sizes > 0] == 0).any() or sizes.sum() == 0:
        return None
    there = sizes > 0
    weights, labels, rights = sizes[there] / sizes.sum(), labels[there], rights[there]
    share = float((weights * rights / labels).sum())
    careful = (rights + 1) / (labels + 2)
    variance = float((weights**2 * careful * (1 - careful) / labels).sum())
    middle = float((weights * careful).sum())
    interval = wilson_of_share(share, middle * (1 - middle) / variance)
    return Estimate(name, int(sizes.sum()), int(labels.sum()), share, interval)


def wilson_of_share(share: float, size: float) -> tuple[float, float]:
    """The 95% Wilson interval of a share in a sample of a size that need not be whole."""
    z = NormalDist().inv_cdf(0.975)
    weight = z * z / size
    centre = (share + weight / 2) / (1 + weight)
    half = z * sqrt(share * (1 - share) / size + weight / (4 * size)) / (1 + weight)
    return max(centre - half, 0.0), min(centre + half, 1.0)
