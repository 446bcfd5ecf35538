"""play: talk to the candidate and, again, to the champion, before anyone else does."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ratchet.adapters.bot import archives, bot_code, playing
from ratchet.adapters.registry import encoders
from ratchet.adapters.run import Run
from ratchet.adapters.targets import rebuild
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.played import CANDIDATE, CHAMPION, Played
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.model import Model
from tasks.step import note, say, step

if TYPE_CHECKING:
    import pandas as pd

    from ratchet.domain.gate.dialogue import Plays

TOO_OLD = "Its code is from before Ratchet played conversations."


@step(lambda plays: plays.describe())
def play(
    run: Run,
    candidate: archives.Trained | Model,
    champion: Model | None,
    messages: pd.DataFrame | None = None,
) -> Plays:
    """Play conversations, stories, rules and each intent's first answer with both models, each with its own code.

    The champion's is the code that serves, or the one that it was trained with. Where it cannot be played, the reason
    is a finding; what is wrong with the candidate's own files is an error. Answers are heard with each context value
    of `messages`, and with those that the responses' conditions name.
    """
    from ratchet.domain.gate.dialogue import Plays  # with pandas, which a rollback does not wait for

    fields = list(run.settings.params.corpus.context)
    contexts = [] if messages is None else playing.contexts(messages, fields)
    ours = archive_of(run, candidate)
    if champion is None:
        return Plays(played(run, contexts, {CANDIDATE: ours}, None)[CANDIDATE])
    live = run.registry.live()
    earlier = tests_of(run, live, champion)
    try:
        code = code_of(run, live, champion)
        theirs = archive_of(run, champion)
        if code == run.settings.bot:
            both = played(run, contexts, {CHAMPION: theirs, CANDIDATE: ours}, earlier)
            return Plays(both[CANDIDATE], both[CHAMPION])
        known = played(run, contexts, {CHAMPION: theirs}, earlier, bot=code)[CHAMPION]
    except RatchetError as error:
        missing = error.fact
        return Plays(played(run, contexts, {CANDIDATE: ours}, earlier)[CANDIDATE], None, missing)
    found = playing.written(run.folder / "played", CHAMPION)
    return Plays(played(run, contexts, {CANDIDATE: ours}, earlier, known=found)[CANDIDATE], known)


def archive_of(run: Run, model: archives.Trained | Model) -> archives.Archive:
    """Return a model's archive with the digest that was registered, or seen when it was trained."""
    if isinstance(model, Model):
        encoders.ready(run.settings, run.registry, model.lineage.encoder, say)
    path = run.registry.archive(model) if isinstance(model, Model) else model.archive
    return archives.Archive(path, model.sha256)


def played(
    run: Run,
    contexts: list[dict[str, str]],
    models: dict[str, archives.Archive],
    earlier: Path | None,
    bot: Path | None = None,
    known: Path | None = None,
) -> dict[str, Played]:
    """Play with models of one code; raises `RatchetError` where that code cannot."""
    if bot and not playing.can(bot):
        raise RatchetError(TOO_OLD, "")
    folder = run.folder / "played"
    return playing.play(run.settings, models, contexts, earlier, folder, say, bot=bot, known=known)


def tests_of(run: Run, live: Release | None, champion: Model) -> Path | None:
    """Return the folder of the tests that the champion was released with; None, which is said, where Git lost it."""
    commit = live.code_commit if live else champion.lineage.code_commit
    found = playing.earlier_tests(run.settings.workspace, commit, run.folder / "tests-of-the-champion")
    if found is None:
        note("Whether a test was edited since the champion cannot be told: Git does not have its commit.")
    return found


def code_of(run: Run, live: Release | None, champion: Model) -> Path:
    """Return the folder of the code that serves the champion; raises `RatchetError` where it is lost."""
    here, registry = run.settings.bot, run.registry
    if live is None or live.model_sha256 != champion.sha256:
        return registry.code(champion)
    if rebuild.proved(live, here):
        return here
    kept = run.settings.state / "code" / f"served-{live.code[:32]}"
    if live.code and kept.is_dir() and rebuild.proved(live, kept):
        return kept
    try:
        with rebuild.code_of(run.settings, registry, live, champion) as (code, _):
            shutil.rmtree(kept, ignore_errors=True)
            bot_code.copy(code, kept)
    except rebuild.CannotRebuild:
        return registry.code(champion)
    return kept
