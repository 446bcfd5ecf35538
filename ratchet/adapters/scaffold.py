"""Make a workspace: its files, Git, DVC, and an example or an empty corpus."""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
from pathlib import Path

from ratchet.adapters.bot import bot_code, framework
from ratchet.adapters.corpus import dvc, dvc_config
from ratchet.adapters.settings import MARKERS, SOURCE, STATE_FOLDER
from ratchet.adapters.system import commands, git
from ratchet.domain.errors import RatchetError

LOCAL_REMOTE = f"{STATE_FOLDER}/remote"
IGNORED = (".venv", STATE_FOLDER, "__pycache__/", ".env", "prefect.toml", "bot/models/", "*.tar.gz")
"""What Git never holds, also where `.ratchet` or `.venv` is a link to another disk. Models are in the registry, and a
Git host refuses files as large as they become."""
ATTRIBUTES = """\
# The same bytes on every machine, whatever core.autocrlf says: they are part of fingerprints.
* text=auto eol=lf
"""
EMPTY = "empty"
WORKFLOWS = ("pull-request.yml", "inside-ci.yml", "to-service.yml")
"""For GitHub; none runs before a repository variable says so."""


def examples() -> list[str]:
    """Return the names of the examples that come with Ratchet."""
    return sorted(path.parent.name for path in (SOURCE / "examples").glob("*/data"))


def make_workspace(folder: Path, example: str | None) -> None:
    """Make a workspace in a folder that is absent or empty; whole or not at all.

    With an example, its corpus, bot and directory of people are included; without, the corpus is empty and the
    bot has no content of its own. Raises `RatchetError` when the folder is taken or the example is unknown.
    """
    if example is not None and example not in examples():
        raise RatchetError(f"There is no example {example!r}.", f"Choose one of: {', '.join(examples())}.")
    require_free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as beside:
        built = Path(beside) / folder.name
        fill(built, example)
        if folder.exists():
            folder.rmdir()
        built.rename(folder)


def require_free(folder: Path) -> None:
    """Raise `RatchetError` when a folder holds anything."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        known = all((folder / marker).exists() for marker in MARKERS)
        raise RatchetError(
            f"{folder} {'is a workspace already' if known else 'is not empty'}.",
            "Name a new or an empty folder.",
        )


def fill(folder: Path, example: str | None) -> None:
    """Write everything that a workspace has."""
    copy_bot(folder, example)
    source = SOURCE / "examples" / (example or EMPTY)
    (folder / "params.yaml").write_text(params_text(example), encoding="utf-8")
    if example:
        shutil.copy(SOURCE / "directory.csv", folder / "directory.csv")
    (folder / ".gitignore").write_text("\n".join(IGNORED) + "\n", encoding="utf-8")
    (folder / ".gitattributes").write_text(ATTRIBUTES, encoding="utf-8")
    (folder / ".github" / "workflows").mkdir(parents=True)
    for name in WORKFLOWS:
        shutil.copy(SOURCE / ".github" / "workflows" / name, folder / ".github" / "workflows" / name)
    (folder / ".env").write_text("# What differs by machine; Git ignores this file.\n", encoding="utf-8")
    commands.run(["git", "init", "--quiet"], cwd=folder)
    dvc_config.init(folder, LOCAL_REMOTE)
    if example:
        shutil.copy(SOURCE / "data.dvc", folder / "data.dvc")
        dvc.seed(folder, source / "data")
    commands.run(["git", "add", "--all"], cwd=folder)
    commands.run(
        ["git", *git.identity(folder), "commit", "--quiet", "--message", "Start the workspace"], cwd=folder
    )


def params_text(example: str | None) -> str:
    """Return the policy to start with: Ratchet's own, without an example with a salt and no context of its own."""
    text = (SOURCE / "params.yaml").read_text(encoding="utf-8")
    if example:
        return text
    text = re.sub(r"^  context:\n(    .*\n)+", "  context: {}\n", text, flags=re.MULTILINE)
    return re.sub(r"^  salt: .*$", f'  salt: "{secrets.token_hex(8)}"', text, flags=re.MULTILINE)


def copy_bot(folder: Path, example: str | None) -> None:
    """Write the bot's folder: the example's content or the little that an empty bot has, and the framework's wheel."""
    ours, bot = SOURCE / "bot", folder / "bot"
    tests = [path for path in (ours / "tests").rglob("*.*") if path.is_file()]
    for path in [*bot_code.own_files(ours), *tests]:
        copy = bot / path.relative_to(ours)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    wheel = framework.wheel(bot / framework.VENDOR)
    for name, pinned in (
        (framework.PROJECT, framework.pinned_project),
        (framework.LOCK, framework.pinned_lock),
    ):
        (bot / name).write_text(pinned((ours / name).read_text(encoding="utf-8"), wheel), encoding="utf-8")
    if example is None:
        shutil.rmtree(bot / "tests" / "conversations", ignore_errors=True)
        shutil.copytree(SOURCE / "examples" / EMPTY / "bot", bot, dirs_exist_ok=True)
