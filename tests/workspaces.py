"""Small workspaces for tests."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

from ratchet.adapters.bot import framework
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.processes import free_port
from ratchet.domain.release.manifest import Lineage, Release

ROOT = Path(__file__).parents[1]
FAKE_BOT = Path(__file__).parent / "fakes" / "bot"


def fake_workspace(folder: Path, **settings: object) -> Settings:
    """A workspace whose bot is the stand-in server, run with this Python."""
    shutil.copytree(FAKE_BOT, folder / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "params.yaml").write_text("rollout:\n  start_timeout_seconds: 20\n  drain_seconds: 5\n")
    chosen = {"port": free_port(), "bot_python": Path(sys.executable), "target": "process", **settings}
    return load_settings(folder, **chosen)


def own_framework(bot: Path) -> Path:
    """Give a bot's folder a framework of its own, which a test may change: it comes before the vendored one."""
    return Path(
        shutil.copytree(
            ROOT / "ratchet_bot" / "src" / "ratchet_bot",
            bot / "ratchet_bot",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    )


NEWER = "2.0.0"


def newer_framework(bot: Path, changed: str) -> Path:
    """Give a bot's folder the wheel of a framework of version `NEWER`, with a line more in one file; returns it."""
    from hatchling.builders.wheel import WheelBuilder

    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "ratchet_bot"
        shutil.copytree(
            ROOT / "ratchet_bot", source, ignore=shutil.ignore_patterns("__pycache__", "tests", ".*")
        )
        project = source / "pyproject.toml"
        text = project.read_text()
        project.write_text(
            re.sub(r'^version = ".*"$', f'version = "{NEWER}"', text, count=1, flags=re.MULTILINE)
        )
        with (source / changed).open("a") as file:
            file.write("# newer\n")
        for old in (bot / framework.VENDOR).glob(framework.WHEELS):
            old.unlink()
        [built] = WheelBuilder(str(source)).build(
            directory=str(bot / framework.VENDOR), versions=["standard"]
        )
    for name, pinned in (
        (framework.LOCK, framework.pinned_lock),
        (framework.PROJECT, framework.pinned_project),
    ):
        (bot / name).write_text(pinned((bot / name).read_text(), Path(built)))
    return Path(built)


def make_release(bundle: str, sha256: str, version: str = "1", previous: str | None = None) -> Release:
    """A packaged release of the stand-in."""
    return Release(
        id=f"2026-11-21-{bundle[:6]}",
        created_at="2026-11-21T10:00:00+00:00",
        model_version=version,
        model_id=f"fake-{sha256[:8]}",
        model_sha256=sha256,
        lineage=Lineage("d.dir", "ledger", "commit", "code", "lock", "finger", 1),
        code_commit="commit",
        target="process",
        bundle=bundle,
        verdict="promote",
        override=None,
        previous=previous,
        reason="by hand",
    )
