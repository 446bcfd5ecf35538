"""rollback: the release path with an older release, built again from its manifest where its bundle is gone."""

from __future__ import annotations

from flows.process import process
from flows.release import bring_up
from ratchet.adapters.prefect.flow_runs import ended
from ratchet.adapters.run import begin
from ratchet.domain.operations.summary import Outcome
from ratchet.domain.release.manifest import Release
from tasks.release.choose import choose
from tasks.release.ensure import ensure
from tasks.release.recover import recover


@process()
def rollback(to: str | None = None, workspace: str | None = None, trigger: str = "by hand") -> Release:
    """Go back to the release before the live one, or to another that was live.

    Args:
        to: The id of the release to go back to; empty for the one before.
        workspace: The folder to work in; empty for the one that the worker serves.
        trigger: Why, for the record.
    """
    with begin(workspace, "A rollback", trigger) as run:
        chosen = ensure(run, choose.after(recover(run))(run, to))
        return ended(Outcome.RELEASED.state, bring_up(run, chosen, load=False))
