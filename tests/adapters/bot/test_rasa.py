"""What the bot's tools leave is checked before it is believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ratchet.adapters.bot import archives, rasa
from ratchet.adapters.settings import load_settings
from ratchet.adapters.system.files import sha256
from ratchet.domain.errors import RatchetError

ROWS = pd.DataFrame({"key": ["k1", "k2"], "text": ["hello", "bye"], "intent": ["greet", "bye"]}, dtype="str")


def test_predictions_of_other_rows_are_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next retrain, as advised, asks again, and takes what fits."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text("")
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(b"a model")
    answers = [["k2", "k1"], ["k1", "k2"]]

    def tool(*_: Any) -> None:
        lines = ({"key": key, "intent": "greet", "confidence": 0.9, "ranking": []} for key in answers.pop(0))
        (tmp_path / "out" / "candidate.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    monkeypatch.setattr(rasa, "run_tool", tool)
    monkeypatch.setattr(rasa, "tool", lambda *_, **__: [])
    settings, models = load_settings(tmp_path), {"candidate": archives.Archive(archive, sha256(archive))}
    with pytest.raises(RatchetError, match="do not match the holdout's rows") as refused:
        rasa.evaluate(settings, models, ROWS, tmp_path / "out", print)
    assert refused.value.remedy == "Run `ratchet retrain` again."
    found, _ = rasa.evaluate(settings, models, ROWS, tmp_path / "out", print)
    assert found["candidate"]["key"].tolist() == ["k1", "k2"]
