"""What a new run finds and what it makes of it, before it begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ratchet.adapters.targets.target import ReplicaStatus
from ratchet.domain.errors import RatchetError
from tasks.release.recover import recover


@dataclass
class Registry:
    """A registry in which nothing was released yet."""

    known: list[str] = field(default_factory=list)
    settings: Any = field(default_factory=lambda: SimpleNamespace(state=Path("/nowhere")))

    def attempts(self) -> list[Any]:
        return []

    def live(self) -> None:
        return None

    def begun(self) -> None:
        return None

    def models(self) -> list[str]:
        return self.known

    def releases(self) -> list[Any]:
        return []

    def set_aliases(self) -> None:
        return None

    def clean(self) -> int:
        return 0


@dataclass
class Target:
    """A target whose one replica, if any, serves a release."""

    serves: str = ""
    name: str = "process"

    def check(self) -> None:
        return None

    def replicas(self) -> list[ReplicaStatus]:
        return [ReplicaStatus("a", "here", "url", True, self.serves)] if self.serves else []

    def warm(self) -> None:
        return None

    def clean(self, live: Any, say: Any, went_live: Any) -> None:
        return None


def run(registry: Registry, target: Target) -> Any:
    """Run the step."""
    return recover.fn(SimpleNamespace(registry=registry, target=target, name="run"))  # type: ignore[attr-defined]


def test_an_empty_registry_beside_something_that_serves_is_refused() -> None:
    """Its database is lost: a gate without champion would let anything take the place of what serves."""
    with pytest.raises(
        RatchetError, match=r"Release r7 serves, but .* its database is lost.*`ratchet stop` first"
    ):
        run(Registry(), Target("r7"))


@pytest.mark.parametrize(("registry", "target"), [(Registry(), Target()), (Registry(["1"]), Target("r1"))])
def test_a_first_release_that_was_killed_is_no_lost_registry(registry: Registry, target: Target) -> None:
    """Nothing serves yet, or a model is registered: the run begins without hands."""
    assert run(registry, target) == "nothing was left half done"
