"""Data revisions that were written again without someone's words: `.dvc/forgotten`, which Git tracks.

Releases, ledgers and Git's history name data revisions by their hash, and a revision without a message has another.
So that all of them stay valid, each line names a revision and the one that has taken its place: the same ledger, and
all messages but those that are forgotten.

`.dvc/forgotten-texts` beside it has the keys of the forgotten texts, so that no merge, file or other branch brings them
back: a key does not tell what was said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ratchet.adapters.system import commands
from ratchet.adapters.system.files import write_text
from ratchet.adapters.workspace.identity import STATE_FOLDER

if TYPE_CHECKING:
    from ratchet.domain.corpus.forgotten_words import Words

FILE = Path(".dvc") / "forgotten"
TEXTS = Path(".dvc") / "forgotten-texts"
TEXT = re.compile(r"^\+?(?P<key>[0-9a-f]{32}) (?P<kind>named|said)$", re.MULTILINE)
"""A line of it, as it is there, or in what Git shows of a commit that added it."""
REVISION = re.compile(r"[0-9a-f]{32}(\.dir)?")
"""What a line may name; nothing else is accepted, because revisions become paths of folders that are removed."""


def read(workspace: Path) -> dict[str, str]:
    """Return by data revision the one that has taken its place; nothing where nothing was forgotten.

    What this clone has once seen holds also where an older commit is checked out, which does not have the file yet.
    """
    return {**lines(workspace / STATE_FOLDER / FILE.name), **lines(workspace / FILE)}


def lines(path: Path) -> dict[str, str]:
    """Read a file of pairs, absent for none; a line that is no pair of revisions, as Git's marks, is passed over."""
    if not path.is_file():
        return {}
    found = (line.split() for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    return {words[0]: words[1] for words in found if len(words) == 2 and all(map(REVISION.fullmatch, words))}


def remember(workspace: Path) -> dict[str, str]:
    """Return the same, and keep it for the time when an older commit is checked out."""
    known = read(workspace)
    if known != lines(workspace / STATE_FOLDER / FILE.name):
        write(workspace / STATE_FOLDER / FILE.name, known)
    return known


def write(path: Path, known: Mapping[str, str]) -> None:
    """Write a file of pairs."""
    write_text(path, "".join(f"{old} {new}\n" for old, new in sorted(known.items())))


def now(workspace: Path, revision: str) -> str:
    """Return the revision under which a data revision is stored now."""
    found, seen = read(workspace), {revision}
    while (after := found.get(revision, revision)) not in seen:
        seen.add(after)
        revision = after
    return revision


def add(workspace: Path, replaced: Mapping[str, str]) -> None:
    """Note revisions that were written again."""
    write(workspace / FILE, {**read(workspace), **replaced})


def words(workspace: Path) -> Words:
    """Return the texts that were forgotten in any branch that this clone has: a merge may be about to bring it in."""
    from ratchet.domain.corpus.forgotten_words import Words  # and with it pandas, for which no rollback waits

    path = workspace / TEXTS
    here = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    argv = [
        "git",
        "log",
        "--all",
        "--patch",
        "-m",
        "--no-color",
        "--no-ext-diff",
        "--format=",
        "--",
        TEXTS.as_posix(),
    ]
    past = commands.run(argv, cwd=workspace, check=False)
    found = [*TEXT.finditer(here), *TEXT.finditer(past.output if past.code == 0 else "")]
    named, said = ({one["key"] for one in found if one["kind"] == kind} for kind in ("named", "said"))
    return Words(frozenset(named), frozenset(said))


def add_words(workspace: Path, more: Words) -> None:
    """Note texts that are forgotten, beside those that are noted already."""
    known = words(workspace)
    if known | more != known or (workspace / TEXTS).is_file():
        every = known | more
        lines = [*(f"{key} named" for key in every.named), *(f"{key} said" for key in every.said)]
        write_text(workspace / TEXTS, "".join(f"{line}\n" for line in sorted(lines)))
