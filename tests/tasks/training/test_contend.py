"""`ratchet try encoder` compares what it says: never two linear classifiers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ratchet.adapters.bot import rasa, weights
from ratchet.adapters.bot.archives import Trained
from ratchet.domain.errors import RatchetError
from tasks.training.contend import contend
from tests.adapters.bot.test_encoders import ask, quiet, settings, write

__all__ = ["settings"]


def compared(settings: Any, encoder: str) -> None:
    """Run the step on no rows."""
    nothing: Any = SimpleNamespace(train=None, holdout=None, extras=None)
    run: Any = SimpleNamespace(settings=settings, registry=None)
    contend.fn(run, nothing, nothing, encoder)


def test_an_encoder_that_cannot_run_is_an_error(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The training goes on without it, and says so; the trial ends there, with what the training said."""
    component = settings.bot / "ratchet_bot" / "components" / "encoder.py"
    component.parent.mkdir()
    component.write_text("")
    weights.ensure(settings, "small", quiet)
    report = {"encoder": None, "without_encoder": "The environment lacks onnxruntime."}
    alone = Trained(Path("m"), "0", "m", 1, ("a",), 1.0, report)
    monkeypatch.setattr(rasa, "train", lambda *_, **__: alone)
    with pytest.raises(
        RatchetError, match=r"cannot run in the bot's environment.*lacks onnxruntime"
    ) as caught:
        compared(settings, "small")
    assert " add onnxruntime tokenizers` in bot/" in caught.value.remedy


def test_a_pipeline_without_the_classifier_is_refused_before_weights_are_fetched(
    settings: Any, tmp_path: Path
) -> None:
    """Nobody waits for 90 MB to hear that they cannot be used."""
    write(tmp_path / "source", weights=b"others")
    ask(settings, "small", "DIETClassifier")
    with pytest.raises(RatchetError, match="has no LinearIntentClassifier"):
        compared(settings, "small")
    assert not (settings.state / "encoders").exists()
