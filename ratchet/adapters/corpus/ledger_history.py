"""The ledgers that the data had so far, by Git's history of `data.dvc`.

A ledger is only ever added to, so the data revision that came last into the history has the newest one, wherever
`data.dvc` was taken back to since.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pandas as pd

from ratchet.adapters.corpus import data_folder, data_revisions, dvc, lost_sides
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import commands, git
from ratchet.domain.corpus.restoration import OlderData, choose, command, continues, missing
from ratchet.domain.corpus.unchecked import Unchecked
from ratchet.domain.errors import RatchetError

NAMED = re.compile(rf"^\+.*\bmd5: ['\"]?({dvc.REVISION.pattern})", re.MULTILINE)
"""A line that a commit added to `data.dvc`: the revision that it names."""
ABBREVIATED = re.compile(r"[0-9a-f]{6,32}(\.dir)?")
CONTINUED = "that the ledger continues the newest one"


class LostSide(RatchetError):
    """A merge in Git's history took one side's data and left the other's."""


def introduced(workspace: Path, where: str = "HEAD") -> list[str]:
    """Return the data revisions that the history of the checked-out commit ever named, the last that came first.

    `where` is what Git looks at: a revision, or `--all` for every branch that this clone knows. None without Git. A
    revision that a later commit named again, as after `git revert`, has its first place.
    """
    if not git.in_repository(workspace):
        return []
    words = ("log", "--reverse", "--topo-order", "-m", "--patch", "--no-color", "--no-ext-diff", "--format=")
    found = NAMED.finditer(git.git(workspace, *words, where, "--", f"./{dvc.POINTER}"))
    return list(dict.fromkeys(match[1] for match in found))[::-1]


def resolve(settings: Settings, wanted: str, registered: list[str]) -> str:
    """Return the data revision that a Git revision has, or that a hash of its own, abbreviated or not, names.

    `registered` are revisions that the registry knows. Raises `RatchetError` when it is neither.
    """
    workspace = settings.workspace
    argv = ["git", "rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}"]
    if commands.run(argv, cwd=workspace, check=False).code == 0:
        return dvc.revision(workspace, wanted)
    start = wanted.removesuffix(".dir")
    if dvc.REVISION.fullmatch(start):
        return f"{start}.dir"
    known = dict.fromkeys([*current(workspace), *introduced(workspace), *registered])
    found = [one for one in known if one.startswith(start)] if ABBREVIATED.fullmatch(wanted) else []
    if len(found) == 1:
        return found[0]
    raise RatchetError(
        f"{'More than one' if found else 'No'} data revision is named {wanted!r}, in Git or by its hash.",
        "See `git log -p data.dvc` for those there are.",
    )


def current(workspace: Path) -> list[str]:
    """Return the revision of the working tree's `data.dvc`, where there is one."""
    return [dvc.revision(workspace)] if (workspace / dvc.POINTER).exists() else []


def ledgers(
    settings: Settings, revisions: list[str], unread: list[str]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give the ledger of each revision, in their order; notes in `unread` those that are lost or were edited."""
    for revision in revisions:
        try:
            folder = data_revisions.stored(settings, revision)
            yield revision, data_folder.read_ledger(folder, settings.params.split)
        except dvc.RemoteUnreachable:
            raise
        except RatchetError:
            unread.append(revision)


def newest(settings: Settings, champion: str, unread: list[str]) -> tuple[str, pd.DataFrame]:
    """Return the newest ledger that messages may be put under, and the data revision that has it.

    `champion` is the data revision of the champion, "" without one. Raises `RatchetError` where no ledger of the
    history can be read.
    """
    workspace = settings.workspace
    history, here = introduced(workspace), current(workspace)
    judged = next(ledgers(settings, [champion], unread), None) if champion else None
    past = (one for one in ledgers(settings, history, unread) if continues(one[1], judged and judged[1]))
    ahead = ledgers(settings, [one for one in here if one not in history], unread)
    found = choose([*ahead, *islice(past, 1), *([judged] if judged else [])], judged and judged[1])
    if found is None:
        raise RatchetError(
            "No ledger of the data's history can be read: which messages were held out is lost.",
            "Bring a data revision back from a machine that has it: `dvc push --all-commits` there.",
        )
    return found


def require_newest(settings: Settings, then: str) -> Unchecked | None:
    """Raise `OlderData` where `data.dvc` was taken back to a ledger that lacks rows of the newest one in Git.

    New messages would get their sides under the older ledger, and some of them others than they had. `then` ends
    the remedy. Returns the finding where that cannot be told, because the newest ledger is lost. Raises `LostSide`
    where a merge in Git left one side's messages out.
    """
    require_both_sides(settings, then)
    found = introduced(settings.workspace)
    (here, *_) = [*current(settings.workspace), ""]
    if not here or not found or found[0] == here:
        return None
    unread: list[str] = []
    latest = next(ledgers(settings, [one for one in found if one != here], unread), None)
    mine = next(ledgers(settings, [here], unread), None)
    if latest is not None and mine is not None and (gone := missing(mine[1], latest[1])):
        raise OlderData(
            f"data.dvc names data revision {here[:12]}, whose ledger lacks {gone:,} texts that the ledger of revision "
            f"{latest[0][:12]} has.",
            here,
            then,
        )
    later = found[: found.index(here)] if here in found else found
    if not (lost := [one for one in unread if one in later]):
        return None
    named = ", ".join(one[:12] for one in lost[:3])
    return Unchecked(CONTINUED, f"The ledger of data revision {named} came later, and is lost.")


def require_both_sides(settings: Settings, then: str) -> None:
    """Raise `LostSide` where a merge in Git's history left one side's messages out; `then` ends the remedy."""
    if lost := lost_sides.find(settings):
        raise LostSide(
            f"The merge {lost.commit[:8]} kept the data of one side: {lost.texts:,} texts of the other are not in the"
            " ledger.",
            f"Run `ratchet data merge`: it brings them in. Then {then}. If the merge left them out on purpose, run "
            f"`{command(dvc.revision(settings.workspace))}` after it: they leave again, and keep their sides.",
        )


def instead(settings: Settings, lost: dvc.NotInRemote, revision: str) -> RatchetError:
    """Return the error for a data revision that is lost, with the way back to the newest one that is not."""
    others = [one for one in introduced(settings.workspace) if one != revision]
    whole = next(ledgers(settings, others, []), None)
    if whole is None:
        return lost
    back = f"or go back to the one before: `{command(whole[0])}`"
    return RatchetError(lost.fact, f"Push it from a machine that has it (`dvc push`), {back}.")
