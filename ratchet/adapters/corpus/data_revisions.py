"""The corpus as it was at some data revision, fetched once and kept by its hash under `.ratchet/data`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ratchet.adapters.corpus import data_folder, dvc, following
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import git
from ratchet.domain.corpus.corpus import Corpus
from ratchet.domain.corpus.unchecked import Unchecked


def read_revision(
    settings: Settings, git_revision: str | None, say: Callable[[str], None] = lambda text: None
) -> Corpus:
    """Return the corpus of a Git revision, or (None) of `data/` as it is now, changes by hand included.

    `data/` is fetched where this clone does not have it yet, and follows `data.dvc` where Git moved that.
    """
    data = settings.workspace / dvc.FOLDER
    if git_revision is not None:
        git.resolve(settings.workspace, git_revision)
    if git_revision is None:
        following.bring_along_unless_busy(settings, say)
    if git_revision is None and data.is_dir():
        folder = data
    else:
        folder = dvc.fetch(settings.workspace, git_revision, settings.state / "data")
    return read_folder(settings, folder, dvc.revision(settings.workspace, git_revision), git_revision)


def read_folder(settings: Settings, folder: Path, revision: str, git_revision: str | None = None) -> Corpus:
    """Return the corpus in a folder."""
    params = settings.params
    return Corpus(
        frame=data_folder.read_messages(folder, params.corpus),
        ledger=data_folder.read_ledger(folder, params.split),
        revision=revision,
        git_revision=git_revision or "",
        folder=folder,
    )


def sample_texts(settings: Settings, count: int) -> list[str]:
    """Return some texts of the working tree's corpus, always the same ones.

    `data/` is not there after a run has brought new data: then those are the texts of what `data.dvc` names. Raises
    `RatchetError` where there is no corpus.
    """
    data = settings.workspace / dvc.FOLDER
    if not (data / data_folder.UTTERANCES).is_file():
        data = stored(settings, dvc.revision(settings.workspace))
    return data_folder.sample_texts(data, count)


def stored(settings: Settings, revision: str) -> Path:
    """Return the folder of a data revision, checked out under `.ratchet/`.

    Raises `dvc.NotInRemote` when neither the cache nor the remote has it.
    """
    return dvc.checkout(settings.workspace, revision, settings.state / "data")


def earlier(settings: Settings, revision: str, check: str) -> Path | Unchecked:
    """Return the folder of the data revision that `check` needs; where it is lost, the finding that says so."""
    try:
        return stored(settings, revision)
    except dvc.NotInRemote as error:
        return Unchecked(check, error.fact)
