"""reinstate: put older messages with their ledger into cache and remote, and in the place of `data/`."""

from __future__ import annotations

import shutil

from adapters import corpus_store, dvc, ledger_history
from adapters.run import Run
from domain.ledger import distinct, form_of
from domain.restoration import Restored
from tasks.inherit import Inherited
from tasks.reclaim import Reclaimed
from tasks.step import step


@step(lambda done: f"data revision {done.revision[:8]} is in the remote")
def reinstate(run: Run, reclaimed: Reclaimed, inherited: Inherited) -> Restored:
    """Return what came of it; until the remote holds the new revision, nothing in the workspace changes."""
    workspace, params = run.settings.workspace, run.settings.params
    before = ledger_history.current(workspace)
    folder, extras = corpus_store.staging(workspace), reclaimed.folder / corpus_store.EXTRAS
    messages = inherited.frame[params.corpus.columns]
    corpus_store.write(folder, messages, inherited.sides, params.split)
    if extras.is_dir():
        shutil.copytree(extras, folder / corpus_store.EXTRAS)
    pointer = dvc.add(workspace, folder)
    dvc.push(workspace, pointer.revision)
    corpus_store.swap(workspace, pointer)
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
