"""Attempts that go on, and those whose processes were killed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.registry import attempts
from ratchet.adapters.settings import Settings
from ratchet.domain.release.attempt import KILLED, Attempt, Verb
from ratchet.domain.release.manifest import Release
from tests.domain.release.test_manifest import model, release
from tests.workspaces import fake_workspace

BEGUN = Attempt(Verb.RELEASE, "2026-11-27T08:00:00+00:00", trigger="weekly")


@dataclass
class Registry:
    """A registry that keeps attempts, and knows no model."""

    settings: Settings
    kept: list[Attempt] = field(default_factory=list)

    def attempts(self) -> list[Attempt]:
        return self.kept

    def note_attempt(self, attempt: Attempt) -> None:
        self.kept.append(attempt)

    def models(self) -> list[Any]:
        return []

    def releases(self) -> list[Any]:
        return []

    def champion(self) -> None:
        return None


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """One of a new workspace."""
    return Registry(fake_workspace(tmp_path / "ws"))


def settle(
    registry: Registry, undone: Release | None = None, live: Release | None = None
) -> Sequence[Attempt]:
    """Settle what was left, as the run `now`."""
    return attempts.settle(registry, "now", undone, live)  # type: ignore[arg-type]


def kill(registry: Registry, *of: Release) -> None:
    """Leave the file of an attempt that was killed at the step `stage`, in a run of its own."""
    with attempts.trying(registry.settings, "before", BEGUN) as tried:
        tried.of(model("12"))
        for one in of:
            tried.of(one)
        tried.at("stage")
        left = (attempts.folder(registry.settings) / "before.json").read_bytes()
    (attempts.folder(registry.settings) / "before.json").write_bytes(left)


def test_an_attempt_that_ends_leaves_nothing(registry: Registry) -> None:
    """Well or not: whoever fails tells it."""
    with attempts.trying(registry.settings, "run", BEGUN) as tried:
        assert tried.of(model("12")).version == "12"
        assert attempts.going_on.get() is tried
    with pytest.raises(KeyError), attempts.trying(registry.settings, "run", BEGUN):
        raise KeyError
    assert attempts.going_on.get() is None
    assert list(attempts.folder(registry.settings).iterdir()) == []
    assert settle(registry) == []


def test_an_attempt_within_another_leaves_that_one_s_account(registry: Registry) -> None:
    """A way back that is tried after a release failed: were the process killed, the release is to be told."""
    file = attempts.folder(registry.settings) / "run.json"
    with attempts.trying(registry.settings, "run", BEGUN) as outer:
        outer.at("deploy")
        before = file.read_text()
        with attempts.trying(registry.settings, "run", replace(BEGUN, verb=Verb.SERVE)) as inner:
            inner.at("serve")
        assert file.read_text() == before
        assert attempts.going_on.get() is outer
    assert not file.exists()


def test_a_killed_attempt_is_kept_with_its_step_by_the_next_run(registry: Registry) -> None:
    """Once, with the command that tries again; the own run's file is none."""
    kill(registry)
    with attempts.trying(registry.settings, "now", BEGUN):
        (told,) = settle(registry)
        assert settle(registry) == []
    assert registry.kept == [told]
    assert (
        told.sentence == f"release of version 12 failed at stage: {KILLED} `ratchet release 12` tries again."
    )
    assert (told.at, told.trigger) == (BEGUN.at, "weekly")


def test_a_release_that_was_begun_elsewhere_is_kept_too(registry: Registry) -> None:
    """Without a file of this machine; with one, it is the same attempt."""
    begun = release("r2")
    (told,) = settle(registry, begun)
    assert (told.step, told.release, told.reason) == ("deploy", "r2", KILLED)
    kill(registry, begun)
    registry.kept.clear()
    (told,) = settle(registry, begun)
    assert (told.step, told.release) == ("stage", "r2")


def test_what_was_told_or_went_well_is_not_told_as_killed(registry: Registry) -> None:
    """A process that ended by itself, or right after it had recorded its release."""
    kill(registry, release("r2"))
    assert settle(registry, live=release("r2")) == []
    kill(registry)
    registry.kept.append(replace(BEGUN, at="2026-11-27T08:01:00+00:00", version="12", reason="p95"))
    assert settle(registry) == []
    registry.kept.append(replace(BEGUN, release="r3"))
    assert settle(registry, release("r3")) == []


def test_a_damaged_file_tells_nothing_and_goes(registry: Registry) -> None:
    """Cut off, or of another shape."""
    attempts.folder(registry.settings).mkdir(parents=True)
    for number, content in enumerate(('{"verb": "rel', '{"verb": 1}', "[]")):
        (attempts.folder(registry.settings) / f"{number}.json").write_text(content)
    assert settle(registry) == []
    assert list(attempts.folder(registry.settings).iterdir()) == []
