"""Pushing to a registry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters import docker_registry
from adapters.settings import Settings, load_settings
from domain.errors import RatchetError


class Engine:
    """An engine whose push says what it is told to; like the real one it never raises."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.events = events
        self.pushed: list[str] = []
        self.api = self

    def push(self, repository: str, tag: str, **_: Any) -> Iterator[dict[str, Any]]:
        self.pushed.append(f"{repository}:{tag}")
        return iter(self.events)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace with a registry."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text("")
    return load_settings(tmp_path, registry="registry.test/team/bot")


def test_a_push_returns_the_image_by_digest(settings: Settings) -> None:
    """What is deployed is named by digest; version and `latest` are both pushed."""
    engine = Engine({"status": "Pushed"}, {"aux": {"Digest": "sha256:abc"}})
    named = docker_registry.push(engine, settings, "registry.test:5000/team/bot:7-0123")  # type: ignore[arg-type]
    assert named == "registry.test:5000/team/bot@sha256:abc"
    assert engine.pushed == ["registry.test:5000/team/bot:7-0123", "registry.test:5000/team/bot:latest"]


def test_an_error_in_the_stream_is_an_error(settings: Settings) -> None:
    """The SDK does not raise; the stream of a refused push is read."""
    engine = Engine({"status": "Preparing"}, {"error": "denied: requested access to the resource is denied"})
    with pytest.raises(RatchetError, match="denied"):
        docker_registry.push(engine, settings, "registry.test/team/bot:7")  # type: ignore[arg-type]


def test_a_push_without_a_digest_is_an_error(settings: Settings) -> None:
    """Nothing is deployed by a name that can move."""
    with pytest.raises(RatchetError, match="no digest"):
        docker_registry.push(Engine({"status": "Pushed"}), settings, "registry.test/team/bot:7")  # type: ignore[arg-type]
