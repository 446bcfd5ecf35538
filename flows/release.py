"""release: authorise → package → stage → deploy → verify → record."""

from __future__ import annotations

from prefect import flow

from adapters.run import Run, begin
from domain.errors import RatchetError
from domain.model import Model
from domain.release import Release
from tasks.authorise import authorise
from tasks.deploy import deploy
from tasks.package import package
from tasks.record import record
from tasks.recover import recover
from tasks.serve import serve
from tasks.stage import stage
from tasks.verify import verify


@flow(persist_result=False)
def release(version: str, workspace: str | None = None, trigger: str = "by hand") -> Release:
    """Release a registered model with the code of the working tree."""
    with begin(workspace, f"A release of version {version}", trigger) as run:
        recover(run)
        return bring_out(run, authorise(run, version))


def bring_out(run: Run, model: Model) -> Release:
    """Release a model that may be released: the second half of `retrain`, too."""
    return bring_up(run, package(run, model))


def bring_up(run: Run, packaged: Release) -> Release:
    """Bring a packaged release to the fleet: all of `rollback`, too. On an error the old one serves again."""
    stage(run, packaged)
    try:
        deploy(run, packaged)
        verify(run, packaged)
    except RatchetError:
        recover(run)
        serve(run)
        raise
    return record(run, packaged)
