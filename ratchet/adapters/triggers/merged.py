"""Whether a model was made of what is checked out: nothing of an unmerged branch reaches people."""

from __future__ import annotations

from ratchet.adapters.bot import bot_code
from ratchet.adapters.corpus import dvc
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import git
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.model import Model


def require(settings: Settings, model: Model, live: Release | None) -> None:
    """Raise `RatchetError` unless code and data that shaped the model are those of the checked-out branch.

    Contents count, not commits, so that a squashed or rebased branch is merged, too. The data may be older: any
    that `data.dvc` named in the branch's history, or that of the live release, which people talk to already.
    """
    lineage, bot = model.lineage, settings.bot
    if (bot_code.shaping_hash(bot), bot_code.lock_hash(bot)) != (lineage.code_hash, lineage.lock_hash):
        raise RatchetError(
            f"Version {model.version} was trained with other code than is checked out"
            f"{f' (commit {lineage.code_commit[:8]})' if lineage.code_commit else ''}: it would run untested.",
            "Merge or check out that code, or retrain; to go back to an older release: `ratchet rollback --to`.",
        )
    revision = lineage.data_revision
    if not (live and live.lineage.data_revision == revision) and not in_history(settings, revision):
        raise RatchetError(
            f"Version {model.version} was trained on data revision {revision[:12]}, which the checked-out branch"
            " never had.",
            "Merge the branch that it comes from first, then run the same command again.",
        )


def in_history(settings: Settings, data_revision: str) -> bool:
    """Tell whether `data.dvc` names a revision in the working tree or did in a commit that is merged.

    Without Git there are no branches: then every revision counts as merged.
    """
    workspace = settings.workspace
    if (workspace / dvc.POINTER).exists() and dvc.revision(workspace) == data_revision:
        return True
    if not git.in_repository(workspace):
        return True
    return bool(
        git.git(workspace, "log", "-1", "--format=%H", f"-S{data_revision}", "HEAD", "--", dvc.POINTER)
    )
