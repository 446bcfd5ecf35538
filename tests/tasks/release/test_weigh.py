"""When code alone is judged, and by what."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from ratchet.adapters.bot import musts, rasa
from ratchet.adapters.run import Run
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate import must
from tasks.release.weigh import judged_already
from tasks.training import ask as asking
from tests.workspaces import fake_workspace, make_release

MUSTS = "- message: gas smell\n  intent: report_accident\n"


def run(folder: Path, judged_by: str, code: str = "same") -> tuple[Run, Any]:
    """A run whose champion serves another model; the model to release was judged against it, by some messages."""
    settings = fake_workspace(folder)
    live = make_release("sha256:old", "a", version="1")
    registry = SimpleNamespace(live=lambda: live, trained_with=lambda _: code)
    model = SimpleNamespace(version="2", champion="1", sha256="m", musts=judged_by)
    return cast("Run", SimpleNamespace(registry=registry, settings=settings, folder=folder / "run")), model


def write(run: Run, text: str) -> None:
    """Write the messages that must never go wrong."""
    path = musts.path(run.settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_model_is_judged_again_when_messages_that_must_never_go_wrong_came(tmp_path: Path) -> None:
    """Else it is not: it was judged with this code, against what serves, by the same messages."""
    begun, model = run(tmp_path, "")
    packaged: Any = SimpleNamespace(code="same")
    assert judged_already(begun, model, packaged)
    assert not judged_already(begun, model, SimpleNamespace(code="other"))  # type: ignore[arg-type]
    write(begun, MUSTS)
    assert not judged_already(begun, model, packaged)
    model.musts = must.digest(musts.read(begun.settings))
    assert judged_already(begun, model, packaged)


def test_the_model_is_asked_with_the_code_of_the_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the file nobody is asked; a file that cannot be read is an error that names it."""
    begun, model = run(tmp_path, "")
    asked: list[pd.DataFrame] = []

    def evaluate(
        settings: Any, models: Any, rows: pd.DataFrame, *_: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        asked.append(rows)
        return {"candidate": pd.DataFrame({"intent": ["smalltalk"]})}, {}

    monkeypatch.setattr(rasa, "evaluate", evaluate)
    monkeypatch.setattr(asking, "archive_of", lambda *_: None)
    assert asking.ask.fn(begun, model) is None
    assert not asked
    write(begun, MUSTS)
    found = asking.ask.fn(begun, model)
    assert found is not None
    assert [(one.must.message, one.answered) for one in found.misses] == [("gas smell", "smalltalk")]
    assert asking.describe(found) == "1 of 1 message that must never go wrong went wrong"
    write(begun, "message: gas smell")
    with pytest.raises(RatchetError, match=r"must\.yml is no list"):
        asking.ask.fn(begun, model)
