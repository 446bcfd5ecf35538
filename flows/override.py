"""override: a person decides in place of the gate; an approval is released at once."""

from __future__ import annotations

from prefect import flow

from adapters.run import begin
from domain.release import Release
from domain.verdict import Decision
from flows.release import bring_out
from tasks.approve import approve
from tasks.authorise import authorise
from tasks.recover import recover


@flow(persist_result=False)
def override(
    version: str,
    by: str,
    reason: str,
    expires: str = "7d",
    decision: Decision = Decision.PROMOTE,
    workspace: str | None = None,
) -> Release | None:
    """Store who decided what about a registered model, why and until when; release it if it was approved."""
    with begin(workspace, f"An override of version {version}", f"override by {by}") as run:
        recover(run)
        made = approve(run, version, by, reason, expires, decision)
        if made.decision is Decision.PROMOTE:
            return bring_out(run, authorise(run, version))
        return None
