"""The project's own test stories, when a release is staged."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ratchet.adapters.bot import played
from ratchet.adapters.run import Run
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.stories import Played, Stories
from tasks.release.stage import Proof, play
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
    approved: Any = replace(NEW, override={"by": "Ana"})
    shown = play(run([BEFORE]), approved)
    assert shown == Stories(("a",), ("b",), 1)
    assert play(run([BEFORE, replace(approved, stories=shown)]), NEW) == shown
