"""The image between runtime and release that holds an encoder's weights, on a stand-in for the engine."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest
from docker.errors import ImageNotFound

from ratchet.adapters.bot import encoders
from ratchet.adapters.settings import Settings
from ratchet.adapters.targets.swarm import encoder_image, stack
from ratchet.domain.errors import RatchetError
from tests.adapters.bot.test_encoders import write
from tests.workspaces import fake_workspace


class Engine:
    """A fake that keeps what it is told to build."""

    timeout = 60

    def __init__(self) -> None:
        self.built: dict[str, dict[str, Any]] = {}
        self.api = self.images = self

    def get(self, name: str) -> Any:
        if name not in self.built:
            raise ImageNotFound(name)
        return type("Image", (), {"id": f"sha256:{name}"})

    def build(self, *, fileobj: Any, tag: str, **options: Any) -> list[dict[str, str]]:
        with tarfile.open(fileobj=fileobj) as content:
            self.built[tag] = {**options, "files": content.getnames()}
        return []


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace with a small encoder."""
    made = fake_workspace(tmp_path / "ws")
    write(tmp_path / "source")
    encoders.put(made, tmp_path / "source")
    return made


def ensure(engine: Engine, settings: Settings, runtime: str, digest: str) -> str:
    recipes = stack.recipes(settings)
    return encoder_image.ensure(engine, settings, recipes, runtime, digest, print)  # type: ignore[arg-type]


def test_weights_are_one_layer_that_releases_share(settings: Settings) -> None:
    """Built once for a runtime image and an encoder, with a label that names it; another runtime needs another."""
    [encoder] = encoders.all_here(settings)
    engine = Engine()
    tag = ensure(engine, settings, "runtime:1", encoder.digest)
    assert ensure(engine, settings, "runtime:1", encoder.digest) == tag
    [built] = engine.built.values()
    folder = f"encoders/{encoder.digest[:32]}"
    wanted = {
        "Dockerfile",
        *(f"{folder}/{name}" for name in ("encoder.json", "model.onnx", "tokenizer.json")),
    }
    assert set(built["files"]) == wanted
    assert built["labels"] == {"ratchet.encoder": encoder.digest}
    assert built["buildargs"] == {"RUNTIME": "runtime:1"}
    assert ensure(engine, settings, "runtime:2", encoder.digest) != tag


def test_changed_weights_get_into_no_image(settings: Settings) -> None:
    """Nothing is built from a file that is not the one named."""
    [encoder] = encoders.all_here(settings)
    path = encoders.folder(settings, encoder.digest) / "model.onnx"
    path.unlink()
    path.write_bytes(b"changed")
    engine = Engine()
    with pytest.raises(RatchetError, match="was changed"):
        ensure(engine, settings, "runtime:1", encoder.digest)
    assert engine.built == {}
