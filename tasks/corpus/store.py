"""store: put the new corpus into the cache, the remote and, in one step, in the place of the old."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ratchet.adapters.corpus import data_folder, dvc
from ratchet.adapters.run import Run
from tasks.step import step


@step(lambda revision: f"data revision {revision[:8]} is in the remote")
def store(
    run: Run, messages: pd.DataFrame, sides: pd.DataFrame, extras: Mapping[str, Mapping[str, list[str]]]
) -> str:
    """Return the new data revision; until the remote holds it, nothing in the workspace changes."""
    workspace, params = run.settings.workspace, run.settings.params
    folder = data_folder.staging(workspace)
    data_folder.write(folder, messages[params.corpus.columns], sides, params.split)
    data_folder.write_extras(folder, workspace / dvc.FOLDER / data_folder.EXTRAS, extras)
    pointer = dvc.add(workspace, folder)
    dvc.push(workspace, pointer.revision)
    data_folder.swap(workspace, pointer)
    return pointer.revision
