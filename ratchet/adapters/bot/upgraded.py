"""A workspace's bot as the installed version would have it: which of its files change, and to what."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from packaging.utils import canonicalize_name

from ratchet.adapters.bot import flavour, framework, installing
from ratchet.adapters.system import commands, yaml_text
from ratchet.adapters.system.files import sha256
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations import moving, upgrading
from ratchet.domain.operations.upgrading import Fate, Step
from ratchet.resources import HERE, SOURCE

LOCK_SECONDS = 600.0
LEFT_OUT = {".venv", "__pycache__", ".pytest_cache", ".rasa", "models"}
BASE = (
    *("rasa==3.6.21", "numpy<1.25", "scipy<1.11", "scikit-learn<1.2", "aiohttp<3.10", "redis>=4.5.3,<5"),
    "ruamel.yaml<0.17.22",
)
"""What an older bot required for the framework that it had copied."""

FILES = (framework.PROJECT, framework.LOCK, flavour.PYTHON_VERSION)
TENSORFLOW_PYTHON = "3.11"
"""The newest for which there is a TensorFlow 2.12, that of Rasa."""
WITH_TENSORFLOW = {
    *("DIETClassifier", "ResponseSelector", "TEDPolicy", "UnexpecTEDIntentPolicy"),
    *("LanguageModelFeaturizer", "ConveRTFeaturizer"),
}


@dataclass
class Changed:
    """New contents by path in the workspace, None where a file goes; a step for each; the team's own dependencies."""

    files: dict[str, bytes | None] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    dependencies: list[str] = field(default_factory=list)

    def note(self, name: str, content: bytes | None, fate: Fate, why: str) -> None:
        """Add a change of one file."""
        self.files[name] = content
        self.steps.append(Step(name, fate, why))


def known_copies() -> dict[str, list[str]]:
    """Return the digests that each file had which an earlier release copied, by path in the workspace."""
    found: dict[str, list[str]] = json.loads((HERE / "copied.json").read_text(encoding="utf-8"))["files"]
    return found


def changed(bot: Path, beside: Path) -> Changed:
    """Return what changes in a bot's folder; `beside` is an empty folder to work in.

    Raises `RatchetError` where the team's own dependencies cannot be locked, or its project cannot be read.
    """
    made = Changed()
    wheel = framework.wheel(beside / "bot" / framework.VENDOR)
    name = f"bot/{framework.VENDOR}/{wheel.name}"
    current = bot.parent / name
    if framework.locked(bot) and current.is_file() and sha256(current) == sha256(wheel):
        return made
    for old in sorted((bot / framework.VENDOR).glob(framework.WHEELS)):
        if old.name != wheel.name:
            made.note(f"bot/{framework.VENDOR}/{old.name}", None, Fate.REMOVED, "an older framework")
    fate = Fate.CHANGED if current.exists() else Fate.ADDED
    made.note(name, wheel.read_bytes(), fate, "the framework, as the lock file names it")
    copies = {
        path.removeprefix("bot/"): own for path, own in known_copies().items() if path.startswith("bot/")
    }
    if not framework.locked(bot):
        put_away(bot, copies, made)
    pin(bot, copies, wheel, made)
    return made


def put_away(bot: Path, copies: dict[str, list[str]], made: Changed) -> None:
    """Take the copied framework out of an older bot, and rename it in the files that stay."""
    files = listed(bot)
    fates = upgrading.fates({name: sha256(path) for name, path in files.items()}, copies)
    for name, fate in sorted(fates.items()):
        aside = fate is Fate.ASIDE
        why = "changed by you; the package's own runs now" if aside else upgrading.COPY
        made.note(f"bot/{name}", None, fate, why)
        if aside:
            made.files[f"{upgrading.ASIDE}/bot/{name}"] = files[name].read_bytes()
    for name, path in files.items():
        if name in fates or not (
            name.endswith(".py") or ("/" not in name and name.endswith((".yml", ".yaml")))
        ):
            continue
        text = path.read_bytes().decode("utf-8", errors="surrogateescape")
        if (new := upgrading.renamed(text, copies)) != text:
            content = new.encode("utf-8", errors="surrogateescape")
            made.note(f"bot/{name}", content, Fate.CHANGED, "names of the framework's modules")
        gone = [path for path in fates if path.endswith(".py")]
        if name.endswith(".py") and (lines := upgrading.unfollowed(name, new, gone)):
            why = f"imports modules that go, in line {', '.join(map(str, lines))}: name them by {framework.PACKAGE}"
            made.steps.append(Step(f"bot/{name}", Fate.LEFT, why))


def listed(bot: Path) -> dict[str, Path]:
    """Return the files of a bot's folder by their paths in it, without environments, caches and models."""
    found: dict[str, Path] = {}
    for folder, folders, names in os.walk(bot):
        folders[:] = sorted(set(folders) - LEFT_OUT)
        found |= {
            (Path(folder) / name).relative_to(bot).as_posix(): Path(folder) / name for name in sorted(names)
        }
    return found


def pin(bot: Path, copies: dict[str, list[str]], wheel: Path, made: Changed) -> None:
    """Let project and lock file name the wheel, which is in the folder where they are made.

    A bot for another Python is moved to the framework's, with the packages that were tested there.
    """
    beside = wheel.parents[1]
    old = {name: (bot / name).read_text(encoding="utf-8") if (bot / name).exists() else "" for name in FILES}
    unchanged = all(
        hashlib.sha256(old[name].encode()).hexdigest() in copies[name]
        for name in (framework.PROJECT, framework.LOCK)
    )
    new = named(bot, wheel, old, unchanged, made)
    moves = not {*flavour.pythons(bot)} & {*flavour.pythons(SOURCE / "bot")}
    if moves:
        new |= moved(bot, wheel, new)
    for name, content in new.items():
        if content:  # no lock file yet; an empty one does not count
            (beside / name).write_text(content, encoding="utf-8")
    if not unchanged or (moves and flavour.of(beside).groups):
        locked(beside)
    if moves:
        made.steps += no_longer_brought(bot, beside)
    why = dict.fromkeys(FILES, "depends on the framework's wheel")
    why[flavour.PYTHON_VERSION] = f"the bot runs on {flavour.of(beside)} now"
    if made.dependencies:
        why[framework.PROJECT] += f"; yours stay: {', '.join(made.dependencies)}"
    for name in new:
        written = (beside / name).read_bytes()
        if written.decode() != old[name]:
            made.note(f"bot/{name}", written, Fate.CHANGED if old[name] else Fate.ADDED, why[name])


def shipped() -> dict[str, str]:
    """Return the texts of the files that name Python and packages, as the program has them."""
    return {name: (SOURCE / "bot" / name).read_text(encoding="utf-8") for name in FILES}


def named(bot: Path, wheel: Path, old: dict[str, str], unchanged: bool, made: Changed) -> dict[str, str]:
    """Return the texts of a bot's project and lock file, by name, with the framework's wheel in them."""
    of_before = not framework.locked(bot)
    if of_before and old[framework.PROJECT] and not unchanged:
        where = f"{framework.VENDOR}/{wheel.name}"
        project, made.dependencies = upgrading.project(old[framework.PROJECT], BASE, where)
        return {framework.PROJECT: project, framework.LOCK: old[framework.LOCK]}
    texts = shipped() if of_before else old
    return {
        framework.PROJECT: framework.pinned_project(texts[framework.PROJECT], wheel),
        framework.LOCK: framework.pinned_lock(texts[framework.LOCK], wheel),
    }


def moved(bot: Path, wheel: Path, texts: dict[str, str]) -> dict[str, str]:
    """Return project, lock file and the file that names the Python, for the Python of the framework's own."""
    ours, own = shipped(), flavour.groups(bot)
    heavy = needs_tensorflow(bot) or flavour.TENSORFLOW in own
    usual = flavour.groups(SOURCE / "bot")  # what the program's own environment has, and is tested with
    groups = {flavour.DEVELOPMENT, *usual, *own, *([flavour.TENSORFLOW] if heavy else [])}
    lock = framework.with_others(ours[framework.LOCK], texts[framework.LOCK])
    return {
        framework.PROJECT: moving.moved(texts[framework.PROJECT], ours[framework.PROJECT], groups),
        framework.LOCK: framework.pinned_lock(lock, wheel),
        flavour.PYTHON_VERSION: f"{TENSORFLOW_PYTHON}\n" if heavy else ours[flavour.PYTHON_VERSION],
    }


def no_longer_brought(bot: Path, moved: Path) -> Iterator[Step]:
    """Name the team's modules that import what came with Rasa for the bot's old Python and does not for the new one."""
    old, new = (
        {str(entry["name"]) for entry in flavour.installed(flavour.locked(one), flavour.of(one))}
        for one in (bot, moved)
    )
    for name, path in listed(bot).items():
        if name.endswith(".py"):
            found = upgrading.imported(path.read_bytes().decode("utf-8", errors="replace"))
            gone = sorted(
                {upgrading.PACKAGES.get(module, canonicalize_name(module)) for module in found} & (old - new)
            )
            if gone:
                why = f"imports {', '.join(gone)}, which Rasa no longer brings: `uv add {' '.join(gone)}` in bot/"
                yield Step(f"bot/{name}", Fate.LEFT, why)


def needs_tensorflow(bot: Path) -> bool:
    """Say whether the bot's configuration names a component of Rasa's that works with TensorFlow."""
    config = bot / "config.yml"
    try:
        content = yaml_text.load(config.read_text(encoding="utf-8")) if config.exists() else {}
    except (UnicodeDecodeError, yaml_text.NotYaml):
        return False  # the training will say so
    parts = content if isinstance(content, dict) else {}
    items = [one for part in ("pipeline", "policies") for one in parts.get(part) or []]
    names = {str(one.get("name", "") if isinstance(one, dict) else one).rpartition(".")[2] for one in items}
    return not names.isdisjoint(WITH_TENSORFLOW)


def locked(folder: Path) -> None:
    """Lock a project, without the network where that is possible; versions that it had stay where they can.

    With the Python that runs Ratchet, which every bot allows: nothing has to be installed for it.
    """
    argv = [installing.uv(), "lock", "--quiet", "--project", str(folder), "--python", sys.executable]
    if commands.run([*argv, "--check", "--offline"], cwd=folder, timeout=LOCK_SECONDS, check=False).code == 0:
        return
    done = commands.run(argv, cwd=folder, timeout=LOCK_SECONDS, check=False)
    if done.code != 0:
        said = " ".join(done.output.split())
        raise RatchetError(
            f"The bot's own dependencies cannot be locked together with the framework: {said[:600]}",
            "Check the network, or the requirements in bot/pyproject.toml; then run the same command again. Nothing "
            "was changed.",
        )
