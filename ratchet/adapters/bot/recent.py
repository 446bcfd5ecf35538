"""The newest messages that people wrote, as models are asked them; none leaves this machine."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pandas as pd

from ratchet.adapters.bot import traffic
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate import recent

REPEATED = 4
"""People repeat themselves: this many times the wanted number of messages is read, and the distinct ones are kept."""


def read(settings: Settings, now: datetime) -> pd.DataFrame | str | None:
    """Return the newest different messages that the policy asks for (`gate.recent`), oldest first.

    None where it asks none; why they cannot be read, as a sentence, where the database does not answer.
    """
    policy, corpus = settings.params.gate.recent, settings.params.corpus
    if not policy.messages:
        return None
    begin = (now.astimezone(UTC) - timedelta(days=policy.days)).timestamp()
    try:
        found = traffic.newest(settings, begin, REPEATED * policy.messages)
    except RatchetError as error:
        return error.fact
    contexts = [json.loads(text) for text in found["context"]]
    return recent.sheet(found, contexts, list(corpus.context), policy.messages)
