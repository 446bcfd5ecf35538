"""The way back to a release that is still warm, and what becomes of one that was given up."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from ratchet.adapters.targets.target import ReplicaStatus, Warm
from ratchet.domain.release.manifest import Release
from tasks.release.recover import recover
from tasks.release.rehearse import bring
from tasks.release.revert import revert
from tests.workspaces import make_release

OLD = make_release("old", "a")
NEW = make_release("new", "b", previous=OLD.id)


@dataclass
class Told:
    """A target and a registry that note what they are told; the target serves one release and keeps another warm."""

    serving: str = NEW.id
    kept: str = OLD.id
    fit: bool = True
    ready: bool = True
    recorded: Release | None = NEW
    unfinished: Release | None = None
    told: list[str] = field(default_factory=list)
    name: str = "process"
    needs_staging: bool = True

    def warm(self) -> Warm | None:
        return Warm(self.kept, "2027-01-01T00:00:00+00:00") if self.kept else None

    def switch_back(self, release: Release, say: Any) -> bool:
        if self.fit and release.id == self.kept:
            self.told.append(f"switch to {release.id}")
            self.serving, self.kept = self.kept, self.serving
            return True
        return False

    def stage(self, release: Release, say: Any) -> None:
        self.told.append(f"stage {release.id}")

    def deploy(self, release: Release, say: Any) -> None:
        self.told.append(f"deploy {release.id}")

    def cool(self, say: Any, now: bool = False) -> None:
        self.told.append(f"cool {self.kept}")
        self.kept = ""

    def replicas(self) -> list[ReplicaStatus]:
        return [ReplicaStatus("a", "here", "url", self.ready, self.serving)]

    def check(self) -> None:
        return None

    def clean(self, *_: Any) -> int:
        return 0

    def begin(self, release: Release) -> None:
        self.told.append(f"begin {release.id}")

    def begun(self) -> Release | None:
        return self.unfinished

    def finish(self, release: Release) -> None:
        self.told.append(f"finish {release.id}")

    def live(self) -> Release | None:
        return self.recorded

    def releases(self) -> list[Release]:
        return [OLD, NEW]

    def models(self) -> list[str]:
        return ["1"]

    def set_aliases(self) -> None:
        return None


def run(told: Told) -> Any:
    """The run that a step is given."""
    return SimpleNamespace(registry=told, target=told)


def test_that_a_switch_back_begins_is_noted_before_it_happens() -> None:
    """A run that is killed between the switch and the record leaves what the next one needs to finish it."""
    told = Told()
    assert revert.fn(run(told), OLD)  # type: ignore[attr-defined]
    assert told.told == [f"begin {OLD.id}", f"switch to {OLD.id}"]


@pytest.mark.parametrize(
    ("told", "done"),
    [(Told(kept=""), []), (Told(kept="another"), []), (Told(fit=False), [f"begin {OLD.id}"])],
)
def test_without_a_warm_replica_of_it_the_release_path_follows(told: Told, done: list[str]) -> None:
    """Nothing was changed; the registry knows at most that this release is about to go live, and it is."""
    assert not revert.fn(run(told), OLD)  # type: ignore[attr-defined]
    assert told.told == done


def test_the_next_run_finishes_a_switch_that_was_not_recorded() -> None:
    """It serves; what is left is to write it down."""
    told = Told(serving=OLD.id, kept=NEW.id, unfinished=OLD)
    recover.fn(run(told))  # type: ignore[attr-defined]
    assert told.told == [f"finish {OLD.id}"]


def test_a_release_that_was_given_up_gives_way_to_the_warm_one_and_does_not_stay_warm() -> None:
    """It is not ready, so the recorded one takes over again at once; nobody is to go back to the other."""
    told = Told(ready=False, recorded=OLD, unfinished=NEW)
    said = recover.fn(run(told))  # type: ignore[attr-defined]
    assert told.told == [f"switch to {OLD.id}", f"cool {NEW.id}"]
    assert f"switched back to {OLD.id}" in said


def test_a_switch_that_was_begun_and_not_made_leaves_everything_as_it_was() -> None:
    """The live release serves, and the other one is still there to go back to."""
    told = Told(unfinished=OLD)
    recover.fn(run(told))  # type: ignore[attr-defined]
    assert told.told == []
    assert told.kept == OLD.id


def test_a_rehearsal_goes_back_as_a_rollback_would() -> None:
    """By the switch while the release before is warm, else by the release path."""
    told = Told()
    bring(run(told), OLD)
    bring(run(told), NEW)
    bring(run(told), replace(OLD, id="cold"))
    assert told.told == [f"switch to {OLD.id}", f"switch to {NEW.id}", "stage cold", "deploy cold"]
