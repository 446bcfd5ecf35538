"""A bot's code with and without a sentence encoder, to be compared; nothing of the workspace is changed."""

from __future__ import annotations

import json
from pathlib import Path

from ratchet.adapters.bot import bot_code, encoders, flavour, framework
from ratchet.adapters.settings import SOURCE, Settings
from ratchet.adapters.system import yaml_text
from ratchet.domain.errors import RatchetError


def copies(settings: Settings, name: str, folder: Path) -> tuple[Path, Path]:
    """Copy the bot's code twice, with the encoder of a name in its configuration and without; return both folders.

    Raises `RatchetError` where its framework knows no encoders, or its pipeline has no linear classifier.
    """
    made = folder / "with", folder / "without"
    for place, encoder in zip(made, (name, None), strict=True):
        bot_code.copy(settings.bot, place)
        config = place / "config.yml"
        config.write_text(json.dumps(configured(config, encoder)), encoding="utf-8")  # JSON is YAML
    if not (made[0] / framework.PACKAGE / "components" / "encoder.py").is_file():
        raise RatchetError(
            "The bot's framework is older than sentence encoders.",
            "Run `ratchet upgrade --commit`, then the same command again.",
        )
    return made


def configured(config: Path, encoder: str | None) -> dict[str, object]:
    """Return a configuration whose linear classifier has this encoder; raises `RatchetError` where it has none."""
    try:
        content = yaml_text.load(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml_text.NotYaml) as error:
        raise RatchetError(
            f"bot/config.yml cannot be read: {error}.", "Correct it, or restore it with Git."
        ) from error
    items = content.get("pipeline") if isinstance(content, dict) else None
    found = [
        item
        for item in items or []
        if isinstance(item, dict) and str(item.get("name", "")).rpartition(".")[2] == encoders.CLASSIFIER
    ]
    if not found:
        raise RatchetError(
            f"The pipeline in bot/config.yml has no {encoders.CLASSIFIER}, which works with sentence encoders.",
            "Compare bot/config.yml with the one that `ratchet init FOLDER` writes into a new folder.",
        )
    for item in found:
        item["encoder"] = encoder
    return dict(content)


def locked(settings: Settings) -> Path:
    """Return the folder of the lock file whose environment can run an encoder: the bot's own, else Ratchet's."""
    names = {
        str(entry["name"])
        for entry in flavour.installed(flavour.locked(settings.bot), flavour.of(settings.bot))
    }
    return settings.bot if {"onnxruntime", "tokenizers"} <= names else SOURCE / "bot"
