"""reclaim: get the messages of an older data revision."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ratchet.adapters.corpus import data_folder, data_revisions, dvc, ledger_history
from ratchet.adapters.run import Run
from ratchet.domain.errors import RatchetError
from tasks.step import say, step


@dataclass(frozen=True)
class Reclaimed:
    """The messages of a data revision, and its folder."""

    revision: str
    frame: pd.DataFrame
    folder: Path


@step(lambda found: f"{len(found.frame):,} messages, data revision {found.revision[:8]}")
def reclaim(run: Run, wanted: str) -> Reclaimed:
    """Return the messages that a Git revision or a data revision's hash names.

    Raises `RatchetError` when there is no such revision, it is lost, or `data/` holds what is stored nowhere.
    """
    settings = run.settings
    if settled := data_folder.recover(settings.workspace):
        say(settled)
    require_stored(settings.workspace)
    registered = [model.lineage.data_revision for model in run.registry.models()]
    revision = ledger_history.resolve(settings, wanted, registered)
    folder = data_revisions.stored(settings, revision)
    return Reclaimed(revision, data_folder.read_messages(folder, settings.params.corpus), folder)


def require_stored(workspace: Path) -> None:
    """Raise `RatchetError` where `data/`, which is about to be replaced, was changed by hand."""
    data = workspace / dvc.FOLDER
    if data.is_dir() and not dvc.cached(workspace, dvc.describe(workspace, data).revision):
        raise RatchetError(
            "data/ was changed by hand, and would be replaced.",
            f"Take the change in with `ratchet ingest`, or put it aside with `{dvc.RESET}`.",
        )
