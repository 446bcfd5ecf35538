"""release: authorise → package → stage → deploy → verify → record."""

from __future__ import annotations

import contextlib

from adapters.run import Run, begin
from domain.model import Model
from domain.release import Release
from flows.process import process
from tasks.again import again
from tasks.already import already
from tasks.authorise import authorise
from tasks.deploy import deploy
from tasks.package import package
from tasks.record import record
from tasks.recover import recover
from tasks.rehearse import rehearse
from tasks.serve import serve
from tasks.stage import stage
from tasks.sync import sync as take_newest
from tasks.verify import verify


@process()
def release(
    version: str | None = None, workspace: str | None = None, trigger: str = "by hand", sync: bool = False
) -> Release:
    """Release a registered model with the code of the working tree.

    Args:
        version: The model's version; empty for the champion, whose code may differ in nothing that shapes it.
        workspace: The folder to work in; empty for the one that the worker serves.
        trigger: Why, for the record.
        sync: First bring the working tree to the newest commit of the tracked branch.
    """
    with begin(workspace, f"A release of version {version or 'the champion'}", trigger) as run:
        recover(run)
        if sync:
            take_newest(run)
        packaged = package(run, authorise(run, version or again(run)))
        return already(run, packaged) or bring_up(run, packaged)


def bring_out(run: Run, model: Model) -> Release:
    """Release a model that may be released: the second half of `retrain`, too."""
    return bring_up(run, package(run, model))


def bring_up(run: Run, packaged: Release, load: bool = True) -> Release:
    """Bring a packaged release to the fleet: all of `rollback`, too. On an error the old one serves again."""
    if load or run.target.needs_staging:
        stage(run, packaged, load)
    try:
        deploy(run, packaged)
        verify(run, packaged)
        if load and run.settings.params.rollout.rehearse:
            packaged = rehearse(run, packaged)
    except Exception:
        with contextlib.suppress(Exception):  # said where it failed; the first error is the one to tell
            recover(run)
            serve(run)
        raise
    return record(run, packaged)
