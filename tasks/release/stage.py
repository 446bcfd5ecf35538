"""stage: start the release off the traffic path and test it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ratchet.adapters.bot import archives, channel, playing, rasa
from ratchet.adapters.run import Run
from ratchet.adapters.targets import locust_load
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.override import Override, covers
from ratchet.domain.gate.played import CANDIDATE
from ratchet.domain.release.load_test import LoadVerdict
from ratchet.domain.release.manifest import Release
from tasks.step import note, say, step

SAMPLE = 200


@dataclass(frozen=True)
class Proof:
    """What a staged release has shown: the conversations that went as written (None where some did not, and a person
    approved it), and its figures under load."""

    conversations: int | None
    load: LoadVerdict | None


def describe(proof: Proof) -> str:
    """Say what was proved."""
    written = proof.conversations
    played = f"{written} conversations went as written" if written else "ready, no conversation is written"
    if written is None:
        played = "conversations did not go as written, and a person approved it"
    return "; ".join([played, *([locust_load.describe(proof.load)] if proof.load else [])])


@step(describe)
def stage(run: Run, release: Release, load: bool = True) -> Proof:
    """Start it, play the conversations, test it under load; on an error nothing of it is left running."""
    tested = load and bool(run.settings.params.rollout.load_test.seconds)
    url = run.target.stage(release, say, measured=tested)
    try:
        conversations = converse(run, release, url)
        messages = sample(run, SAMPLE) if tested else []
        champion = run.target.champion_url() if tested else None
        verdict = locust_load.run(run.settings, url, champion, messages, run.folder, say) if load else None
        locust_load.require(verdict)
        forget(run, url)
    except Exception:
        with contextlib.suppress(Exception):  # the first error is the one to tell
            run.target.clean(run.registry.live(), say)
        raise
    return Proof(conversations, verdict)


def converse(run: Run, release: Release, url: str) -> int | None:
    """Play the conversations and return how many went as written; None where a person approved what did not.

    Those that a person approved the release in spite of, or that fail by understanding alone, are said and do not stop
    it: what a model understands is compared with the champion by the gate, where one lost conversation may be chance.
    """
    try:
        return rasa.converse(run.settings, url, say)
    except rasa.NotAsWritten as error:
        if said := approval(release):
            note(f"{error.fact} It is released all the same: {said.by} approved it.")
            return None
        if not misunderstood(run, release, error.names):
            raise
        why = "with its intents given it goes as written, and what is understood the gate has compared"
        note(f"{error.fact} It is released all the same: {why}.")
        return error.played - len(error.names)


def approval(release: Release) -> Override | None:
    """Return the person's decision that let exactly this release through when it was made; None where none did.

    An approval of the model with other code, or one that had expired by then, says nothing about these answers.
    """
    said = Override.from_dict(release.override) if release.override else None
    return said if covers(said, release.code, datetime.fromisoformat(release.created_at)) else None


def misunderstood(run: Run, release: Release, names: Sequence[str]) -> bool:
    """Say whether conversations fail by understanding alone, as the gate played them; played now where it has not."""
    from ratchet.domain.gate import conversations  # with pandas, which a rollback does not wait for

    if not names or not playing.can(run.settings.bot):
        return False
    folder = run.folder / "played"
    if (known := playing.written(folder, CANDIDATE)).is_file():
        return conversations.misunderstood(playing.read(known), names)
    model = run.registry.model(release.model_version)
    models = {CANDIDATE: archives.Archive(run.registry.archive(model), model.sha256)}
    found = playing.play(run.settings, models, [], None, folder, say)
    return conversations.misunderstood(found[CANDIDATE], names)


def forget(run: Run, url: str) -> None:
    """Delete the conversations of the proof; if that fails, they expire by themselves, and a note says so."""
    try:
        channel.forget_checks(url, channel.staging_token(run.settings).read_text(encoding="utf-8"))
    except RatchetError as error:
        note(f"{error.fact} {error.remedy}")


def sample(run: Run, count: int) -> list[str]:
    """Return messages for a load test; without a corpus none, which is said: stock phrases take their place."""
    from ratchet.adapters.corpus import data_revisions  # with pandas, which a rollback does not wait for

    try:
        return data_revisions.sample_texts(run.settings, count)
    except RatchetError as error:
        note(f"The load test sends stock phrases: {error.fact}")
        return []
