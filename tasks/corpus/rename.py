"""rename: give an intent another name in the corpus, the domain, rules, stories and tests, in one commit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ratchet.adapters.corpus import dvc
from ratchet.adapters.corpus.data_folder import Store
from ratchet.adapters.run import Run
from ratchet.adapters.system import git
from ratchet.adapters.system.files import write_text
from ratchet.domain.wording import count
from tasks.corpus.store import store
from tasks.step import step


@step(str)
def rename(run: Run, before: Store, old: str, new: str, files: Mapping[Path, str]) -> str:
    """Write all of it and commit it; returns the commit, or the data revision without Git.

    Where something fails before the new data is stored, every file is as it was.
    """
    intents = before.frame["intent"]
    frame = before.frame.assign(intent=[new if one == old else one for one in intents])
    were = {path: path.read_bytes() for path in files}
    try:
        for path, text in files.items():
            write_text(path, text)
        revision = store.fn(run, frame, before.ledger, {}) if old in set(intents) else before.revision
    except BaseException:
        for path, content in were.items():
            path.write_bytes(content)
        raise
    workspace = run.settings.workspace
    if not git.in_repository(workspace):
        return revision
    number, paths = int((intents == old).sum()), [str(path.relative_to(workspace)) for path in files]
    if not number and not paths:
        return git.git(workspace, "rev-parse", "HEAD")  # already so
    if not number:
        return git.commit(workspace, paths, f"Bot: {old} is {new} now, as in the data")
    return git.commit(
        workspace, [dvc.POINTER, *paths], f"Data: {old} is {new} now ({count(number, 'message')})"
    )
