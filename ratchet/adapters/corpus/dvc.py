"""DVC, in process: revisions of the data folder, its cache, and its remote.

A revision is the hash that `data.dvc` holds. Objects go by hash between a folder, the cache and the remote,
so that nothing here touches `data/` or `data.dvc` except `write_pointer`; DVC's own commands work beside it.
The remote is asked again each time: DVC's index of what a remote once held is not used.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from ratchet.adapters.corpus import forgotten
from ratchet.adapters.corpus.dvc_config import FOLDER as FOLDER
from ratchet.adapters.corpus.dvc_config import local_remote, repository
from ratchet.adapters.system import commands, yaml_text
from ratchet.adapters.system.files import LFS_HEADER, replacing
from ratchet.domain.errors import RatchetError

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc_data.hashfile.db import HashFileDB
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.tree import Tree

POINTER = "data.dvc"
REVISION = re.compile(r"[0-9a-f]{32}(\.dir)?")
CONFLICT = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)
RESET = "ratchet data reset"
PULL_REMEDY = "Push it from a machine that has it: `dvc push`."


class RemoteUnreachable(RatchetError):
    """The remote did not answer, refused the keys, or does not exist."""


class NotInRemote(RatchetError):
    """A revision is neither in the cache nor in the remote."""


class DataChanged(RatchetError):
    """`data/` is not what `data.dvc` says."""


class Conflicted(RatchetError):
    """Git could not merge `data.dvc`."""


def conflicted(where: str = POINTER) -> Conflicted:
    """Return the error for a pointer that Git could not merge."""
    return Conflicted(
        f"{where} is in conflict: two people changed the data.",
        "Run `ratchet data merge`: it brings both sides' messages together.",
    )


@dataclass(frozen=True)
class Pointer:
    """What `data.dvc` says: the revision, the bytes and the files of the data folder."""

    revision: str
    size: int
    files: int


def probe(workspace: Path, name: str) -> str:
    """Write a small object to the default remote, read it and remove it; returns the remote's address."""
    with remote(workspace) as (_, odb):
        path = odb.fs.join(odb.path.removesuffix("/files/md5"), name)
        odb.fs.makedirs(odb.fs.parent(path), exist_ok=True)
        odb.fs.pipe_file(path, name.encode())
        read = odb.fs.cat_file(path)
        odb.fs.remove(path)
        if read != name.encode():
            raise RemoteUnreachable(
                f"{address(odb)} gave back another object than was written.", "Check the store."
            )
        return address(odb)


def read_pointer(workspace: Path, git_revision: str | None = None) -> Pointer:
    """Read `data.dvc` of the working tree or of a Git revision.

    Raises `RatchetError` when it is missing, is a Git LFS pointer, or is no pointer at all.
    """
    where = f"{POINTER} at {git_revision}" if git_revision else POINTER
    if git_revision:
        shown = commands.run(["git", "show", f"{git_revision}:./{POINTER}"], cwd=workspace, check=False)
        text = shown.output if shown.code == 0 else None
    else:
        path = workspace / POINTER
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
    if text is None:
        raise RatchetError(
            f"{where} is missing.",
            f"Run `ratchet ingest FILE` to make it; where it was deleted, `{RESET}` brings it back.",
        )
    return parse_pointer(text, where)


def parse_pointer(text: str, where: str = POINTER) -> Pointer:
    """Return what the text of a pointer says; raises `RatchetError` for no pointer, or Git's conflict marks."""
    if CONFLICT.search(text):
        raise conflicted(where)
    if text.startswith(LFS_HEADER):
        raise RatchetError(
            f"{where} is a Git LFS pointer, not the file itself.",
            "Take it out of LFS (`git lfs untrack data.dvc`, `git lfs pull`): Ratchet keeps data in DVC.",
        )
    try:
        (out,) = yaml_text.load(text)["outs"]
        if not REVISION.fullmatch(out["md5"]):  # it becomes part of paths
            raise ValueError
        return Pointer(out["md5"], int(out.get("size") or 0), int(out.get("nfiles") or 0))
    except (yaml_text.NotYaml, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise RatchetError(
            f"{where} is not a DVC pointer to one folder.", f"Restore it with `{RESET}`."
        ) from error


def tracked(workspace: Path) -> bool:
    """Tell whether the commit that is checked out has a `data.dvc`."""
    return commands.run(["git", "cat-file", "-e", f"HEAD:./{POINTER}"], cwd=workspace, check=False).code == 0


def revision(workspace: Path, git_revision: str | None = None) -> str:
    """Return the data revision of the working tree or of a Git revision."""
    return read_pointer(workspace, git_revision).revision


def write_pointer(workspace: Path, pointer: Pointer) -> None:
    """Write `data.dvc` in one step, as DVC would."""
    with replacing(workspace / POINTER) as temporary:
        temporary.write_text(pointer_text(pointer), encoding="utf-8")
        temporary.chmod(0o644)


def pointer_text(pointer: Pointer) -> str:
    """Return the text of `data.dvc`."""
    out = {
        "md5": pointer.revision,
        "size": pointer.size,
        "nfiles": pointer.files,
        "hash": "md5",
        "path": FOLDER,
    }
    return str(yaml.safe_dump({"outs": [out]}, sort_keys=False))


def describe(workspace: Path, folder: Path) -> Pointer:
    """Return what a pointer to this folder would say, without storing anything."""
    with repository(workspace) as repo:
        return build(repo, folder)[0]


def add(workspace: Path, folder: Path) -> Pointer:
    """Put a folder's files into the cache and return the pointer to them; `data.dvc` stays as it is."""
    from dvc_data.hashfile.transfer import transfer

    with repository(workspace) as repo:
        pointer, staging, info = build(repo, folder, dry_run=False)
        result = transfer(staging, repo.cache.local, {info}, shallow=False)
        if result.failed:
            raise RatchetError(
                f"{len(result.failed)} files of {folder} could not be cached.", "Check the disk's space."
            )
        return pointer


def build(repo: Repo, folder: Path, dry_run: bool = True) -> tuple[Pointer, HashFileDB, HashInfo]:
    """Hash a folder as DVC does."""
    from dvc.fs import LocalFileSystem
    from dvc_data.hashfile.build import build as hash_folder

    staging, meta, tree = hash_folder(
        repo.cache.local, str(folder), LocalFileSystem(), "md5", dry_run=dry_run
    )
    info = tree.hash_info
    assert info is not None
    return Pointer(str(info.value), meta.size or 0, meta.nfiles or 0), staging, info


def push(workspace: Path, data_revision: str) -> None:
    """Push a cached revision to the remote, and verify that it is there."""
    from dvc_data.hashfile.transfer import transfer

    with remote(workspace) as (repo, odb):
        result = transfer(repo.cache.local, odb, {hash_info(data_revision)}, shallow=False)
        missing = [] if result.failed else absent(repo, odb, data_revision)
        if result.failed or missing:
            raise RemoteUnreachable(
                f"{len(result.failed) or len(missing)} files of revision {data_revision[:12]} did not reach"
                f" the remote {address(odb)}.",
                "Check the remote and its space, then run the same command again.",
            )


def pull(workspace: Path, data_revision: str) -> None:
    """Bring a revision from the remote into the cache; does nothing when it is there."""
    from dvc_data.hashfile.transfer import transfer

    data_revision = forgotten.now(workspace, data_revision)
    with repository(workspace) as repo:
        if not absent(repo, repo.cache.local, data_revision):
            return
    with remote(workspace) as (repo, odb):
        if absent(repo, odb, data_revision):
            require_remote(workspace, repo, data_revision)
            raise NotInRemote(
                f"Data revision {data_revision[:12]} is neither in this machine's cache nor in the remote"
                f" {address(odb)}.",
                PULL_REMEDY,
            )
        transfer(odb, repo.cache.local, {hash_info(data_revision)}, shallow=False, verify=odb.verify)
        if absent(repo, repo.cache.local, data_revision):
            raise RemoteUnreachable(
                f"Data revision {data_revision[:12]} did not arrive whole from {address(odb)}.", "Try again."
            )


def require_remote(workspace: Path, repo: Repo, data_revision: str) -> None:
    """Raise `NotInRemote` where the remote is a folder of another machine or clone, with the command that helps."""
    folder = local_remote(repo)
    if folder is None or (folder / "files").exists():
        return
    inside = folder.is_relative_to(workspace)
    where = folder.relative_to(workspace) if inside else folder
    raise NotInRemote(
        f"This clone has no data yet, and its DVC remote {where} is not here: it is a folder of the machine where the"
        f" workspace was made. Data revision {data_revision[:12]} is needed.",
        "There, run `ratchet remote set` with a place that both machines reach (s3://BUCKET/PATH or a shared folder),"
        " commit .dvc/config and push; then pull here. With a copy of its data/ folder: `ratchet seed FOLDER`.",
    )


def cached(workspace: Path, data_revision: str) -> bool:
    """Tell whether this machine's cache holds every file of a revision."""
    data_revision = forgotten.now(workspace, data_revision)
    with repository(workspace) as repo:
        return not absent(repo, repo.cache.local, data_revision)


def pushed(workspace: Path, data_revision: str) -> bool:
    """Tell whether the remote holds every file of a revision."""
    data_revision = forgotten.now(workspace, data_revision)
    with remote(workspace) as (repo, odb):
        return not absent(repo, odb, data_revision)


def absent(repo: Repo, odb: HashFileDB, data_revision: str) -> list[str]:
    """Return the hashes of a revision's objects that a store does not hold."""
    if not holds(odb, data_revision):
        return [data_revision]
    tree = load_tree(repo.cache.local if holds(repo.cache.local, data_revision) else odb, data_revision)
    return [value for value in (info.value for _, _, info in tree if info) if value and not holds(odb, value)]


def holds(odb: HashFileDB, value: str) -> bool:
    """Tell whether a store has an object; an error of the store is raised, unlike with `odb.exists`."""
    try:
        return bool(odb.fs.info(odb.oid_to_path(value)))
    except FileNotFoundError:
        return False


def load_tree(odb: HashFileDB, data_revision: str) -> Tree:
    """Read the list of a revision's files."""
    from dvc_data.hashfile.tree import Tree

    return Tree.load(odb, hash_info(data_revision))


def hash_info(data_revision: str) -> HashInfo:
    """Return DVC's form of a revision."""
    from dvc_data.hashfile.hash_info import HashInfo

    return HashInfo("md5", data_revision)


def address(odb: HashFileDB) -> str:
    """Return a store's address for people."""
    return str(odb.fs.unstrip_protocol(odb.path)).removesuffix("/files/md5")


@contextlib.contextmanager
def remote(workspace: Path) -> Iterator[tuple[Repo, HashFileDB]]:
    """Open the default remote; whatever the network or the store answers becomes `RemoteUnreachable`."""
    with repository(workspace) as repo:
        try:
            yield repo, repo.cloud.get_remote_odb()
        except RatchetError:
            raise
        except Exception as error:  # each file system has errors of its own, and DVC passes them on
            name = repo.config["core"].get("remote")
            where = repo.config["remote"].get(name, {}).get("url", "(none is set)")
            raise RemoteUnreachable(
                f"The DVC remote {where} cannot be used: {str(error).rstrip('.')}.",
                "Check its address, keys and network, or set another with `ratchet remote set`.",
            ) from error


def fetch(workspace: Path, git_revision: str | None, into: Path) -> Path:
    """Return a folder, under `into`, with the data of a Git revision or of the working tree (None).

    Folders are kept by data revision and never changed. Raises `RatchetError` when `data/` was changed by
    hand since `data.dvc` was written.
    """
    pointer = read_pointer(workspace, git_revision)
    data = workspace / FOLDER
    if git_revision is None and data.is_dir() and describe(workspace, data).revision != pointer.revision:
        raise DataChanged(
            "data/ was changed since data.dvc was written.",
            f"Take the change in with `ratchet ingest`, or put it aside with `{RESET}`.",
        )
    return checkout(workspace, pointer.revision, into)


def checkout(workspace: Path, data_revision: str, into: Path) -> Path:
    """Return a folder, under `into`, with a data revision, from the cache or else the remote."""
    folder = into / forgotten.now(workspace, data_revision).removesuffix(".dir")
    if not folder.is_dir():
        pull(workspace, data_revision)
        materialise(workspace, data_revision, folder)
    return folder


def materialise(workspace: Path, data_revision: str, folder: Path) -> None:
    """Copy a cached revision to a folder that does not exist yet, whole or not at all."""
    data_revision = forgotten.now(workspace, data_revision)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        with repository(workspace) as repo:
            cache = repo.cache.local
            for parts, _, info in load_tree(cache, data_revision):
                assert info is not None
                assert info.value is not None
                path = beside.joinpath(*parts)
                if not path.resolve().is_relative_to(beside.resolve()):
                    raise RatchetError(
                        f"Data revision {data_revision[:12]} names a file outside of its folder: {'/'.join(parts)}.",
                        "Nothing of it is kept. Someone tampered with the DVC remote: find out who.",
                    )
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(cache.oid_to_path(info.value), path)
            if build(repo, beside)[0].revision != data_revision:
                raise RatchetError(
                    f"The DVC cache of data revision {data_revision[:12]} is damaged.",
                    "Remove .dvc/cache and try again: it is filled from the remote.",
                )
        with contextlib.suppress(FileExistsError, OSError):
            beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def seed(workspace: Path, folder: Path) -> bool:
    """Fill cache and remote of a fresh clone from a folder that holds the revision of `data.dvc`, and `data/`.

    Returns whether it did; False when the revision was there already. Raises `RatchetError` when the folder
    holds something else.
    """
    wanted = revision(workspace)
    if pushed(workspace, wanted):
        return False
    if add(workspace, folder).revision != wanted:
        raise RatchetError(
            f"{folder} does not hold the data that data.dvc points to.",
            "Restore both with `git checkout`, or pull the data from a remote that has it.",
        )
    push(workspace, wanted)
    if not (workspace / FOLDER).exists():
        materialise(workspace, wanted, workspace / FOLDER)
    return True


def drop(workspace: Path, data_revision: str, kept: Collection[str], everywhere: bool) -> list[str]:
    """Remove a revision's objects from the cache and, `everywhere`, from the remote; returns the stores touched.

    Objects that one of the revisions `kept` has too stay: a ledger, most often.
    """
    with repository(workspace) as repo:
        stores = [repo.cache.local, *([repo.cloud.get_remote_odb()] if everywhere else [])]
        source = next((one for one in stores if holds(one, data_revision)), None)
        if source is None:
            return []
        homes = [(one, next((store for store in stores if holds(store, one)), None)) for one in kept]
        shared = {info.value for one, home in homes if home for info in infos(home, one)}
        gone = {data_revision, *(info.value for info in infos(source, data_revision) if info.value)} - shared
        touched = []
        for store in stores:
            found = [one for one in gone if holds(store, one)]
            for one in found:
                store.fs.remove(store.oid_to_path(one))
            touched += [address(store)] if found else []
        return touched


def infos(odb: HashFileDB, data_revision: str) -> list[HashInfo]:
    """Return the hashes of a revision's files."""
    return [info for _, _, info in load_tree(odb, data_revision) if info]
