"""`ratchet must` on the command line: what it writes, and that its remedies work."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.corpora import data_workspace, rows
from tests.e2e.cli import Ratchet


@pytest.mark.long
def test_messages_come_from_the_corpus_or_get_their_intent_by_name(tmp_path: Path) -> None:
    """An unknown one is refused with the option that helps; the same one is added once."""
    settings = data_workspace(tmp_path / "bot-team")
    known = pd.DataFrame(rows("leave", 12) + rows("laptop", 12)).assign(source="start")
    (settings.workspace / "data").mkdir()
    known.to_csv(settings.workspace / "data" / "utterances.csv", index=False)
    ratchet = Ratchet(settings.workspace)
    text = known["text"].iloc[0]
    assert "Added from the corpus" in ratchet("must", "add", text.upper())
    said = ratchet("must", "add", "gas smell", code=2)
    assert "Name it with --intent NAME." in said
    assert "no intent gas" in ratchet("must", "add", "gas smell", "--intent", "gas", code=2)
    assert "Added from your own words" in ratchet("must", "add", "gas smell", "--intent", "laptop")
    assert "is in bot/tests/must.yml already" in ratchet(
        "must", "add", "Gas smell!", "--intent", "leave", code=1
    )
    assert "personal data" in ratchet("must", "add", "ask mira@example.org", "--intent", "leave", code=1)
    found = ratchet.json("must", "list")
    assert [(one["message"], one["intent"]) for one in found] == [(text, "leave"), ("gas smell", "laptop")]
    assert "is not in bot/tests/must.yml" in ratchet("must", "remove", "gas smells", code=2)
    assert "gas smell" in ratchet("must", "list")  # as the remedy says
    assert "Removed: “gas smell” is `laptop`" in ratchet("must", "remove", "Gas smell")
    assert [one["message"] for one in ratchet.json("must", "list")] == [text]
