"""remember: note in params.yaml how a source's files are written, so that no one has to say it twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ratchet.adapters.readers import known
from ratchet.adapters.readers.reading import Columns
from ratchet.adapters.run import Run
from ratchet.adapters.system import git
from ratchet.domain.errors import RatchetError
from tasks.step import note, step


@step(lambda changed: ", ".join(changed) or "nothing new")
def remember(run: Run, files: Sequence[str], columns: Columns) -> Sequence[str]:
    """Return what may be committed with the data: `params.yaml`, unless it had changes of its own before."""
    workspace = run.settings.workspace
    if not files or Path(files[0]).is_dir():
        return ()
    clean = git.in_repository(workspace) and not git.changed(workspace, known.PARAMS)
    try:
        name = known.remember(run.settings, Path(files[0]), columns)
    except RatchetError as error:
        note(str(error))
        return ()
    if not name:
        return ()
    note(f"Remembered in params.yaml as sources.{name}: the next file of this kind needs no options.")
    return (known.PARAMS,) if clean else ()
