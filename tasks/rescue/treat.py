"""treat: repair what the doctor finds, except what a start of the live release settles."""

from __future__ import annotations

from ratchet.adapters.rescue import examination, mending
from ratchet.adapters.run import Run
from ratchet.domain.wording import count
from tasks.step import note, say, step


@step(lambda failed: f"{count(len(failed), 'fault')} could not be put right" if failed else "done")
def treat(run: Run) -> list[str]:
    """Return why repairs failed, a sentence for each; a failure does not stop the others."""
    faults = examination.examine(run.settings, say, network=False, releases=True)
    failed = mending.mend(run.settings, run.registry, run.target, faults, say)
    said = [f"{fault.name}: {why}" for fault, why in failed]
    for text in said:
        note(text)
    return said
