"""Store more rows in a workspace, and be killed at a given point on the way: for a process of its own."""

import importlib
import os
import signal
from types import SimpleNamespace
from typing import Any

import pandas as pd

from ratchet.adapters.corpus import data_folder
from ratchet.adapters.settings import Settings
from ratchet.domain.corpus.ledger import assign
from tasks.corpus.store import store
from tests.corpora import rows


def die(*_: Any, **__: Any) -> None:
    """End this process as an out-of-memory killer would."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_around(function: Any, when: str) -> Any:
    """Return the function with death before or after it."""

    def dying(*arguments: Any, **options: Any) -> Any:
        if when == "before":
            die()
        result = function(*arguments, **options)
        die()
        return result

    return dying


def grow_and_die(settings: Settings, point: str, when: str) -> None:
    """Add ten rows to intent `leave`; die `before` or `after` the function that is named as module:name."""
    params = settings.params
    old = data_folder.open_store(settings.workspace, settings.state, params.corpus, params.split)
    new = pd.DataFrame(rows("leave", 10, start=100)).assign(source="new")
    messages = pd.concat([old.frame.drop(columns="place"), new], ignore_index=True).astype("str")
    sides = assign(messages, old.ledger, params.split, "2026-01-02")
    module, _, name = point.partition(":")
    owner: Any = importlib.import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    setattr(owner, last, die_around(getattr(owner, last), when))
    store.fn(SimpleNamespace(settings=settings), messages, sides, {})
