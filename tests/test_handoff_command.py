"""`ratchet handoff`, `pause` and `resume` on the command line, against a bot that answers as a real one does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.bot.test_desk import Bot
from tests.e2e.cli import Ratchet
from tests.workspaces import fake_workspace

ROW = {
    "conversation": "web/anna",
    "status": "taken",
    "since": 0.0,
    "taken_by": "people/mia",
    "taken_until": 4e9,
    "ended": None,
    "unanswered": 2,
    "left_out": 0,
}


@pytest.fixture
def bot() -> Iterator[Bot]:
    bot = Bot()
    yield bot
    bot.server.shutdown()
    bot.server.server_close()


def test_a_conversation_that_another_has_is_named_and_the_remedy_shows_who(bot: Bot, tmp_path: Path) -> None:
    """It is followed to the letter; and a transcript masks personal data on request."""
    settings = fake_workspace(tmp_path / "team")
    (settings.workspace / ".env").write_text(
        f"RATCHET_PORT={bot.server.server_port}\nRATCHET_TARGET=process\nRATCHET_HANDOFF_TOKEN={'p' * 16}\n"
    )
    ratchet = Ratchet(settings.workspace)
    bot.says(409, {"error": "people/mia has this conversation."})
    refused = ratchet("handoff", "take", "web/anna", code=1)
    assert "people/mia has this conversation." in refused
    assert "`ratchet handoff list`" in refused
    bot.says(200, {"conversations": [ROW]})
    assert "people/mia" in ratchet("handoff", "list")
    assert ratchet.json("handoff", "list")["conversations"] == [ROW]
    line = {"number": 1, "said_by": "person", "at": time.time(), "id": "1", "name": "", "received": True}
    line["text"] = "write to mira@example.org [bold]"
    bot.says(200, {**ROW, "before": [], "lines": [line]})
    assert "mira@example.org [bold]" in ratchet("handoff", "read", "web/anna")
    masked = ratchet("handoff", "read", "web/anna", "--mask")
    assert "mira" not in masked
    assert "[bold]" in masked
    assert bot.asked[-1][2] == f"Bearer {'p' * 16}"


def test_the_bot_is_stopped_and_goes_on(bot: Bot, tmp_path: Path) -> None:
    """With the words that people are told, and what ends it."""
    settings = fake_workspace(tmp_path / "team")
    (settings.workspace / ".env").write_text(
        f"RATCHET_PORT={bot.server.server_port}\nRATCHET_TARGET=process\n"
    )
    ratchet = Ratchet(settings.workspace)
    pause = {"say": "Back at 2 pm.", "handoff": False, "since": 0.0, "by": "mia"}
    bot.says(200, {"paused": pause, "before": pause})
    said = ratchet("pause", "--say", "Back at 2 pm.", "--by", "mia")
    assert "Stopped by mia" in said
    assert "`ratchet resume` ends it" in said
    assert bot.asked[-1][3] == {"say": "Back at 2 pm.", "handoff": False, "by": "mia"}
    assert "The bot answers again." in ratchet("resume")
    bot.says(200, {"paused": None, "before": None})
    assert "was not stopped" in ratchet("resume")
