"""reinstate: put older messages with their ledger into cache and remote, and in the place of `data/`."""

from __future__ import annotations

import shutil

from ratchet.adapters.corpus import data_folder, dvc, ledger_history
from ratchet.adapters.run import Run
from ratchet.domain.corpus.ledger import distinct, form_of
from ratchet.domain.corpus.restoration import Restored
from tasks.corpus.inherit import Inherited
from tasks.corpus.reclaim import Reclaimed
from tasks.step import step


@step(lambda done: f"data revision {done.revision[:8]} is in the remote")
def reinstate(run: Run, reclaimed: Reclaimed, inherited: Inherited) -> Restored:
    """Return what came of it; until the remote holds the new revision, nothing in the workspace changes."""
    workspace, params = run.settings.workspace, run.settings.params
    before = ledger_history.current(workspace)
    folder, extras = data_folder.staging(workspace), reclaimed.folder / data_folder.EXTRAS
    messages = inherited.frame[params.corpus.columns]
    data_folder.write(folder, messages, inherited.sides, params.split)
    if extras.is_dir():
        shutil.copytree(extras, folder / data_folder.EXTRAS)
    pointer = dvc.add(workspace, folder)
    dvc.push(workspace, pointer.revision)
    data_folder.swap(workspace, pointer)
    used = len(distinct(messages, params.split, form_of(inherited.sides)))
    return Restored(
        wanted=reclaimed.revision,
        ledger=inherited.revision,
        revision=pointer.revision,
        changed=before != [pointer.revision],
        messages=len(messages),
        intents=messages["intent"].nunique(),
        carried=len(inherited.sides) - used,
        placed=len(inherited.sides) - inherited.known,
        left_out=len(reclaimed.frame) - len(messages),
        unread=inherited.unread,
    )
