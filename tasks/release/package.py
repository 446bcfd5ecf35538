"""package: make the immutable thing that is released, and its manifest."""

from __future__ import annotations

from datetime import UTC, datetime

from ratchet.adapters.bot import bot_code, project
from ratchet.adapters.registry import encoders
from ratchet.adapters.run import Run
from ratchet.adapters.system import git
from ratchet.adapters.system.files import refuse_pointers
from ratchet.adapters.triggers import merged
from ratchet.domain.release.manifest import Release, release_id
from ratchet.domain.release.model import Model
from tasks.step import say, step


@step(
    lambda release: (
        f"release {release.id}, {release.target} bundle {release.bundle.removeprefix('sha256:')[:12]}"
    )
)
def package(run: Run, model: Model) -> Release:
    """Package a registered model, its digest verified, with the code of the working tree.

    Raises `RatchetError` for those of an unmerged branch, Git LFS pointers, channels or actions that cannot be served.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    registry, settings = run.registry, run.settings
    live = registry.live()
    refuse_pointers(bot_code.code_files(settings.bot).values(), settings.workspace)
    project.inspect(settings, say)
    merged.require(settings, model, live)
    override = registry.override(model)
    commit = git.code_commit(settings.workspace)
    labels = labels_of(run, model, commit)
    code = bot_code.code_digest(settings.bot)
    bundle = run.target.package(registry.archive(model), model.sha256, labels, say)
    return Release(
        id=release_id(now, model.sha256, bundle),
        created_at=now,
        model_version=model.version,
        model_id=model.model_id,
        model_sha256=model.sha256,
        lineage=model.lineage,
        code_commit=commit,
        target=run.target.name,
        bundle=bundle,
        verdict=model.decision,
        override=override.as_dict() if override else None,
        previous=live.id if live else None,
        reason=run.trigger,
        code=code,
    )


def labels_of(run: Run, model: Model, commit: str) -> dict[str, str]:
    """Return what an image says of itself; the weights of the model's sentence encoder are here then."""
    labels = {
        "version": model.version,
        "revision": commit,
        "model": model.sha256,
        "data": model.lineage.data_revision,
    }
    encoder = model.lineage.encoder
    encoders.ready(run.settings, run.registry, encoder, say)
    return {**labels, "encoder": encoder} if encoder else labels
