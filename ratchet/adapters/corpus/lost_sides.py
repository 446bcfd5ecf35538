"""Merges in Git's history that took one side's data and left the other's, as web pages and `git checkout --ours` do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ratchet.adapters.corpus import data_folder, data_revisions, dvc
from ratchet.adapters.corpus.merging import Revisions
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import commands, git
from ratchet.adapters.system.files import read_json, write_json
from ratchet.domain.errors import RatchetError

MOST = 1000
"""Merges that are looked at, the newest first, where none was looked at before."""


@dataclass(frozen=True)
class Lost:
    """A merge `commit` without the data of one side: `texts` of it are missing; `revisions` merge it again."""

    commit: str
    texts: int
    revisions: Revisions


def find(settings: Settings) -> Lost | None:
    """Return the newest merge of the history that left a side's messages out, None where there is none.

    What was looked at is remembered, so that only new merges are. Only texts that the ledger does not know show it;
    labels that were left behind do not. A side whose data is lost is looked for again the next time.
    """
    workspace = settings.workspace
    if not git.in_repository(workspace) or not data_folder.named(workspace):
        return None
    head, whole = git.git(workspace, "rev-parse", "HEAD"), True
    for commit, *parents in merges(settings):
        for base, theirs in dropped(workspace, commit, parents):
            try:
                if texts := missing(settings, theirs):
                    return Lost(commit, texts, Revisions(base, dvc.revision(workspace), theirs))
            except dvc.NotInRemote:
                whole = False
    if whole:
        write_json(note_file(settings), {"head": head})
    return None


def note_file(settings: Settings) -> Path:
    """The file that says up to which commit the merges were looked at."""
    return settings.state / "proved" / "merges.json"


def merges(settings: Settings) -> list[list[str]]:
    """Return the merges that were not looked at yet, each with its parents, the newest first."""
    noted = read_json(note_file(settings))
    seen = noted.get("head") if isinstance(noted, dict) else None
    words = ["git", "rev-list", "--merges", "--parents", f"--max-count={MOST}", "HEAD"]
    if isinstance(seen, str):
        since = commands.run([*words, f"^{seen}"], cwd=settings.workspace, check=False)
        if since.code == 0:
            return [line.split() for line in since.output.splitlines()]
    return [line.split() for line in git.git(settings.workspace, *words[1:]).splitlines()]


def dropped(workspace: Path, commit: str, parents: list[str]) -> list[tuple[str, str]]:
    """Return the data revisions of parents that changed the data and whose data the merge left out, with the base."""
    here = revision_at(workspace, commit)
    kept = next((parent for parent in parents if revision_at(workspace, parent) == here), None)
    if kept is None:
        return []
    found = []
    for parent in parents:
        theirs = revision_at(workspace, parent)
        if theirs in ("", here):
            continue
        argv = ["git", "merge-base", kept, parent]
        base = revision_at(workspace, commands.run(argv, cwd=workspace, check=False).output.strip())
        if base != theirs:
            found.append((base, theirs))
    return found


def revision_at(workspace: Path, commit: str) -> str:
    """Return the data revision of a commit, "" where it has none that can be read."""
    try:
        return dvc.revision(workspace, commit) if commit else ""
    except RatchetError:
        return ""


def missing(settings: Settings, revision: str) -> int:
    """Count the texts of a data revision's ledger that the ledger of `data.dvc` does not know."""
    theirs, mine = (
        data_folder.read_ledger(data_revisions.stored(settings, one), settings.params.split)
        for one in (revision, dvc.revision(settings.workspace))
    )
    return int((~theirs["key"].isin(set(mine["key"]))).sum())
