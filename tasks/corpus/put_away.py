"""put_away: move a file of the inbox to where it belongs, once it is clear what came of it."""

from __future__ import annotations

from pathlib import Path

from ratchet.adapters.run import Run
from ratchet.adapters.system.files import write_text
from ratchet.adapters.triggers import follow, inbox
from ratchet.domain.corpus.intake import Intake
from ratchet.domain.errors import RatchetError
from tasks.step import step


@step(lambda said: said)
def put_away(run: Run, file: str, came: Intake | RatchetError) -> str:
    """Push the commit of a file that was taken in; put a report beside one that was refused."""
    if isinstance(came, Intake) and came.accepted:
        follow.publish(run.settings)
        return f"{came.headline()}; {inbox.put_away(run.settings, file, inbox.DONE)}"
    report = Path(came.page) if isinstance(came, Intake) else run.folder / "fault.txt"
    if isinstance(came, RatchetError):
        write_text(report, f"{came}\n")
    why = str(came) if isinstance(came, RatchetError) else came.report.errors[0].sentence
    aside = inbox.put_away(run.settings, file, inbox.REFUSED, report)
    name = file.rpartition("/")[2]
    return f"{name} was refused: {why} It is in {aside}, its report beside it; correct it and drop it again."
