"""A look at Git and the inbox: what has to be announced now, and where the next look begins."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ratchet.adapters.corpus import dvc
from ratchet.adapters.settings import Settings
from ratchet.adapters.triggers import follow, inbox
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations import triggers
from ratchet.domain.operations.triggers import Change, Cursor, Event


@dataclass(frozen=True)
class News:
    """What a look found; `cursor` is to be kept once the events were sent.

    `late` is a data revision that Git names and the remote does not have yet: its event waits.
    """

    change: Change
    events: tuple[Event, ...]
    cursor: Cursor
    late: str = ""

    def describe(self) -> str:
        """Say what is new, in a line."""
        if self.late:
            return (
                f"data revision {self.late[:12]} is in Git and not in the DVC remote yet: its author has to `dvc push`;"
                " looked for again each time"
            )
        kinds = [event.name.removeprefix("ratchet.") for event in self.events]
        return f"{len(self.change.paths)} files changed in Git; {', '.join(kinds) or 'nothing to announce'}"


def look(settings: Settings) -> News:
    """Compare Git and the inbox with the last look; the first look only notes where the branch is."""
    head, now = follow.head(settings), time.time()
    cursor = follow.read_cursor(settings) or Cursor(head)
    change = changed(settings, cursor.commit, head) if head != cursor.commit else Change()
    found = triggers.events(change)
    found += [triggers.file_dropped(file.address, file.version) for file in inbox.dropped(settings)]
    ready, waits = triggers.to_send(found, cursor, now, settings.params.triggers.data_gap_seconds)
    if late := late_data(settings, change):
        ready, waits = [event for event in ready if event.name != triggers.DATA_CHANGED], True
    after = cursor.after(ready, cursor.commit if waits else head, now)
    return News(change, tuple(ready), after, late)


def late_data(settings: Settings, change: Change) -> str:
    """Return the data revision that a change brings and that no one has pushed yet, "" where there is none."""
    if not change.data:
        return ""
    try:
        revision = dvc.revision(settings.workspace, change.data)
        here = dvc.cached(settings.workspace, revision) or dvc.pushed(settings.workspace, revision)
    except RatchetError:  # without a pointer or a remote, the retrain that follows says so
        return ""
    return "" if here else revision


def changed(settings: Settings, old: str, new: str) -> Change:
    """Say what the step from one commit to another touches.

    No run could use a commit whose `params.yaml` was not valid. Once a commit corrects it, what came since is
    announced again, as that commit's.
    """
    workspace = settings.workspace
    since = follow.last_usable(workspace, old) if follow.usable(workspace, new) else old
    change = follow.compare(settings, since, new)
    return change if since == old else change.as_of(new)
