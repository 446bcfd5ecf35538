"""The commits that changed the data, and what they did to one message."""

from __future__ import annotations

from collections.abc import Callable

from ratchet.adapters.corpus import data_folder, data_revisions, dvc, merging
from ratchet.adapters.corpus.lost_sides import revision_at
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.git import git, in_repository
from ratchet.domain.corpus.corpus import as_list, keys, normalise, normalised
from ratchet.domain.corpus.history import Blame, Entry, Labels, events
from ratchet.domain.corpus.ledger import complete, form_of
from ratchet.domain.errors import RatchetError

FIELDS = "%H%x00%P%x00%aN%x00%aE%x00%aI%x00%B"
PARTS = 6
ACCOUNT = "Data: "


def entries(settings: Settings) -> list[Entry]:
    """Return the commits of the checked-out branch that changed `data.dvc`, the newest first.

    Their parents are the nearest commits before them that changed it too. Raises `RatchetError` without Git.
    """
    workspace = settings.workspace
    if not in_repository(workspace):
        raise RatchetError(
            f"{workspace} has no Git history.", "Commit data.dvc: `git init`, then `ratchet ingest --commit`."
        )
    words = ("log", "-z", "--topo-order", "--parents", f"--format={FIELDS}", "HEAD", "--", f"./{dvc.POINTER}")
    found = []
    parts = git(workspace, *words).split("\0")  # no name and no message can hold this character
    for start in range(0, len(parts) - PARTS + 1, PARTS):
        commit, parents, author, email, date, message = parts[start : start + PARTS]
        revision = revision_at(workspace, commit)
        found.append(Entry(commit, tuple(parents.split()), author, email, date, account(message), revision))
    return found


def account(message: str) -> str:
    """Return the line of a commit's message that says what became of the data; else its first line."""
    lines = message.strip().splitlines() or [""]
    return next((line for line in lines if line.startswith(ACCOUNT)), lines[0])


def blame(settings: Settings, text: str, say: Callable[[str], None]) -> Blame:
    """Return a message's life; texts are the same in their normal form. Raises `RatchetError` where it never was there.

    Data revisions that are lost are left out, and said.
    """
    history = entries(settings)[::-1]
    here = data_folder.named(settings.workspace)
    book = complete(data_folder.read_ledger(data_revisions.stored(settings, here), settings.params.split))
    form = normalise(text, form_of(book))
    labels: dict[str, Labels] = {}
    sources: dict[str, str] = {}
    for number, entry in enumerate(history):
        if not entry.revision or entry.revision in labels:
            continue
        say(f"{number + 1:,} of {len(history):,} revisions")
        try:
            frame = merging.messages(data_revisions.stored(settings, entry.revision))
        except dvc.NotInRemote:
            say(f"Data revision {entry.revision[:12]} is lost, and is left out.")
            history = [one for one in history if one.revision != entry.revision]
            continue
        rows = frame[[one == form for one in normalised(frame["text"], form_of(book))]]
        context = [name for name in frame if name not in ("text", "intent", "source")]
        contexts = rows[context].itertuples(index=False, name=None)
        labels[entry.revision] = dict(zip(contexts, as_list(rows["intent"]), strict=True))
        sources[entry.revision] = ", ".join(sorted(set(rows["source"]) - {""}))
    found = events(history, labels, sources)
    if not found:
        raise RatchetError(
            f"No data revision of this branch has the message {text!r}.",
            "See `ratchet data log` for the revisions.",
        )
    (key,) = keys([form], settings.params.split.salt)
    rows = book[book["key"] == key]
    known = (
        rows.iloc[0].to_dict() if len(rows) else dict.fromkeys(("side", "first_seen", "moved", "reason"), "")
    )
    return Blame(text, found, known["side"], known["first_seen"], known["moved"], known["reason"])
