"""mend: treat → recover → serve; what `ratchet doctor --mend` does."""

from __future__ import annotations

from flows.process import process
from ratchet.adapters.run import begin
from tasks.release.recover import recover
from tasks.release.serve import serve
from tasks.rescue.treat import treat


@process()
def mend(workspace: str | None = None, trigger: str = "by hand") -> str:
    """Repair what is wrong with the workspace and its replicas; does nothing if all is well.

    Args:
        workspace: The folder to work in; empty for the one that the worker serves.
        trigger: Why, for the record.
    """
    with begin(workspace, "A mend", trigger) as run:
        treated = treat(run)
        return serve.after(recover.after(treated)(run))(run)
