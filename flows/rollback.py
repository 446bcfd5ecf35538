"""rollback: revert → verify → record where the release is still warm, else the release path with an older release."""

from __future__ import annotations

from flows.process import process
from flows.release import attempt, bring_up, or_back
from ratchet.adapters.prefect.flow_runs import ended
from ratchet.adapters.run import begin
from ratchet.domain.operations.summary import Outcome
from ratchet.domain.release.attempt import Verb
from ratchet.domain.release.manifest import Release
from tasks.release.choose import choose
from tasks.release.ensure import ensure
from tasks.release.record import record
from tasks.release.recover import recover
from tasks.release.revert import revert
from tasks.release.verify import verify


@process()
def rollback(to: str | None = None, workspace: str | None = None, trigger: str = "by hand") -> Release:
    """Go back to the release before the live one, or to another that was live.

    Args:
        to: The id of the release to go back to; empty for the one before.
        workspace: The folder to work in; empty for the one that the worker serves.
        trigger: Why, for the record.
    """
    with (
        begin(workspace, "A rollback", trigger) as run,
        attempt(run, Verb.ROLLBACK, release=to or "") as tried,
    ):
        chosen = tried.of(choose.after(recover(run))(run, to))
        switched = or_back(run, lambda: revert(run, chosen) and bool(verify(run, chosen)))
        back = record(run, chosen) if switched else bring_up(run, ensure(run, chosen), load=False)
        return ended(Outcome.RELEASED.state, back)
