"""The corpus and the samples as the pages look at them: read once for each time that a file changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import pandas as pd

from ratchet.adapters.corpus import data_folder
from ratchet.adapters.monitoring import labels
from ratchet.adapters.settings import Settings
from ratchet.domain.operations.worklist import Message

T = TypeVar("T")
MOST_FOUND = 50
MOST_KEPT = 16
_LOCK = threading.Lock()
_KEPT: dict[Path, tuple[object, object]] = {}


@dataclass(frozen=True)
class Found:
    """What a search finds: intents with their number of messages, (text, intent) of messages, and how many `more`."""

    intents: Mapping[str, int]
    messages: Sequence[tuple[str, str]]
    more: int


def once(path: Path, more: object, read: Callable[[], T]) -> T:
    """Return what `read` makes of a file, again only where the file or `more` is another one than the last time."""
    stamp = (path.stat().st_ino, path.stat().st_mtime_ns, path.stat().st_size) if path.is_file() else None
    with _LOCK:
        kept = _KEPT.pop(path, None)
        if kept is None or kept[0] != (stamp, more):
            kept = ((stamp, more), read())
        _KEPT[path] = kept  # the newest use is the last
        for oldest in list(_KEPT)[:-MOST_KEPT]:
            del _KEPT[oldest]
    return cast("T", kept[1])


def corpus(settings: Settings) -> pd.DataFrame:
    """Return the messages of `data/`; the frame is shared, and must not be changed."""
    policy, workspace = settings.params.corpus, settings.workspace
    return once(
        data_folder.utterances(workspace),
        tuple(policy.columns),
        lambda: data_folder.messages_in_place(workspace, policy),
    )


def sample(settings: Settings, path: Path) -> list[Message]:
    """Return the messages of a sample; the list is shared, and must not be changed."""
    out_of_scope = settings.params.corpus.out_of_scope
    return once(path, out_of_scope, lambda: labels.read(path, out_of_scope))


def counts(settings: Settings) -> dict[str, int]:
    """Return the intents of the corpus in alphabetical order, with the number of their messages."""
    counted = corpus(settings)["intent"].value_counts()
    return {str(intent): int(counted[intent]) for intent in sorted(counted.index)}


def search(settings: Settings, words: str) -> Found:
    """Find intents and messages that have each of the words, in any case."""
    wanted = words.lower().split()
    frame = corpus(settings)
    if not wanted:
        return Found({}, (), 0)
    hits = pd.Series(True, index=frame.index)
    texts = frame["text"].str.lower()
    for word in wanted:
        hits &= texts.str.contains(word, regex=False)
    rows = frame[hits]
    shown = rows.head(MOST_FOUND)
    return Found(
        {
            name: number
            for name, number in counts(settings).items()
            if all(word in name.lower() for word in wanted)
        },
        list(zip(shown["text"].map(str), shown["intent"].map(str), strict=True)),
        len(rows) - len(shown),
    )
