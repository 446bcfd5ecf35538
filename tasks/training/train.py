"""train: make the candidate, with real Rasa in its own environment."""

from __future__ import annotations

from ratchet.adapters.bot import archives, rasa
from ratchet.adapters.run import Run
from ratchet.domain.gate.case import Case
from tasks.step import note, say, step

UNKNOWN = "the bot's environment cannot run the sentence encoder."


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
    encoder = case.lineage.encoder
    trained = rasa.train(run.settings, case.sides.train, case.corpus.extras, folder, say, encoder=encoder)
    if encoder and not trained.report.get("encoder"):
        note(f"The linear classifier was trained alone: {trained.report.get('without_encoder') or UNKNOWN}")
    return trained
