"""A workspace with the bot's folder that `init` writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratchet.adapters import scaffold
from ratchet.adapters.bot import framework
from ratchet.adapters.settings import SOURCE

UV = SOURCE / ".ratchet" / "uv" / "bin" / "uv"
needs_uv = pytest.mark.skipif(not UV.exists(), reason="uv is missing: make setup")
OLD_LOCK = 'version = 1\n\n[[package]]\nname = "ratchet-bot"\nversion = "0.1.0"\nsource = { virtual = "." }\n'


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with the bot's folder that `init` writes."""
    scaffold.copy_bot(tmp_path / "workspace", "helpdesk")
    (tmp_path / "workspace" / "params.yaml").write_text("")
    return tmp_path / "workspace"


@pytest.fixture
def bot(workspace: Path) -> Path:
    """Its bot's folder."""
    return workspace / "bot"


def vendored(bot: Path) -> Path:
    """The wheel in a bot's folder."""
    [wheel] = (bot / framework.VENDOR).glob(framework.WHEELS)
    return wheel
