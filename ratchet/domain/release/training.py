"""What a training depends on, as one fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from ratchet.domain.policy import Policy

if TYPE_CHECKING:
    import pandas as pd


class TrainPolicy(Policy):
    """The section `train` of `params.yaml`."""

    seed: int = Field(1, ge=0, description="seed of everything random in a training")
    timeout_minutes: float = Field(120, gt=0, description="a training that takes longer is ended")


def fingerprint(parts: Mapping[str, str]) -> str:
    """Return one SHA-256 over named digests; equal ones mean that training would give the same model."""
    return hashlib.sha256(json.dumps(dict(parts), sort_keys=True).encode()).hexdigest()


def rows_digest(rows: pd.DataFrame) -> str:
    """Return one SHA-256 over training rows: texts, labels and contexts, in their order."""
    return hashlib.sha256(rows.to_csv(index=False, lineterminator="\n").encode()).hexdigest()
