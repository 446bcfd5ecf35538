"""gather: fetch the messages of the last days, scrubbed, in strata by confidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from ratchet.adapters.bot import traffic
from ratchet.adapters.monitoring import harvest
from ratchet.adapters.monitoring.harvest import Strata
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations import sampling
from tasks.step import step


@dataclass(frozen=True)
class Gathered:
    """Messages that can be labelled (see `sampling.eligible`), and what they stand for."""

    messages: pd.DataFrame
    strata: Strata


@step(lambda gathered: f"{len(gathered.messages):,} messages of {gathered.strata.name}")
def gather(settings: Settings, now: datetime) -> Gathered:
    """Return the messages; raises `RatchetError` when there are none."""
    policy, registry = settings.params, Registry(settings)
    begun = harvest.began(settings, now)
    found = traffic.since(settings, begun)
    rated = traffic.ratings(settings, begun).set_index("id")["rating"].to_dict()
    found = found.assign(rated=[rated.get(id, "") for id in found["id"]])
    messages = sampling.eligible(found, policy.corpus.out_of_scope, policy.validation.personal_data_allowed)
    if messages.empty:
        raise RatchetError(
            f"No messages were recorded in the last {policy.harvest.days:g} days.",
            "Let people talk to the bot; on Docker Swarm set RATCHET_EVENTS_URL (docs/operation.md).",
        )
    sizes = messages["stratum"].value_counts().reindex(range(sampling.STRATA), fill_value=0)
    champion = registry.champion()
    strata = Strata(
        name=harvest.name_of(now),
        sizes=tuple(int(size) for size in sizes),
        versions=tuple(sorted(set(found["model_version"]), key=str)),
        holdout_accuracy=champion.accuracy if champion else None,
    )
    return Gathered(messages, strata)
