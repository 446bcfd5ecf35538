"""A release whose bundle or image is gone, made again from its own manifest: commit, lock, model by digest.

Never from today's working tree because it is there: whatever code is taken has to be proved to be the release's own.
"""

from __future__ import annotations

import contextlib
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pydantic import PrivateAttr

from ratchet.adapters.bot import bot_code
from ratchet.adapters.registry import encoders
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import commands, git
from ratchet.adapters.system.files import refuse_pointers
from ratchet.adapters.targets import bundles
from ratchet.adapters.targets.choice import choose_target
from ratchet.adapters.targets.optional import Holding
from ratchet.adapters.targets.target import Say, Target
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.model import Model

DIRTY = "-dirty"
PROCESS = "process"


class CannotRebuild(RatchetError):
    """Nothing that is left is the code of a release."""


class Elsewhere(Settings):
    """A workspace's settings with the bot of another folder: an older commit's, or code that is kept with a model."""

    _bot: Path = PrivateAttr(default=Path())

    @property
    def bot(self) -> Path:
        """The Rasa project."""
        return self._bot


def with_bot(settings: Settings, bot: Path) -> Settings:
    """Return settings that differ in the bot's folder alone."""
    values = {name: getattr(settings, name) for name in Settings.model_fields}
    made = Elsewhere.model_construct(settings.model_fields_set, **values)
    made._chosen = settings._chosen
    made._bot = bot
    return made


def ensured(settings: Settings, registry: Registry, target: Target, release: Release, say: Say) -> Release:
    """Return a release whose bundle or image is there: built again where it is gone or was changed.

    A server on this machine also needs the weights of its sentence encoder beside it; an image has them.

    Raises `RatchetError` as `rebuild` does. A target that cannot say what it holds is believed to hold it.
    """
    if release.target == target.name == PROCESS:
        encoders.ready(settings, registry, release.lineage.encoder, say)
    if not isinstance(target, Holding) or release.target != target.name or target.holds(release):
        return release
    return rebuild(settings, registry, target, release, say)


def rebuild(settings: Settings, registry: Registry, target: Target, release: Release, say: Say) -> Release:
    """Build a release again and return it, with the same id; on `process` its bundle has the same digest, too.

    An image that is built again may get another digest; then the registry's record of the release names the new one.
    Raises `RatchetError` where the model's archive is gone, and `CannotRebuild` where no code is left that is proved to
    be the release's.
    """
    model = registry.model(release.model_version)
    if model.sha256 != release.model_sha256:
        raise RatchetError(
            f"Version {model.version} in the registry is not the model of release {release.id}: another digest.",
            "The registry's database was changed. Restore it with `ratchet restore FILE --force`.",
        )
    archive = registry.archive(model)
    with code_of(settings, registry, release, model) as (bot, source):
        say(f"building release {release.id} again from {source}")
        refuse_pointers(bot_code.code_files(bot).values(), bot.parent)
        set_aside(settings, release, say)
        labels = {
            "version": model.version,
            "revision": release.code_commit,
            "model": model.sha256,
            "data": model.lineage.data_revision,
        }
        if encoder := model.lineage.encoder:
            encoders.ready(settings, registry, encoder, say)
            labels["encoder"] = encoder
        bundle = choose_target(with_bot(settings, bot)).package(archive, model.sha256, labels, say)
    if bundle == release.bundle:
        return release
    rebuilt = replace(release, bundle=bundle)
    registry.record_bundle(rebuilt)
    say(
        f"release {release.id} has another image now, {bundle.removeprefix('sha256:')[:12]}: it was built again"
    )
    return rebuilt


@contextlib.contextmanager
def code_of(
    settings: Settings, registry: Registry, release: Release, model: Model
) -> Iterator[tuple[Path, str]]:
    """Give a folder with exactly the code of a release, and in words where it comes from; raises `CannotRebuild`."""
    with contextlib.ExitStack() as stack:
        yield find_code(stack, settings, registry, release, model)


def find_code(
    stack: contextlib.ExitStack, settings: Settings, registry: Registry, release: Release, model: Model
) -> tuple[Path, str]:
    """Look for it in Git, with the model and in the working tree; what is made for it is removed with the `stack`."""
    commit = release.code_commit.removesuffix(DIRTY)
    tried = ""
    if commit:
        try:
            bot = stack.enter_context(checked_out(settings.workspace, commit))
            if proved(release, bot):
                return bot, f"commit {commit[:8]}"
            tried = f"commit {commit[:8]} has other code"
        except NoCommit as error:
            tried = error.fact
    with contextlib.suppress(RatchetError):
        bot = registry.code(model)
        if proved(release, bot):
            return bot, f"the code that is kept with model version {model.version}"
    if exact(release) and proved(release, settings.bot):
        return settings.bot, "the working tree, which has the very code"
    raise cannot(release, tried)


def exact(release: Release) -> bool:
    """Say whether a manifest knows the digest of all of the code, so that any source of it can be proved."""
    return bool(release.code) or release.target == PROCESS


def proved(release: Release, bot: Path) -> bool:
    """Say whether a folder has the code of a release.

    The digest of the whole code decides, which the manifest has or the bundle's name is made of. For an image from
    before it was noted, a clean commit and what shapes the model have to do.
    """
    if not bot.is_dir():
        return False
    try:
        if release.code:
            return bot_code.code_digest(bot) == release.code
        if release.target == PROCESS:
            return bot_code.bundle_name(bot_code.code_digest(bot), release.model_sha256) == release.bundle
        shaping = (bot_code.shaping_hash(bot), bot_code.lock_hash(bot))
    except (RatchetError, OSError):  # a commit whose bot is not valid
        return False
    lineage = release.lineage
    clean = bool(release.code_commit) and not release.code_commit.endswith(DIRTY)
    return clean and shaping == (lineage.code_hash, lineage.lock_hash)


class NoCommit(RatchetError):
    """A commit is not in this clone."""


@contextlib.contextmanager
def checked_out(workspace: Path, commit: str) -> Iterator[Path]:
    """Give the bot's folder of a commit, in a temporary folder; the working tree is not touched.

    The whole workspace is there, because a bot may have its framework beside it. Raises `NoCommit`.
    """
    asked = ["git", "cat-file", "-e", f"{commit}^{{commit}}"]
    if not git.in_repository(workspace) or commands.run(asked, cwd=workspace, check=False).code != 0:
        raise NoCommit(f"commit {commit[:8]} is not in this clone")
    with tempfile.TemporaryDirectory(prefix="ratchet-rebuild-") as name:
        folder, packed = Path(name) / "tree", Path(name) / "commit.tar"
        try:
            commands.run(["git", "archive", "--output", packed, commit], cwd=workspace)
        except commands.CommandFailed as error:
            raise NoCommit(f"commit {commit[:8]} does not have this folder") from error
        with tarfile.open(packed) as content:
            content.extractall(folder, filter="data")
        packed.unlink()
        yield folder / "bot"


def set_aside(settings: Settings, release: Release, say: Say) -> None:
    """Move a bundle that was changed out of the way; it never runs, and is kept to be looked at."""
    changed = settings.state / "bundles" / release.bundle
    if release.target != PROCESS or not changed.exists():
        return
    kept = bundles.set_aside(changed)
    say(f"the bundle of release {release.id} was changed; it is in {kept} now, and does not run")


def cannot(release: Release, tried: str) -> CannotRebuild:
    """Say why a release cannot be built again, and what is left to do."""
    what = "bundle" if release.target == PROCESS else "image"
    fetch = ""
    if not release.code_commit:
        why = "it was released without Git, and neither the code kept with its model nor this folder's is its own"
    elif release.code_commit.endswith(DIRTY):
        why = "it was released with changes that no commit has, and nothing that is left has the same code"
    else:
        why = f"{tried}, and nothing else that is left has its code"
        fetch = "If another clone has the commit, fetch it from there and run the same command again. "
    return CannotRebuild(
        f"The {what} of release {release.id} is gone and cannot be built again: {why}.",
        f"{fetch}Go to another release with `ratchet rollback --to ID`; `ratchet history` lists them. A new release of "
        f"its model, with today's code, is `ratchet release {release.model_version}`.",
    )
