"""harvest: gather → pick → lay out."""

from __future__ import annotations

from datetime import UTC, datetime

from flows.process import process
from ratchet.adapters.settings import load_settings
from tasks.harvest.gather import gather
from tasks.harvest.lay_out import lay_out
from tasks.harvest.pick import pick


@process()
def harvest(workspace: str | None = None) -> str:
    """Draw messages of the last days for labelling and return the file: `ratchet label FILE` goes through it.

    Args:
        workspace: The folder to work in; empty for the one that the worker serves.
    """
    settings = load_settings(workspace)
    gathered = gather(settings, datetime.now(UTC))
    return str(lay_out(settings, pick(settings, gathered), gathered.strata))
