"""serve: start the live release where it does not serve, after a reboot for instance."""

from __future__ import annotations

from flows.process import process
from flows.release import attempt
from ratchet.adapters.run import begin
from ratchet.domain.release.attempt import Verb
from tasks.release.recover import recover
from tasks.release.serve import serve as start


@process()
def serve(workspace: str | None = None, trigger: str = "by hand") -> str:
    """Bring the recorded live release back; does nothing if it serves already.

    Args:
        workspace: The folder to work in; empty for the one that the worker serves.
        trigger: Why, for the record.
    """
    with begin(workspace, "A start of the live release", trigger) as run, attempt(run, Verb.SERVE):
        return start.after(recover(run))(run)
