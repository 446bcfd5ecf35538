"""What is kept of a release, a way back or a start that fails at one of its steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flows import release as flow
from ratchet.adapters.registry.attempts import going_on
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.attempt import INTERRUPTED, Attempt, Verb
from tasks.release.give_up import give_up
from tasks.release.stage import Proof
from tests.domain.release.test_manifest import release
from tests.workspaces import fake_workspace

STEPS = ("stage", "deploy", "verify", "recover", "serve", "record")
RELEASE = release("r2")


@dataclass
class Registry:
    """A registry that keeps attempts."""

    kept: list[Attempt] = field(default_factory=list)

    def note_attempt(self, attempt: Attempt) -> None:
        self.kept.append(attempt)

    def champion(self) -> None:
        return None

    def models(self) -> list[Any]:
        return []

    def releases(self) -> list[Any]:
        return []


@dataclass
class Story:
    """A run whose steps do nothing, or raise what they are told to."""

    settings: Settings
    fails: dict[str, BaseException] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    registry: Registry = field(default_factory=Registry)
    target: Any = field(default_factory=lambda: SimpleNamespace(needs_staging=True))
    name: str = "run"
    trigger: str = "weekly"

    def step(self, name: str) -> Callable[..., Any]:
        """Return a step of that name."""

        def step(run: Any, *given: Any, **options: Any) -> Any:
            if attempt := going_on.get():
                attempt.at(name)
            self.done.append(name)
            if error := self.fails.get(name):
                raise error
            if name == "stage":
                return Proof(0, None)
            return given[0] if given else None

        return step

    def bring_up(self, verb: Verb = Verb.RELEASE) -> Any:
        """Bring the release up in an attempt."""
        run: Any = self
        with flow.attempt(run, verb) as tried:
            return flow.bring_up(run, tried.of(RELEASE))

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """What was kept: verb, step, reason."""
        return [(one.verb, one.step, one.reason) for one in self.registry.kept]


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Story:
    """A run in which all goes well."""
    found = Story(fake_workspace(tmp_path / "ws"))
    for name in STEPS:
        monkeypatch.setattr(flow, name, found.step(name))
    monkeypatch.setattr(flow, "give_up", give_up.fn)
    return found


def test_what_goes_well_leaves_no_attempt(story: Story) -> None:
    """And no account of one."""
    assert story.bring_up() == RELEASE
    assert story.told == []
    assert list((story.settings.state / "attempts").iterdir()) == []


@pytest.mark.parametrize("step", ["stage", "deploy", "verify", "record"])
def test_the_step_that_failed_is_kept_not_what_tidied_up_after_it(story: Story, step: str) -> None:
    """With what was to serve, why, and what to do."""
    story.fails[step] = RatchetError("It is broken.", "Mend it.")
    with pytest.raises(RatchetError, match=r"Mend it\. `ratchet release 1` tries again\."):
        story.bring_up()
    (kept,) = story.registry.kept
    assert (kept.verb, kept.step, kept.reason) == (Verb.RELEASE, step, "It is broken.")
    assert (kept.version, kept.release, kept.trigger) == ("1", "r2", "weekly")
    assert story.done[-2:] == (["recover", "serve"] if step in ("deploy", "verify") else story.done[-2:])


def test_a_way_back_that_fails_too_is_an_attempt_of_its_own(story: Story) -> None:
    """The release's error stays the one that is raised, and its attempt the last."""
    story.fails = {"deploy": RatchetError("No room."), "serve": KeyError("x")}
    with pytest.raises(RatchetError, match="No room"):
        story.bring_up(Verb.ROLLBACK)
    assert story.told == [("serve", "serve", "KeyError: 'x'"), ("rollback", "deploy", "No room.")]


def test_what_a_person_interrupts_is_kept(story: Story) -> None:
    """Ctrl-C stays an interrupt."""
    story.fails["stage"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        story.bring_up()
    assert story.told == [("release", "stage", INTERRUPTED)]


def test_a_registry_that_is_down_hides_no_error(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first error is the one to tell."""

    def down(_: Registry, attempt: Attempt) -> None:
        raise RatchetError("The registry does not answer.")

    monkeypatch.setattr(Registry, "note_attempt", down)
    story.fails["stage"] = RatchetError("p95 is 900 ms.")
    with pytest.raises(RatchetError, match="p95"):
        story.bring_up()
