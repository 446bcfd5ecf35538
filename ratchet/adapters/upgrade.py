"""Bring a workspace to the installed version: what would change, and the change, all together or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ratchet.adapters.bot import flavour, installing
from ratchet.adapters.bot.upgraded import changed, known_copies
from ratchet.adapters.settings import (
    SOURCE,
    STATE_FOLDER,
    Params,
    load_settings,
    parse_params,
    read_params,
)
from ratchet.adapters.system import change, git
from ratchet.adapters.system.lock import hold
from ratchet.adapters.workspace import version
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations import new_keys
from ratchet.domain.operations.upgrading import ASIDE, Fate, Step

PARAMS = "params.yaml"
BY_HAND = "changed by you; compare it with the one of this version, and take over what it needs"


@dataclass(frozen=True)
class Upgrade:
    """What an upgrade changes: new contents by path, None where a file goes, and a step for each file that it names."""

    before: str
    now: str
    files: Mapping[str, bytes | None]
    steps: tuple[Step, ...]
    dependencies: tuple[str, ...]

    @property
    def aside(self) -> list[str]:
        """The files that are moved aside."""
        return [step.path for step in self.steps if step.fate is Fate.ASIDE]


def plan(root: Path) -> Upgrade:
    """Return what an upgrade of the workspace would change; it changes nothing.

    Raises `RatchetError` where the team's dependencies cannot be locked, or the workspace is newer than the program.
    """
    if version.unfinished(root).exists():  # of an upgrade that was killed, or of one that is in progress
        with hold(root / STATE_FOLDER / "run.lock", "An upgrade"):
            if names := change.undo(root, version.unfinished(root)):
                unstage(root, names)
    version.require(root)
    own = version.of_workspace(root)
    if own is None:
        raise RatchetError(
            f"{root} holds Ratchet's own bot: it is a checkout.",
            "Upgrade it with `git pull` and `make setup`.",
        )
    with tempfile.TemporaryDirectory(prefix="ratchet-upgrade-") as beside:
        made = changed(root / "bot", Path(beside))
    renew_copies(root, made.files, made.steps)
    add_keys(root, made.files, made.steps)
    before = own or version.OLDER_FORM
    return Upgrade(before, version.of_program(), made.files, tuple(made.steps), tuple(made.dependencies))


def renew_copies(root: Path, files: dict[str, bytes | None], steps: list[Step]) -> None:
    """Take the new workflows and deployment files where the team changed nothing; name those that it did change."""
    for name, digests in known_copies().items():
        path, ours = root / name, SOURCE / name
        if name.startswith("bot/") or not path.is_file() or not ours.is_file():
            continue
        now, new = path.read_bytes(), ours.read_bytes()
        if now == new:
            continue
        if hashlib.sha256(now).hexdigest() in digests:
            files[name] = new
            steps.append(Step(name, Fate.CHANGED, "an unchanged copy: renewed"))
        else:
            steps.append(Step(name, Fate.LEFT, BY_HAND))


def add_keys(root: Path, files: dict[str, bytes | None], steps: list[Step]) -> None:
    """Add the keys that `params.yaml` lacks, with the program's defaults: nothing behaves differently."""
    content = read_params(root / PARAMS)
    text = (root / PARAMS).read_bytes().decode()
    template = (SOURCE / PARAMS).read_text(encoding="utf-8")
    shipped = parse_params(template)
    defaults = Params().model_dump(mode="json")
    wanted = [
        path
        for path in new_keys.missing(content, defaults)
        if new_keys.value_at(shipped, path) == new_keys.value_at(defaults, path)
    ]
    if not wanted:
        return
    try:
        new = new_keys.with_keys(text, template, wanted)
        result = parse_params(new)
    except RatchetError:  # laid out in another way than the template
        new, result = text, content
    added = [path for path in wanted if new_keys.value_at(result, path) == new_keys.value_at(defaults, path)]
    if added and new_keys.without(result, added) == content:
        files[PARAMS] = new.encode()
        steps.append(Step(PARAMS, Fate.CHANGED, f"new keys, with their defaults: {dotted(added)}"))
    if left := [path for path in wanted if path not in added]:
        why = f"lacks {dotted(left)}: the defaults hold; add them by hand to have them in the file"
        steps.append(Step(PARAMS, Fate.LEFT, why))


def dotted(paths: list[tuple[str, ...]]) -> str:
    """Name keys as people do: gate.retire, harvest."""
    return ", ".join(".".join(path) for path in paths)


def carry_out(root: Path, upgrade: Upgrade) -> str:
    """Change the workspace and commit the change; returns the commit.

    Raises `RatchetError` where files that it changes have changes of their own that are not committed. If anything
    fails, also the commit, all files are as they were.
    """
    if not git.in_repository(root):
        raise RatchetError(
            f"{root} is not in a Git repository with a commit.",
            "Make it one: `git init`, `git add --all`, `git commit`. Then the upgrade can be undone.",
        )
    with hold(root / STATE_FOLDER / "run.lock", "An upgrade"):
        open_changes = git.git(root, "status", "--porcelain", "--", "bot", ASIDE, *upgrade.files)
        if open_changes:
            first = ", ".join(line[3:] for line in open_changes.splitlines()[:5])
            raise RatchetError(
                f"These have changes that are not committed: {first}.",
                "Commit them, or put them away with `git stash --include-untracked`; then run the same command again.",
            )
        settings = load_settings(root)
        environment, before = flavour.environment_hash(settings.bot), flavour.of(settings.bot).python
        with change.changing(root, version.unfinished(root), upgrade.files):
            commit = committed(root, sorted(upgrade.files), f"Upgrade the workspace to Ratchet {upgrade.now}")
        if flavour.of(settings.bot).python != before:
            installing.set_aside(settings, environment, before)  # the champion is scored with it
        return commit


def committed(root: Path, paths: list[str], message: str) -> str:
    """Commit these files; where Git refuses, nothing stays staged."""
    try:
        return git.commit(root, paths, message)
    except BaseException:
        unstage(root, paths)
        raise


def unstage(root: Path, paths: Sequence[str]) -> None:
    """Let Git's index have files as its last commit has them; where Git refuses, the first error is the one to tell."""
    with contextlib.suppress(RatchetError):
        git.git(root, "reset", "--quiet", "--", *paths)
