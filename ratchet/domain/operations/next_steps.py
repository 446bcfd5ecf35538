"""What to do about an incident, in one sentence, and on which page."""

from __future__ import annotations

from dataclasses import dataclass

from ratchet.domain.operations.incidents import Kind


@dataclass(frozen=True)
class NextStep:
    """What a person does; `path` is the place on the page where it can be done, "" where it is no page's matter."""

    sentence: str
    path: str = ""


HOME, LABEL, CONVERSATIONS = "/", "/label", "/conversations"

STEPS = {
    Kind.BOT_DOWN: NextStep("Roll back if a release went live just before; else start it again.", "/#live"),
    Kind.PAUSED: NextStep(
        "Let the bot answer again when the reason is gone: on Home, or with `ratchet resume`.", "/#do"
    ),
    Kind.REPLICA_DOWN: NextStep(
        "Nothing is lost while one answers; start it again if it does not come back.", "/#live"
    ),
    Kind.FLEET_MIXED: NextStep("Start the live release on every replica again.", "/#live"),
    Kind.ERRORS: NextStep("Roll back if a release went live just before.", "/#live"),
    Kind.LATENCY: NextStep(
        "Roll back if a release went live just before; else look at the machine.", "/#live"
    ),
    Kind.DRIFT: NextStep(
        "People ask for other things than before: see what they write, and label it.", LABEL
    ),
    Kind.RETRAIN_FAILED: NextStep("Read why, and retrain once it is mended.", "/#runs"),
    Kind.RUN_FAILED: NextStep("Read why, and try it again.", "/#runs"),
    Kind.RETRAIN_OVERDUE: NextStep("Retrain now, and see whether the service runs.", "/#live"),
    Kind.GATE_REJECTED: NextStep("Read the report; the old release keeps serving.", "/#decide"),
    Kind.GATE_ASKS: NextStep("Read the report, and approve or decline.", "/#decide"),
    Kind.NOT_PUSHED: NextStep("Push the data with `dvc push`, in the workspace."),
    Kind.OVERRIDE_ENDS: NextStep("Approve it again if the reason still holds, or retrain.", "/#decide"),
    Kind.WAITING: NextStep("Take a conversation and answer, or close it.", CONVERSATIONS),
    Kind.BLIND: NextStep("The monitor cannot see everything; see its log."),
}


def place(kind: str) -> str:
    """Return the place on the page where an alert's kind of incident can be settled, Home where no other is."""
    return (STEPS[Kind(kind)].path if kind in set(Kind) else "") or HOME


def next_step(kind: Kind) -> NextStep:
    """Return what to do about a kind of incident."""
    return STEPS[kind]
