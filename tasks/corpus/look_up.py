"""look_up: find the bot's files that name an intent, and see that it can be renamed."""

from __future__ import annotations

from pathlib import Path

from ratchet.adapters.bot import naming
from ratchet.adapters.corpus import dvc
from ratchet.adapters.corpus.data_folder import Store
from ratchet.adapters.run import Run
from ratchet.adapters.system import git
from ratchet.domain.corpus import naming as texts
from ratchet.domain.errors import RatchetError
from tasks.step import step


@step(lambda files: f"{len(files)} files of the bot name it")
def look_up(run: Run, before: Store, old: str, new: str, merge: bool) -> dict[Path, str]:
    """Return the new texts of the bot's files that name the intent; it may be gone from the data already.

    Raises `RatchetError` where there is nothing to rename, where the new name is taken and `merge` does not say that
    the two become one, or where what would be committed has changes of someone's own.
    """
    intents = set(before.frame["intent"])
    if before.differs:
        raise RatchetError(
            "data/ has changes that were not taken in.", "Take them in first: `ratchet ingest --commit`."
        )
    gone = (
        old not in intents and new in intents
    )  # renamed in the data by hand: what is left are the bot's files
    if old not in intents and not gone:
        raise RatchetError(
            f"The corpus has no intent {old!r}.", "`ratchet data show` counts those there are."
        )
    if new in intents and not merge and not gone:
        raise RatchetError(
            f"The corpus has an intent {new!r} already.", "Add --merge to let the two become one."
        )
    if old == run.settings.params.corpus.out_of_scope:
        raise RatchetError(
            f"{old} is the intent for what the bot is not meant for.",
            "Rename corpus.out_of_scope in params.yaml, too.",
        )
    known = naming.files(run.settings)
    changed = {path: texts.renamed(text, old, new) for path, text in known.items()}
    changed = {path: text for path, text in changed.items() if text != known[path]}
    # without anything to change, a run that was killed may have left files that have the new name
    touched = changed or [path for path, text in known.items() if texts.renamed(text, new, old) != text]
    beside = [] if gone and changed else [run.settings.workspace / dvc.POINTER]
    require_clean(run, [*touched, *beside])
    return changed


def require_clean(run: Run, paths: list[Path]) -> None:
    """Raise `RatchetError` where one of the files differs from the commit: the commit would take that along."""
    workspace = run.settings.workspace
    if not git.in_repository(workspace):
        return
    said = git.git(workspace, "status", "--porcelain", "--untracked-files=all", "--", *map(str, paths))
    if said:
        changed = ", ".join(line[3:] for line in said.splitlines()[:4])
        raise RatchetError(
            f"There are changes that are not committed: {changed}.", "Commit them, or `git stash` them."
        )
