"""again: take the champion once more, for a release of new code."""

from __future__ import annotations

from ratchet.adapters.bot import bot_code
from ratchet.adapters.registry import waiting
from ratchet.adapters.run import Run
from ratchet.domain.errors import RatchetError
from tasks.step import step


@step(lambda version: f"version {version} fits the code")
def again(run: Run) -> str:
    """Return the champion's version; where none is live or fits the code, that of a model that waits for its release.

    Raises `RatchetError` when there is neither, as the code that shapes a model changed.
    """
    champion, bot = run.registry.champion(), run.settings.bot
    now = (bot_code.shaping_hash(bot), bot_code.lock_hash(bot))
    if champion and now == (champion.lineage.code_hash, champion.lineage.lock_hash):
        return champion.version
    if found := waiting.find(run.registry):
        return found.version
    if champion is None:
        raise RatchetError("No release is live.", "Make the first one with `ratchet retrain`.")
    raise RatchetError(
        f"The code that shapes the model changed since version {champion.version} was trained.",
        "Retrain, or take that change back: pipeline, rules, components, domain or lock file.",
    )
