"""The way back to a release that is still warm, and what becomes of one that was given up."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from filelock import FileLock

from ratchet.adapters.targets import at_once
from ratchet.adapters.targets.target import ReplicaStatus, Warm
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release
from tasks.release.choose import choose
from tasks.release.recover import recover
from tasks.release.rehearse import bring
from tasks.release.revert import revert
from tasks.release.serve import serve
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
    error: RatchetError | None = None
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

    def stage(self, release: Release, say: Any, measured: bool = False) -> None:
        self.told.append(f"stage {release.id}")

    def deploy(self, release: Release, say: Any) -> None:
        self.told.append(f"deploy {release.id}")

    def cool(self, say: Any, now: bool = False) -> None:
        self.told.append(f"cool {self.kept}")
        self.kept = ""

    def replicas(self) -> list[ReplicaStatus]:
        return [ReplicaStatus("a", "here", "url", self.ready, self.serving)]

    def check(self) -> None:
        if self.error:
            raise self.error

    def clean(self, *_: Any) -> int:
        return 0

    def begun(self) -> Release | None:
        return self.unfinished

    def finish(self, release: Release) -> None:
        self.told.append(f"finish {release.id}: {release.reason}")
        self.recorded = release

    def live(self) -> Release | None:
        return self.recorded

    def releases(self) -> list[Release]:
        return [OLD, NEW]

    def models(self) -> list[str]:
        return ["1"]

    def set_aliases(self) -> None:
        return None

    def url(self) -> str:
        return "url"


def run(told: Told) -> Any:
    """The run that a step is given."""
    return SimpleNamespace(registry=told, target=told, settings=None, name="run")


def entered(told: Told, folder: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Do what the command does before there is a run, in a workspace in `folder`."""
    here: Any = SimpleNamespace(workspace=folder, target="process")
    monkeypatch.setattr(at_once, "choose_target", lambda _: told)
    monkeypatch.setattr(at_once.ports, "choose", lambda settings: settings)
    return at_once.switch(here, cast(Any, told), OLD, print)


@pytest.fixture(autouse=True)
def no_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What killed runs tried is tested by itself."""
    monkeypatch.setattr("tasks.release.recover.attempts.settle", lambda *_: [])


@pytest.mark.parametrize(
    ("told", "switched"), [(Told(), True), (Told(kept=""), False), (Told(fit=False), False)]
)
def test_a_rollback_switches_before_anything_is_written_down(told: Told, switched: bool) -> None:
    """Where it cannot, nothing was changed, and the release path follows."""
    assert revert.fn(run(told), OLD) is switched  # type: ignore[attr-defined]
    assert told.told == ([f"switch to {OLD.id}"] if switched else [])


def test_a_command_switches_before_there_is_a_run_and_the_run_records_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recover writes the switch down as the rollback that it is; the steps after it find nothing left to switch."""
    told = Told()
    assert entered(told, tmp_path, monkeypatch)
    recover.fn(run(told))  # type: ignore[attr-defined]
    assert choose.fn(run(told), OLD.id).reason == f"rollback from {NEW.id}"  # type: ignore[attr-defined]
    assert revert.fn(run(told), OLD) is True  # type: ignore[attr-defined]
    assert told.told == [f"switch to {OLD.id}", f"finish {OLD.id}: rollback from {NEW.id}"]


@pytest.mark.parametrize(
    "told",
    [Told(unfinished=NEW), Told(kept=""), Told(fit=False), Told(error=RatchetError("dead", "mend it"))],
)
def test_a_command_switches_nothing_where_something_is_half_done_or_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    """The run that follows settles it, or says why."""
    assert not entered(told, tmp_path, monkeypatch)
    assert told.told == []


def test_a_command_switches_nothing_while_another_run_is_in_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That run may be about to switch itself."""
    told = Told()
    (tmp_path / ".ratchet").mkdir()
    with FileLock(tmp_path / ".ratchet" / "run.lock"):
        assert not entered(told, tmp_path, monkeypatch)
    assert told.told == []


def test_the_next_run_writes_down_a_switch_that_was_not_recorded() -> None:
    """It was killed between the two; what serves says it."""
    told = Told(serving=OLD.id, kept=NEW.id)
    said = recover.fn(run(told))  # type: ignore[attr-defined]
    assert told.told == [f"finish {OLD.id}: rollback from {NEW.id}"]
    assert "finished release" in said


def test_the_next_run_finishes_one_whose_record_was_begun() -> None:
    """The registry names it by then."""
    told = Told(serving=OLD.id, kept=NEW.id, unfinished=replace(OLD, reason="rollback"))
    recover.fn(run(told))  # type: ignore[attr-defined]
    assert told.told == [f"finish {OLD.id}: rollback"]


def test_after_a_failed_rollback_the_recorded_release_is_switched_to_again() -> None:
    """It is still warm: nothing has to start."""
    told = Told(serving=OLD.id, kept=NEW.id, ready=False)
    assert "switched back" in serve.fn(run(told))  # type: ignore[attr-defined]
    assert told.told == [f"switch to {NEW.id}"]


def test_a_release_that_was_given_up_gives_way_to_the_warm_one_and_does_not_stay_warm() -> None:
    """It is not ready, so the recorded one takes over again at once; nobody is to go back to the other."""
    told = Told(ready=False, recorded=OLD, unfinished=NEW)
    said = recover.fn(run(told))  # type: ignore[attr-defined]
    assert told.told == [f"switch to {OLD.id}", f"cool {NEW.id}"]
    assert f"switched back to {OLD.id}" in said


def test_a_rollback_that_did_not_come_to_its_switch_leaves_everything_as_it_was() -> None:
    """The live release serves, and the other one is still there to go back to."""
    told = Told()
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
