"""The conversations of a staged release: what the code does wrong stops it, a misunderstanding alone does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ratchet.adapters.bot import playing, rasa
from ratchet.adapters.run import Run
from ratchet.adapters.system.files import write_json
from ratchet.domain.gate import override
from ratchet.domain.gate.played import Outcome, Played, Trial
from ratchet.domain.release.manifest import Release
from tasks.release import stage
from tasks.release.stage import Proof, converse, describe
from tests.workspaces import make_release

RELEASE = make_release("sha256:new", "b", version="2")
NO_RUN = cast("Run", SimpleNamespace(settings=None))
FINE, WRONG = Outcome(), Outcome(("after 'hello' the bot says 'bye', without 'welcome'",))


def judged(*trials: tuple[str, Outcome, Outcome]) -> Played:
    """What the gate played: name, with the intents given, and in full."""
    return Played(
        tuple(Trial("conversation", "a.yml", name, (), given, full) for name, given, full in trials),
        (),
        (),
        {},
    )


def run(folder: Path, found: Played, monkeypatch: pytest.MonkeyPatch, kept: bool = True) -> Run:
    """A run in which two of three conversations do not go as written; `kept`: the gate played in this run."""

    def lost(*_: Any) -> int:
        raise rasa.NotAsWritten("Wrong.", "Correct it.", ["one", "two"], 3)

    monkeypatch.setattr(rasa, "converse", lost)
    monkeypatch.setattr(playing, "can", lambda _: True)
    monkeypatch.setattr(playing, "play", lambda *_: {"candidate": found})
    if kept:
        write_json(playing.written(folder / "played", "candidate"), found.as_dict())
    model = SimpleNamespace(sha256="m")
    registry = SimpleNamespace(model=lambda _: model, archive=lambda _: folder / "model.tar.gz")
    settings = SimpleNamespace(bot=folder)
    return cast("Run", SimpleNamespace(settings=settings, registry=registry, folder=folder))


@pytest.mark.parametrize("kept", [True, False])
def test_a_misunderstanding_alone_stops_no_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    """The gate has compared it with the champion; where its play is of another run, the model is played again."""
    found = judged(("one", FINE, WRONG), ("two", FINE, WRONG), ("three", FINE, FINE))
    assert converse(run(tmp_path, found, monkeypatch, kept), RELEASE, "http://x") == 1


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(judged(("one", WRONG, WRONG), ("two", FINE, WRONG)), id="the code"),
        pytest.param(judged(("one", FINE, WRONG), ("two", FINE, FINE)), id="fails when staged alone"),
        pytest.param(judged(("one", FINE, WRONG)), id="never played"),
        pytest.param(
            judged(("one", FINE, WRONG), ("one", WRONG, WRONG), ("two", FINE, WRONG)), id="two of a name"
        ),
    ],
)
def test_whatever_else_is_wrong_does(found: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code, what only the running release does, and what the gate has not seen."""
    with pytest.raises(rasa.NotAsWritten):
        converse(run(tmp_path, found, monkeypatch), RELEASE, "http://x")


def approved_for(approved: str, released: str, before: timedelta = timedelta(hours=1)) -> Release:
    """A release of some code, whose model Ana approved with some code for a day, so long before."""
    said = override.make(
        model_sha256=RELEASE.model_sha256,
        version=RELEASE.model_version,
        by="Ana",
        reason="it is known",
        expires="1d",
        now=datetime.fromisoformat(RELEASE.created_at) - before,
        code=approved,
    )
    return replace(RELEASE, code=released, override=said.as_dict())


@pytest.mark.parametrize(
    "release",
    [
        RELEASE,
        approved_for("before", "now"),
        approved_for("", ""),
        approved_for("now", "now", before=timedelta(days=2)),
    ],
    ids=["of nobody", "of other code", "from before code was noted", "that had expired"],
)
def test_only_an_approval_of_this_code_lets_failures_through(
    monkeypatch: pytest.MonkeyPatch, release: Release
) -> None:
    """Conversations that go otherwise do not pass with an approval that says nothing about them."""
    monkeypatch.setattr(rasa, "converse", otherwise)
    with pytest.raises(rasa.NotAsWritten):
        converse(NO_RUN, release, "http://staged")


def test_conversations_that_a_person_approved_are_not_said_to_be_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The run says who approved it, and its line about the stage that they did not go as written."""
    notes: list[str] = []
    monkeypatch.setattr(rasa, "converse", otherwise)
    monkeypatch.setattr(stage, "note", notes.append)
    found = converse(NO_RUN, approved_for("now", "now"), "http://staged")
    assert "Ana approved it" in notes[0]
    assert describe(Proof(found, None)) == "conversations did not go as written, and a person approved it"


def otherwise(*_: object) -> int:
    """A release that does not answer as written."""
    raise rasa.NotAsWritten("The release does not answer as written: x.", "Correct it.")
