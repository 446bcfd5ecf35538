"""The project's own test stories, when a release is staged."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from ratchet.adapters.bot import played, rasa
from ratchet.adapters.run import Run
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate import override
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.stories import Played, Stories
from tasks.release import stage
from tasks.release.stage import Proof, converse, describe, play
from tests.workspaces import make_release

NEW = make_release("sha256:new", "b", version="2")
BEFORE = replace(make_release("sha256:old", "a"), stories=Stories(("a", "b"), ("c",)))


def run(releases: list[Release]) -> Run:
    """A run whose registry has these releases."""
    registry = SimpleNamespace(
        archive=lambda model: "archive", model=lambda version: version, releases=lambda: releases
    )
    return cast("Run", SimpleNamespace(registry=registry, settings=None, folder=None))


def stories(monkeypatch: pytest.MonkeyPatch, **results: bool) -> None:
    """What Rasa says of each story."""
    found = [
        Played("tests/t.yml", f"story {name}", name, given, given, "" if given else "expected x")
        for name, given in results.items()
    ]
    monkeypatch.setattr(played, "play", lambda *_: found)


def approved_for(approved: str, released: str, before: timedelta = timedelta(hours=1)) -> Release:
    """A release of some code, whose model Ana approved with some code for a day, so long before."""
    said = override.make(
        model_sha256=NEW.model_sha256,
        version=NEW.model_version,
        by="Ana",
        reason="it is known",
        expires="1d",
        now=datetime.fromisoformat(NEW.created_at) - before,
        code=approved,
    )
    return replace(NEW, code=released, override=said.as_dict())


def test_without_stories_nothing_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a release of before keeps what it had."""
    stories(monkeypatch)
    assert play(run([BEFORE]), NEW) is None
    assert Proof(0, None, None).shown_by(BEFORE).stories == BEFORE.stories


def test_a_story_that_broke_stops_the_release_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The known failing one does not, nor does a new one."""
    stories(monkeypatch, a=True, b=True, c=False, d=False)
    assert play(run([BEFORE]), NEW) == Stories(("a", "b"), ("c", "d"), 2)
    stories(monkeypatch, a=True, b=False)
    with pytest.raises(
        RatchetError,
        match=r"story b \(tests/t\.yml\): expected x\. .*`ratchet approve 2 .*`ratchet release 2`",
    ):
        play(run([BEFORE]), NEW)


def test_an_override_lets_it_through_and_makes_it_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """From then on it blocks nothing, until it passes again."""
    stories(monkeypatch, a=True, b=False)
    approved = approved_for("now", "now")
    shown = play(run([BEFORE]), approved)
    assert shown == Stories(("a",), ("b",), 1)
    assert play(run([BEFORE, replace(approved, stories=shown)]), NEW) == shown


@pytest.mark.parametrize(
    "release",
    [
        NEW,
        approved_for("before", "now"),
        approved_for("", ""),
        approved_for("now", "now", before=timedelta(days=2)),
    ],
    ids=["of nobody", "of other code", "from before code was noted", "that had expired"],
)
def test_only_an_approval_of_this_code_lets_failures_through(
    monkeypatch: pytest.MonkeyPatch, release: Release
) -> None:
    """Neither broken stories nor conversations that go otherwise pass with an approval that says nothing about them."""
    stories(monkeypatch, a=True, b=False)
    monkeypatch.setattr(rasa, "converse", otherwise)
    with pytest.raises(RatchetError, match="story b"):
        play(run([BEFORE]), release)
    with pytest.raises(rasa.NotAsWritten):
        converse(run([BEFORE]), release, "http://staged")


def test_conversations_that_a_person_approved_are_not_said_to_be_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The run says who approved it, and its line about the stage that they did not go as written."""
    notes: list[str] = []
    monkeypatch.setattr(rasa, "converse", otherwise)
    monkeypatch.setattr(stage, "note", notes.append)
    found = converse(run([BEFORE]), approved_for("now", "now"), "http://staged")
    assert "Ana approved it" in notes[0]
    assert describe(Proof(found, None)) == "conversations did not go as written, and a person approved it"


def otherwise(*_: object) -> int:
    """A release that does not answer as written."""
    raise rasa.NotAsWritten("The release does not answer as written: x.", "Correct it.")
