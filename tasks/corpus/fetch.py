"""fetch: get the corpus of the working tree or of a Git revision."""

from __future__ import annotations

from pathlib import Path

from ratchet.adapters.corpus import data_revisions, dvc, following, ledger_history
from ratchet.adapters.run import Run
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import git
from ratchet.domain.corpus.corpus import Corpus
from ratchet.domain.errors import RatchetError
from tasks.step import say, step

CHAMPION, NEWEST = "champion", "HEAD"


@step(
    lambda corpus: f"{len(corpus.frame):,} messages, data revision {corpus.revision[:8]}",
    retries=2,
    retry_delay_seconds=5,
    retry_condition_fn=lambda task, task_run, state: isinstance(state.data, dvc.RemoteUnreachable),
)
def fetch(run: Run, revision: str | None) -> Corpus:
    """Return the corpus, which the remote must hold too: a release refers to its data forever.

    `revision` is a Git revision, `champion` for the data of the champion, or None for the working tree.
    """
    settings = run.settings
    workspace = settings.workspace
    champion = run.registry.champion() if revision == CHAMPION else None
    if champion is not None:
        git_revision, data_revision = None, champion.lineage.data_revision
        folder = data_revisions.stored(settings, data_revision)
    else:
        named = NEWEST if revision == CHAMPION else revision
        git_revision = git.resolve(workspace, named) if named else None
        if git_revision is None:
            follow(settings)
        data_revision = dvc.revision(workspace, git_revision)
        folder = folder_of(settings, git_revision, data_revision)
    if not dvc.pushed(workspace, data_revision):
        raise RatchetError(
            f"Data revision {data_revision[:12]} is not in the DVC remote.", "Put it there: `dvc push`."
        )
    return data_revisions.read_folder(settings, folder, data_revision, git_revision)


def follow(settings: Settings) -> None:
    """Bring `data/` to what `data.dvc` names where Git moved that; a merge that left messages out is named."""
    try:
        ledger_history.require_both_sides(settings, "`ratchet retrain`")
        if settled := following.bring_along(settings.workspace, say):
            say(settled)
    except dvc.NotInRemote as error:
        raise ledger_history.instead(settings, error, dvc.revision(settings.workspace)) from error


def folder_of(settings: Settings, git_revision: str | None, data_revision: str) -> Path:
    """Return the folder with the data of a Git revision or of the working tree (None); errors name the way back."""
    try:
        return dvc.fetch(settings.workspace, git_revision, settings.state / "data")
    except dvc.DataChanged:  # also where data.dvc alone was taken back, and data/ is still the newer one
        ledger_history.require_newest(settings, "`ratchet retrain`")
        raise
    except dvc.NotInRemote as error:
        raise ledger_history.instead(settings, error, data_revision) from error
