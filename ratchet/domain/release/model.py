"""A registered model: what the registry says of it besides the archive itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from ratchet.domain.record import Record
from ratchet.domain.release.manifest import Lineage


@dataclass(frozen=True)
class Model(Record):
    """One version of the registered model; shares in [0, 1].

    `decision` is what the gate returned for it, and `reasons` its sentences. `champion` is the version that
    it was compared with on the holdout named by `holdout_version`, "" when there was none; `accuracy` and
    `interval` are of that day. `intents` counts the training rows of each. `report` is the page about it, on
    the machine that trained. `ledger_rows` is how many rows the ledger had then, 0 where that was not recorded.
    `musts` is the digest of the messages that must never go wrong, "" where there were none.
    """

    version: str
    run_id: str
    model_id: str
    sha256: str
    lineage: Lineage
    training_rows: int
    intents: dict[str, int]
    holdout_version: str
    holdout_rows: int
    accuracy: float
    interval: tuple[float, float]
    champion: str
    champion_accuracy: float | None
    target: float
    miss: bool
    data_grew: bool
    decision: str
    reasons: tuple[str, ...]
    created_at: str
    run_name: str
    report: str
    ledger_rows: int = 0
    musts: str = ""


class Next(StrEnum):
    """What a retrain has to do."""

    TRAIN = "train"
    RELEASE = "release"
    NOTHING = "nothing"


def next_step(
    known: Model | None,
    champion: Model | None,
    released: Collection[str],
    holdout_version: str,
    elsewhere: bool = False,
    musts: str = "",
) -> Next:
    """Decide what a retrain does when `known` is the model already trained from the same rows, code and seed.

    `released` are the versions that were live at some time: one that a person rolled back is not released
    again by itself. One that is older than the champion is no such model: data or code went back to it since, as
    after a restore, and that is judged like any change. A model that was judged against another champion, on
    another holdout, or by other messages that must never go wrong (`musts`, their digest), is judged again.
    `elsewhere` tells that the live release is on another target than the one that releases go to now: the
    champion follows.
    """
    if known is None:
        return Next.TRAIN
    verdict = Next.RELEASE if known.decision == "promote" else Next.NOTHING
    if champion is not None and known.lineage.fingerprint == champion.lineage.fingerprint:
        return verdict if elsewhere else Next.NOTHING
    gone_back = champion is not None and int(known.version) < int(champion.version)
    if known.version in released and not gone_back:
        return Next.NOTHING
    judged_by = (known.champion, known.holdout_version, known.musts)
    if judged_by != (champion.version if champion else "", holdout_version, musts):
        return Next.TRAIN
    return verdict
