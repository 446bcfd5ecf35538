"""train: make the candidate, with real Rasa in its own environment."""

from __future__ import annotations

from ratchet.adapters.bot import archives, rasa
from ratchet.adapters.run import Run
from ratchet.domain.gate.case import Case
from tasks.step import say, step


@step(
    lambda trained: (
        f"model {trained.model_id[:12]} on {trained.rows:,} messages of {len(trained.intents)} intents"
    )
)
def train(run: Run, case: Case) -> archives.Trained:
    """Train on the training side; a training that an interrupted run had finished is taken up."""
    folder = run.settings.state / "candidates" / case.lineage.fingerprint
    if finished := archives.read_trained(folder):
        say("taken up from an earlier run")
        return finished
    return rasa.train(run.settings, case.sides.train, case.corpus.extras, folder, say)
