"""override: a person decides in place of the gate; an approval is released at once."""

from __future__ import annotations

from flows.process import process
from flows.release import bring_out
from ratchet.adapters.prefect.flow_runs import ended
from ratchet.adapters.run import begin
from ratchet.domain.gate.verdict import Decision
from ratchet.domain.operations.summary import Outcome
from ratchet.domain.release.manifest import Release
from tasks.release.amend import amend
from tasks.release.approve import approve
from tasks.release.authorise import authorise
from tasks.release.recover import recover


@process()
def override(
    version: str,
    by: str,
    reason: str,
    expires: str = "7d",
    decision: Decision = Decision.PROMOTE,
    workspace: str | None = None,
) -> Release | None:
    """Store who decided what about a registered model, why and until when; release it if it was approved.

    Args:
        version: The model's version, as the registry and the report name it.
        by: Who answers for the decision.
        reason: Why; it is in the release's manifest.
        expires: How long an approval holds: 12h, 7d, 2w.
        decision: promote releases the model at once, reject forbids it.
        workspace: The folder to work in; empty for the one that the worker serves.
    """
    with begin(workspace, f"An override of version {version}", f"override by {by}") as run:
        made = approve.after(recover(run))(run, version, by, reason, expires, decision)
        amend(run, made)
        if made.decision is Decision.PROMOTE:
            return ended(Outcome.RELEASED.state, bring_out(run, authorise.after(made)(run, version)))
        return ended(Outcome.REJECTED.state, None)
