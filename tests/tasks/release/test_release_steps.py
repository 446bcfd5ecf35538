"""Steps by which new code reaches the fleet without a training."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.bot import bot_code
from ratchet.adapters.bot.archives import Trained
from ratchet.adapters.registry import attempts, waiting
from ratchet.adapters.targets.target import ReplicaStatus
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.attempt import INTERRUPTED, Attempt, Verb
from ratchet.domain.release.manifest import Lineage, Release
from ratchet.domain.release.model import Model
from tasks.release.again import again
from tasks.release.already import already
from tasks.release.choose import choose
from tasks.release.give_up import give_up
from tasks.release.serve import serve
from tasks.release.take_up import take_up
from tasks.training.register import require_unchanged
from tests.advice import commands
from tests.domain.release.test_manifest import model
from tests.workspaces import fake_workspace

LINEAGE = Lineage("d", "l", "c", "code", "lock", "f", 1)
RELEASE = Release(
    "r1",
    "2026-11-21T06:00:00",
    "7",
    "m",
    "s",
    LINEAGE,
    "c",
    "process",
    "bundle",
    "promote",
    None,
    None,
    "weekly",
)


@dataclass
class Champion:
    """A registered model that serves."""

    lineage: Lineage
    version: str = "7"


@dataclass
class Registry:
    """A registry that knows the champion and the live release."""

    model: Champion | None = None
    release: Release | None = None
    recorded: tuple[Release, ...] = ()
    registered: tuple[Model, ...] = ()
    tried: list[Attempt] = field(default_factory=list)

    def models(self) -> tuple[Model, ...]:
        return self.registered

    def override(self, model: Model) -> None:
        return None

    def note_attempt(self, attempt: Attempt) -> None:
        self.tried.append(attempt)

    def failure(self, version: str) -> str:
        return next((one.reason for one in self.tried if one.version == version), "")

    def champion(self) -> Champion | None:
        return self.model

    def live(self) -> Release | None:
        return self.release

    def releases(self) -> tuple[Release, ...]:
        return self.recorded


@dataclass
class Target:
    """A target whose replicas say what they serve."""

    served: tuple[str, ...] = ()
    ready: bool = True
    name: str = "process"

    def replicas(self) -> list[ReplicaStatus]:
        return [ReplicaStatus("a", "here", "url", self.ready, release) for release in self.served]


@dataclass
class Settings:
    """A workspace with a bot."""

    bot: Path


@dataclass
class Run:
    """What a step is given."""

    settings: Settings
    registry: Registry = field(default_factory=Registry)
    target: Target = field(default_factory=Target)


@pytest.fixture
def bot(tmp_path: Path) -> Path:
    """A bot's folder."""
    (tmp_path / "config.yml").write_text("pipeline: []\n", encoding="utf-8")
    (tmp_path / "domain.yml").write_text("responses:\n  utter_a:\n  - text: Hello\n", encoding="utf-8")
    return tmp_path


def call(step: Any, *arguments: Any) -> Any:
    """Run a step's function."""
    return step.fn(*arguments)


def test_the_champion_is_released_again_with_another_wording(bot: Path) -> None:
    """What does not shape the model may change."""
    lineage = replace(LINEAGE, code_hash=bot_code.shaping_hash(bot), lock_hash=bot_code.lock_hash(bot))
    (bot / "domain.yml").write_text("responses:\n  utter_a:\n  - text: Hi\n", encoding="utf-8")
    assert call(again, Run(Settings(bot), Registry(Champion(lineage)))) == "7"


def test_the_champion_is_not_released_with_another_pipeline(bot: Path) -> None:
    """It was never evaluated with it."""
    lineage = replace(LINEAGE, code_hash=bot_code.shaping_hash(bot), lock_hash=bot_code.lock_hash(bot))
    (bot / "config.yml").write_text("pipeline: [x]\n", encoding="utf-8")
    with pytest.raises(RatchetError, match="shapes the model"):
        call(again, Run(Settings(bot), Registry(Champion(lineage))))


def test_code_that_changed_in_mid_run_is_not_registered_under_the_lineage_of_before(bot: Path) -> None:
    """The model may have been trained with either; it is dropped, and a retrain as advised starts from the new code."""
    folder = bot / "candidate"
    folder.mkdir()
    (folder / "model.tar.gz").write_bytes(b"model")
    trained = Trained(folder / "model.tar.gz", "s", "m", 1, (), 1.0, {})
    lineage = replace(LINEAGE, code_hash=bot_code.shaping_hash(bot), lock_hash=bot_code.lock_hash(bot))
    run: Any = Run(Settings(bot))
    require_unchanged(run, trained, lineage)
    (bot / "config.yml").write_text("pipeline: [x]\n", encoding="utf-8")
    with pytest.raises(RatchetError, match=r"while the run was in progress") as told:
        require_unchanged(run, trained, lineage)
    assert not folder.exists()  # or the next run would take it up
    assert commands(told.value.remedy) == ["ratchet retrain"]
    folder.mkdir()
    (folder / "model.tar.gz").write_bytes(b"of the new code")
    again = replace(LINEAGE, code_hash=bot_code.shaping_hash(bot), lock_hash=bot_code.lock_hash(bot))
    require_unchanged(run, trained, again)
    assert folder.exists()


def test_without_a_champion_there_is_nothing_to_release(bot: Path) -> None:
    """The error says how to make the first release."""
    with pytest.raises(RatchetError, match="ratchet retrain"):
        call(again, Run(Settings(bot)))


def test_where_the_champion_does_not_fit_a_promoted_model_that_waits_is_released(bot: Path) -> None:
    """Its own release failed, and the code that came since mends that: it was trained with this code."""
    waits = model("8", champion="7")
    registry = Registry(Champion(LINEAGE), registered=(waits,), recorded=(RELEASE,))
    assert call(again, Run(Settings(bot), registry)) == "8"
    assert call(again, Run(Settings(bot), Registry(registered=(model("1"),)))) == "1"
    assert call(take_up, Run(Settings(bot), registry)) == "8"
    assert call(take_up, Run(Settings(bot))) == ""


def test_a_release_that_failed_leaves_its_reason_and_the_next_step(bot: Path) -> None:
    """In the registry, for `ratchet status`; on the error, for whoever reads it; the model waits."""
    registry = Registry(Champion(LINEAGE), registered=(model("8", champion="7"),), recorded=(RELEASE,))
    error = RatchetError("p95 is 900 ms.", "Look at the machine.")
    tried = Attempt(Verb.RELEASE, "2026-11-27T08:00:00+00:00", "stage", version="8", trigger="weekly")
    failed = call(give_up, Run(Settings(bot), registry), tried, error)
    assert failed.sentence == (
        "release of version 8 failed at stage: p95 is 900 ms. Look at the machine. `ratchet release` tries again."
    )
    assert str(error) == "p95 is 900 ms. Look at the machine. `ratchet release` tries again."
    assert registry.tried == [failed]
    assert failed.at > tried.at
    found = waiting.find(registry)  # type: ignore[arg-type]
    assert found is not None
    assert found.sentence == "version 8: promoted, not live: p95 is 900 ms; `ratchet release` tries again"


@pytest.mark.parametrize(
    ("tried", "error", "remedy"),
    [
        (Attempt(Verb.RELEASE, "", version="7"), KeyError("x"), "`ratchet release champion` tries again."),
        (Attempt(Verb.RELEASE, "", version="6"), KeyError("x"), "`ratchet release 6` tries again."),
        (
            Attempt(Verb.ROLLBACK, "", release="r0"),
            KeyboardInterrupt(),
            "`ratchet rollback --to r0` tries again.",
        ),
        (
            Attempt(Verb.SERVE, ""),
            RatchetError("No.", "See `ratchet fleet`."),
            "See `ratchet fleet`. `ratchet serve` tries again.",
        ),
    ],
)
def test_what_failed_is_tried_again_by_the_command_that_is_told(
    bot: Path, tried: Attempt, error: BaseException, remedy: str
) -> None:
    """The champion by that name: its version may wait for another code; a remedy with a command has the next step."""
    registry = Registry(Champion(LINEAGE), recorded=(RELEASE,))
    failed = call(give_up, Run(Settings(bot), registry), tried, error)
    assert failed.remedy == remedy
    assert failed.reason in ("KeyError: 'x'", INTERRUPTED, "No.")


def test_a_step_notes_itself_in_the_attempt_that_goes_on(bot: Path, tmp_path: Path) -> None:
    """So the one that fails is known, and what tidies up afterwards does not count."""
    settings = fake_workspace(tmp_path / "ws")
    with attempts.trying(settings, "run", Attempt(Verb.RELEASE, "")) as tried:
        with pytest.raises(RatchetError):
            call(again, Run(Settings(bot)))
        tried.ended = True
        call(take_up, Run(Settings(bot)))
    assert tried.made.step == "again"


@pytest.mark.parametrize(
    ("live", "target", "done"),
    [
        (RELEASE, Target(("r1", "r1")), True),
        (None, Target(), False),
        (RELEASE, Target(("r1", "r0")), False),
        (RELEASE, Target(("r1",), ready=False), False),
        (RELEASE, Target(), False),
        (replace(RELEASE, bundle="other"), Target(("r1",)), False),
        (replace(RELEASE, target="swarm"), Target(("r1",)), False),
    ],
)
def test_a_release_is_a_no_op_only_where_exactly_it_serves(
    bot: Path, live: Release | None, target: Target, done: bool
) -> None:
    """The same bundle, on the same target, on every replica."""
    found = call(already, Run(Settings(bot), Registry(release=live), target), replace(RELEASE, id="r2"))
    assert found == (live if done else None)


def test_a_rollback_stays_on_its_target(bot: Path) -> None:
    """A release is an image there and a bundle here; the error says where it can be gone back to."""
    old = replace(RELEASE, id="r0", target="swarm")
    live = replace(RELEASE, previous="r0")
    with pytest.raises(RatchetError, match="RATCHET_TARGET=swarm ratchet rollback --to r0"):
        call(choose, Run(Settings(bot), Registry(release=live, recorded=(old, live))), None)


def test_a_release_of_another_target_is_not_started_here(bot: Path) -> None:
    """What serves is said, with the way to bring it here."""
    live = replace(RELEASE, target="swarm")
    assert "`ratchet release champion` brings it" in call(serve, Run(Settings(bot), Registry(release=live)))
