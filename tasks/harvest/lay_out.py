"""lay_out: write the labelling file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ratchet.adapters.monitoring import harvest
from ratchet.adapters.monitoring.harvest import Strata
from ratchet.adapters.settings import Settings
from tasks.step import step


@step(str)
def lay_out(settings: Settings, sample: pd.DataFrame, strata: Strata) -> Path:
    """Write the sample whole and return its file; one that someone has begun to label is not overwritten."""
    return harvest.write(settings, sample, strata)
