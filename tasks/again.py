"""again: take the champion once more, for a release of new code."""

from __future__ import annotations

from adapters import bot_code
from adapters.run import Run
from domain.errors import RatchetError
from tasks.step import step


@step(lambda version: f"the champion, version {version}, fits the code")
def again(run: Run) -> str:
    """Return the champion's version; raises `RatchetError` when the code that shapes a model changed."""
    champion = run.registry.champion()
    if champion is None:
        raise RatchetError("No release is live.", "Make the first one with `ratchet retrain`.")
    bot, lineage = run.settings.bot, champion.lineage
    if (bot_code.shaping_hash(bot), bot_code.lock_hash(bot)) != (lineage.code_hash, lineage.lock_hash):
        raise RatchetError(
            f"The code that shapes the model changed since version {champion.version} was trained.",
            "Retrain, or take that change back: pipeline, rules, components, domain or lock file.",
        )
    return champion.version
