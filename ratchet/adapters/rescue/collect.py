"""What a machine has of a workspace that is in no remote, as the files of a backup.

Databases that may be in use are copied by SQLite's own backup first, so that what goes in is whole.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from dotenv import dotenv_values

from ratchet.adapters.bot import traffic
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.rescue import repository
from ratchet.adapters.rescue.archive import Source
from ratchet.adapters.rescue.data_remote import local_folder
from ratchet.adapters.settings import STATE_FOLDER, Settings
from ratchet.adapters.system.failures import first_line
from ratchet.adapters.targets import ports
from ratchet.adapters.targets.optional import Remembering
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.adapters.targets.target import Say, Target
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.backup import Part, Repository, wrong
from ratchet.domain.release.manifest import Release, last_good

REGISTRY = f"{STATE_FOLDER}/mlflow.db"
ARTIFACTS = f"{STATE_FOLDER}/artifacts"
REMOTE = f"{STATE_FOLDER}/remote"
SECRETS = f"{STATE_FOLDER}/secrets"
TOKENS = f"{SECRETS}/client-tokens.yml"
BUNDLE = f"{STATE_FOLDER}/repository.bundle"
CONVERSATIONS = f"{STATE_FOLDER}/conversations"
SINGLE = {
    ".env": Part.SETTINGS,
    ".dvc/config.local": Part.SETTINGS,
    f"{STATE_FOLDER}/owned.json": Part.SETTINGS,
    f"{STATE_FOLDER}/watch/cursor.json": Part.SETTINGS,
}
"""Files that are taken as they are, wherever Git has them."""
NEVER = (
    "the bot's environments: installed again from their lock files",
    "Prefect's record of runs, the run folders and the monitor's memory",
)
SQLITE = "sqlite:///"


@dataclass
class Collected:
    """The files of a backup, and what has to be known to put them back."""

    sources: dict[str, Source] = field(default_factory=dict)
    outside: dict[str, str] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    repository: Repository | None = None
    live: Release | None = None

    def add(self, file: Path, path: str, part: Part) -> None:
        """Take a file; the first one of a path counts. One whose name no backup can hold is named."""
        if why := wrong(path):
            self.left_out.append(f"{path.encode('utf-8', 'replace').decode()}: its name {why}")
        elif path not in self.sources:
            self.sources[path] = Source(file, path, part)

    def add_below(self, folder: Path, path: str, part: Part) -> None:
        """Take all files below a folder."""
        for file in repository.files_below(folder):
            self.add(file, f"{path}/{file.relative_to(folder).as_posix()}", part)


def collect(settings: Settings, target: Target, scratch: Path, say: Say) -> Collected:
    """Find everything; copies of databases, and what a target gives, are put into `scratch`."""
    found = Collected()
    say("registry")
    add_registry(found, settings, scratch)
    add_artifacts(found, settings)
    say("data")
    add_data(found, settings)
    add_bundles(found, settings, target)
    add_secrets(found, settings)
    for name, part in SINGLE.items():
        if (settings.workspace / name).is_file():
            found.add(settings.workspace / name, name, part)
    say("repository and files")
    add_workspace(found, settings, scratch)
    add_traffic(found, settings, scratch)
    say("conversations")
    add_conversations(found, target, scratch, say)
    found.left_out += NEVER
    return found


def add_registry(found: Collected, settings: Settings, scratch: Path) -> None:
    """Take the registry's database where it is a file."""
    uri = settings.tracking_uri or f"{SQLITE}{settings.state / 'mlflow.db'}"
    if not uri.startswith(SQLITE) or "?" in uri:
        found.left_out.append(f"the registry at {uri.rpartition('@')[2]}: it has a backup of its own")
        return
    file = Path(uri.removeprefix(SQLITE)).absolute()
    if not file.is_file():
        return
    found.add(snapshot(file, scratch / "mlflow.db"), REGISTRY, Part.REGISTRY)
    if settings.tracking_uri:
        found.outside["tracking_uri"] = settings.tracking_uri


def add_artifacts(found: Collected, settings: Settings) -> None:
    """Take the models and all else that the registry keeps as files."""
    found.add_below(settings.state / "artifacts", ARTIFACTS, Part.ARTIFACTS)
    root = (settings.artifact_root or "").removeprefix("file://")
    if "://" in root:
        found.left_out.append(f"models and reports: they are in {root}")
    elif root:
        found.add_below(Path(root), ARTIFACTS, Part.ARTIFACTS)
        found.outside["artifact_root"] = str(Path(root).absolute())


def add_data(found: Collected, settings: Settings) -> None:
    """Take `data/`, and the data remote where it is a folder of this machine."""
    found.add_below(settings.workspace / "data", "data", Part.DATA)
    folder, address = local_folder(settings.workspace)
    if folder is None:
        found.left_out += [f"the data remote {address}"] if address else []
        return
    found.add_below(folder, REMOTE, Part.REMOTE)
    if folder != settings.workspace / REMOTE:
        found.outside["data_remote"] = str(folder)


def add_bundles(found: Collected, settings: Settings, target: Target) -> None:
    """Take the bundles of the live and the last good release; an image is built again from its manifest."""
    try:
        registry = Registry(settings)
        found.live = registry.live()
        before = last_good(registry.releases(), found.live.id if found.live else None)
    except RatchetError as error:
        found.left_out.append(f"bundles: {error.fact}")
        return
    for release in (found.live, before):
        if release is None:
            continue
        folder = settings.state / "bundles" / release.bundle
        if release.target != ProcessTarget.name:
            found.left_out.append(f"the image of release {release.id}: it is built again from its manifest")
        elif folder.is_dir():
            found.add_below(folder, f"{STATE_FOLDER}/bundles/{release.bundle}", Part.BUNDLES)
        else:
            found.left_out.append(f"the bundle of release {release.id}: it is gone, and is built again")
    if target.name != ProcessTarget.name and settings.registry:
        found.left_out.append(f"images: they are in {settings.registry}")


def add_secrets(found: Collected, settings: Settings) -> None:
    """Take the tokens, also those of a file elsewhere."""
    named = settings.client_tokens_file
    if named and named.is_file() and not named.absolute().is_relative_to(settings.workspace):
        found.add(named.absolute(), TOKENS, Part.SECRETS)
        found.outside["client_tokens_file"] = str(named)
    found.add_below(settings.state / "secrets", SECRETS, Part.SECRETS)


def add_workspace(found: Collected, settings: Settings, scratch: Path) -> None:
    """Take the whole Git repository, and the files that differ from its commit; without Git all files."""
    workspace = settings.workspace
    found.repository = repository.describe(workspace)
    if found.repository is None:
        names = repository.everything(workspace)
    else:
        names, found.deleted = repository.changed(workspace)
    for name in names:
        if (workspace / name).is_file():
            found.add(workspace / name, name, Part.FILES)
        else:
            found.left_out.append(f"{name}: it is no file")
    if found.repository is None:
        return
    if found.repository.bundled:
        repository.bundle(workspace, scratch / "repository.bundle")
        found.add(scratch / "repository.bundle", BUNDLE, Part.REPOSITORY)
    else:
        found.left_out.append(
            "the Git repository: this is a shallow clone; restore into a clone of your remote"
        )


def add_traffic(found: Collected, settings: Settings, scratch: Path) -> None:
    """Take what people wrote and what was labelled of it."""
    if settings.events_url:
        found.left_out.append("conversation events: they are in the database that RATCHET_EVENTS_URL names")
    elif traffic.file(settings).is_file():
        copy = snapshot(traffic.file(settings), scratch / "messages.db")
        found.add(copy, traffic.file(settings).relative_to(settings.workspace).as_posix(), Part.EVENTS)
    found.add_below(settings.state / "harvest", f"{STATE_FOLDER}/harvest", Part.HARVEST)


def add_conversations(found: Collected, target: Target, scratch: Path, say: Say) -> None:
    """Take the conversations that the target keeps."""
    if not isinstance(target, Remembering):
        found.left_out.append(f"conversations: the target {target.name} gives none")
        return
    folder = scratch / "conversations"
    folder.mkdir()
    said = target.conversations().save(folder, say)
    found.add_below(folder, CONVERSATIONS, Part.CONVERSATIONS)
    if not any(folder.iterdir()):
        found.left_out.append(f"conversations: {said}")


def environment(settings: Settings) -> dict[str, str]:
    """Return the RATCHET_* settings that only the environment has, not `.env`."""
    known = {ports.variable(name) for name in Settings.model_fields} - {"RATCHET_WORKSPACE", "RATCHET_PARAMS"}
    file = settings.workspace / ".env"
    named = {name.upper() for name in dotenv_values(file)} if file.is_file() else set()
    return {name: os.environ[name] for name in sorted(known & os.environ.keys() - named)}


def snapshot(database: Path, copy: Path) -> Path:
    """Copy an SQLite file that others may be writing to, as one moment has it, and return the copy.

    Raises `RatchetError` where it cannot be read or is damaged.
    """
    try:
        with (
            contextlib.closing(sqlite3.connect(f"file:{quote(str(database))}?mode=rw", uri=True)) as source,
            contextlib.closing(sqlite3.connect(copy)) as into,
        ):
            source.backup(into)
            said = [str(row[0]) for row in into.execute("pragma quick_check(1)")]
    except sqlite3.Error as error:
        said = [first_line(error)]
    if said != ["ok"]:
        raise damaged(database, said)
    return copy


def damaged(database: Path, said: Iterable[str]) -> RatchetError:
    """Return the error for a database that no backup can be made of."""
    return RatchetError(
        f"{database} cannot be backed up: {'; '.join(said)}.",
        "Check its disk. If it is damaged, restore the last backup with `ratchet restore FILE --force`.",
    )
