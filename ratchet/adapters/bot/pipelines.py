"""The two configurations of a bot that came from Rasa: `fast` and `own`, kept side by side, one of them in use.

`bot/config.yml` is the one in use; `bot/config.fast.yml` and `bot/config.own.yml` are kept as they were when they were
in use last. The environment follows: `own` has TensorFlow where the configuration needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ratchet.adapters.bot import flavour, framework, upgraded
from ratchet.adapters.settings import SOURCE
from ratchet.adapters.system.files import write_text
from ratchet.domain.errors import RatchetError
from ratchet.domain.migration.pipeline import CLASSIFIER
from ratchet.domain.migration.project import Pipeline
from ratchet.domain.operations import moving

CONFIG = "config.yml"
COMMENT = {
    Pipeline.FAST: "# Ratchet's classifier, and what of the project's own configuration needs no TensorFlow.\n",
    Pipeline.OWN: "# The project's own configuration; `random_seed` is set at each training.\n",
}


def file_of(bot: Path, kind: Pipeline) -> Path:
    """Return where a configuration is kept while the other one is in use."""
    return bot / f"config.{kind.value}.yml"


def write(bot: Path, kind: Pipeline, configs: Mapping[Pipeline, Mapping[str, Any]]) -> None:
    """Keep each configuration by its name, make one the one in use, and let the environment follow."""
    for name, config in configs.items():
        text = COMMENT[name] + yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
        for path in (file_of(bot, name), *([bot / CONFIG] if name is kind else [])):
            write_text(path, text)
    follow(bot)


def follow(bot: Path) -> None:
    """Write Python and groups for the configuration in use: TensorFlow where it is needed, else what Ratchet ships."""
    heavy = upgraded.needs_tensorflow(bot)
    own = {group for group in flavour.groups(bot) if group != flavour.TENSORFLOW}
    groups = {flavour.DEVELOPMENT, *own, *([flavour.TENSORFLOW] if heavy else [])}
    project = bot / framework.PROJECT
    ours = (SOURCE / "bot" / framework.PROJECT).read_text(encoding="utf-8")
    text = project.read_text(encoding="utf-8")
    if set(flavour.groups(bot)) != groups:
        write_text(project, moving.moved(text, ours, groups))
    python = (SOURCE / "bot" / flavour.PYTHON_VERSION).read_text(encoding="utf-8")
    write_text(bot / flavour.PYTHON_VERSION, f"{upgraded.TENSORFLOW_PYTHON}\n" if heavy else python)


def in_use(bot: Path) -> Pipeline:
    """Return which of the two is in use: `fast` is the one with Ratchet's classifier."""
    return Pipeline.FAST if CLASSIFIER in (bot / CONFIG).read_text(encoding="utf-8") else Pipeline.OWN


def switch(bot: Path, kind: Pipeline) -> bool:
    """Make the other configuration the one in use; returns whether anything changed.

    What was changed in `bot/config.yml` is kept under its own name. Raises `RatchetError` where there is no other.
    """
    now = in_use(bot)
    if now is kind:
        return False
    wanted = file_of(bot, kind)
    if not wanted.is_file():
        raise RatchetError(
            f"There is no bot/{wanted.name}.",
            "Write that configuration there: the one in use stays in bot/config.yml.",
        )
    write_text(file_of(bot, now), (bot / CONFIG).read_text(encoding="utf-8"))
    write_text(bot / CONFIG, wanted.read_text(encoding="utf-8"))
    follow(bot)
    return True
