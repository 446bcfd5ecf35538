"""rename: load → look_up → rename; an intent gets another name everywhere, in one commit."""

from __future__ import annotations

from typing import Any

from flows.process import process
from ratchet.adapters.run import begin
from tasks.corpus.load import load
from tasks.corpus.look_up import look_up
from tasks.corpus.rename import rename as give_name


@process()
def rename(old: str, new: str, workspace: str | None = None, merge: bool = False) -> dict[str, Any]:
    """Rename an intent in the corpus, the domain, rules, stories and tests.

    Args:
        old: The name that it has.
        new: The name that it gets.
        workspace: The folder to work in; empty for the one that the worker serves.
        merge: The new name may be that of another intent: the two become one.
    """
    with begin(workspace, f"Renaming {old}", "by hand", fleet=False) as run:
        before = load(run)
        files = look_up(run, before, old, new, merge)
        commit = give_name(run, before, old, new, files)
        names = sorted(str(path.relative_to(run.settings.workspace)) for path in files)
        return {"commit": commit, "files": names, "messages": int((before.frame["intent"] == old).sum())}
