"""`data/` follows `data.dvc` after a pull, a switch of branches or a merge, if nothing is lost by that.

What is only here (an ingest that was not committed, rows edited by hand) is never replaced: it is named, with the
command that merges it. `.ratchet/data-base.json` says which revision `data/` was made from.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from ratchet.adapters.corpus import data_folder, dvc, forgotten, made_from
from ratchet.adapters.settings import STATE_FOLDER, Settings
from ratchet.adapters.system import git, git_state
from ratchet.adapters.system.lock import LockHeld, hold
from ratchet.domain.errors import RatchetError

MERGE = "ratchet data merge"
ASIDE = "set-aside"


class Local(StrEnum):
    """What `data/` holds beside what `data.dvc` names."""

    NOTHING = "nothing"
    MISSING = "missing"
    BEHIND = "behind"
    EDITED = "edited"
    EDITED_BEHIND = "edited, and behind"
    UNCOMMITTED = "uncommitted"


class LocalData(RatchetError):
    """`data/` holds what no other clone has, and `data.dvc` moved meanwhile."""


@dataclass(frozen=True)
class State:
    """What `data/` holds: its revision, and the one that it was made from ("" where that is not known)."""

    local: Local
    revision: str = ""
    base: str = ""


def look(workspace: Path) -> State:
    """Compare `data/` with `data.dvc`; raises `dvc.Conflicted` while Git could not merge that."""
    if not (workspace / dvc.POINTER).exists():
        return State(Local.NOTHING)
    if git.in_repository(workspace) and git_state.stages(workspace, dvc.POINTER):
        raise dvc.conflicted()
    wanted, data = dvc.revision(workspace), workspace / dvc.FOLDER
    if not data.exists():
        return State(Local.MISSING)
    here = dvc.describe(workspace, data).revision
    if here in (wanted, forgotten.now(workspace, wanted)):
        made_from.note(workspace, wanted)
        return State(Local.NOTHING, here, wanted)
    base = made_from.revision(workspace)
    if here in forgotten.read(workspace) or dvc.cached(workspace, here):
        in_git = git.in_repository(workspace)
        known = not in_git or git_state.known_anywhere(workspace, here, f"./{dvc.POINTER}")
        return State(Local.BEHIND if known else Local.UNCOMMITTED, here, base)
    return State(Local.EDITED if base in ("", wanted) else Local.EDITED_BEHIND, here, base)


def bring_along(workspace: Path, say: Callable[[str], None] = lambda text: None) -> str | None:
    """Bring `data/` to what `data.dvc` names, from the cache or the remote; returns what was done, None for nothing.

    Rows edited by hand on top of that revision stay. Raises `LocalData` where something local would be lost,
    `dvc.Conflicted` in an unfinished merge, `dvc.NotInRemote` if the revision cannot be fetched.
    """
    done = follow(workspace, say)
    forget(workspace)
    return done


def follow(workspace: Path, say: Callable[[str], None]) -> str | None:
    """Do that part of `bring_along` which concerns `data/`."""
    settled = data_folder.recover(workspace)
    found = look(workspace)
    match found.local:
        case Local.NOTHING | Local.EDITED:
            return settled
        case Local.UNCOMMITTED:
            raise LocalData(
                f"data/ holds an ingest that was not committed (data revision {found.revision[:12]}), and data.dvc"
                f" names another revision, {dvc.revision(workspace)[:12]}.",
                f"Run `{MERGE}`: it brings both together. To put data/ aside: `{dvc.RESET}`.",
            )
        case Local.EDITED_BEHIND:
            raise LocalData(
                f"data/ was edited by hand, and data.dvc moved from revision {found.base[:12]} to"
                f" {dvc.revision(workspace)[:12]} meanwhile.",
                f"Run `{MERGE}`: it puts your changes on top of the new messages. To put data/ aside: `{dvc.RESET}`.",
            )
    wanted = dvc.revision(workspace)
    say(f"fetching data revision {wanted[:12]}")
    replace(workspace, wanted)
    return f"data/ is at data revision {wanted[:12]} now, as data.dvc says"


def bring_along_unless_busy(settings: Settings, say: Callable[[str], None] = lambda text: None) -> None:
    """Do the same for a command that only looks: not while another run changes the workspace."""
    with contextlib.suppress(LockHeld), hold(settings.state / "run.lock", "A look at the data"):
        if done := bring_along(settings.workspace, say):
            say(done)


def replace(workspace: Path, wanted: str) -> None:
    """Make `data/` hold a revision; the old content is removed only once the whole new one is beside it."""
    data, beside = workspace / dvc.FOLDER, data_folder.staging(workspace)
    dvc.pull(workspace, wanted)
    shutil.rmtree(beside.parent, ignore_errors=True)
    dvc.materialise(workspace, wanted, beside)
    old = beside.with_name("old")
    if data.exists():
        data_folder.move(data, old)
    data_folder.move(beside, data)
    made_from.note(workspace, wanted)
    shutil.rmtree(beside.parent, ignore_errors=True)


def forget(workspace: Path, everywhere: bool = False) -> None:
    """Remove data revisions that were written again from this machine and, `everywhere`, from the remote.

    Already gone is fine.
    """
    known = forgotten.remember(workspace)
    kept = sorted({forgotten.now(workspace, one) for one in known})
    for old in known:
        dvc.drop(workspace, old, kept, everywhere)
        shutil.rmtree(workspace / STATE_FOLDER / "data" / old.removesuffix(".dir"), ignore_errors=True)


def put_aside(workspace: Path, data_only: bool = False) -> tuple[str, Path | None]:
    """Put `data.dvc` (unless `data_only`) and `data/` back; returns the revision, and where what was there is kept.

    `data.dvc` goes back to the checked-out commit, `data/` to what `data.dvc` names (in a merge: what ours names). What
    they were is kept under `.ratchet/set-aside/`: nothing is deleted. Raises `RatchetError` during a merge, unless
    `data_only`, and where there is no pointer.
    """
    data_folder.recover(workspace)
    in_git = git.in_repository(workspace)
    stages = git_state.stages(workspace, dvc.POINTER) if in_git else {}
    if stages and not data_only:
        raise dvc.conflicted()
    aside = workspace / STATE_FOLDER / ASIDE / datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    data = workspace / dvc.FOLDER
    if not data_only and in_git and dvc.tracked(workspace):
        wanted = dvc.read_pointer(workspace, "HEAD")
        dvc.pull(workspace, wanted.revision)
        if data_folder.named(workspace) != wanted.revision:
            keep(workspace / dvc.POINTER, aside)
            dvc.write_pointer(workspace, wanted)
            git.git(workspace, "add", "--", dvc.POINTER)
    revision = dvc.parse_pointer(stages[2]).revision if 2 in stages else dvc.revision(workspace)
    dvc.pull(workspace, revision)
    if not data.exists() or dvc.describe(workspace, data).revision != revision:
        if data.exists():
            aside.mkdir(parents=True, exist_ok=True)
            data_folder.move(data, aside / dvc.FOLDER)
        replace(workspace, revision)
    return revision, aside if aside.exists() else None


def keep(path: Path, folder: Path) -> None:
    """Copy a file to a folder, where there is such a file."""
    if path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder / path.name)
