"""ask: ask a model the messages that must never go wrong, where no training does so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ratchet.adapters.bot import rasa
from ratchet.adapters.run import Run
from ratchet.domain.gate.played import CANDIDATE
from ratchet.domain.release.model import Model
from ratchet.domain.wording import count
from tasks.step import say, step
from tasks.training.play import archive_of

if TYPE_CHECKING:
    from ratchet.domain.gate.must import Musts


def describe(found: Musts | None) -> str:
    """Say how many there are, and how many went wrong."""
    if found is None:
        return "no message is written that must never go wrong"
    return f"{len(found.misses):,} of {count(found.messages, 'message')} that must never go wrong went wrong"


@step(describe)
def ask(run: Run, model: Model) -> Musts | None:
    """Return what came of the messages of `bot/tests/must.yml` with the workspace's code; None where there are none.

    Raises `RatchetError` for a file that cannot be read.
    """
    from ratchet.adapters.bot import musts  # with pandas, which a rollback does not wait for
    from ratchet.domain.gate import must

    written, corpus = musts.read(run.settings), run.settings.params.corpus
    if not written:
        return None
    rows = must.sheet(written, list(corpus.context))
    models = {CANDIDATE: archive_of(run, model)}
    answers, _ = rasa.evaluate(run.settings, models, rows, run.folder / "musts", say)
    return must.look(written, answers[CANDIDATE], None, corpus.out_of_scope)
