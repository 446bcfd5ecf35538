"""The bot's code with the answers that are changed and not published, so that they can be heard before."""

from __future__ import annotations

import shutil
from pathlib import Path

from ratchet.adapters.bot import bot_code
from ratchet.adapters.bot.answers import digest_of
from ratchet.adapters.page import edits, publishing
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import UsageError


def count(settings: Settings) -> int:
    """Return how many changed answers would be published."""
    return sum(row.edit is not None and not row.old for row in edits.read(settings)[1])


def digest(settings: Settings) -> str:
    """Return what changes with the answers and the bot's code; raises `UsageError` where no answer is changed."""
    texts = publishing.new_texts(settings, edits.read(settings)[1])
    if not texts:
        raise UsageError("No answer is changed that is not published.", "Change one in *Answers* first.")
    return digest_of([bot_code.code_digest(settings.bot), sorted(texts.items())])


def code(settings: Settings, named: str) -> Path:
    """Return a folder with the code as publishing would release it; `named` is its digest, and older ones are gone.

    Raises `UsageError` where an answer was changed since.
    """
    texts = publishing.new_texts(settings, edits.read(settings)[1])
    if digest(settings) != named:
        raise UsageError("An answer was changed meanwhile.", "Send the message again.")
    folder = settings.state / "page" / "drafts"
    shutil.rmtree(folder, ignore_errors=True)
    bot_code.copy(settings.bot, folder / named)
    for file, (_, after) in texts.items():
        (folder / named / file).write_bytes(after.encode())
    return folder / named
