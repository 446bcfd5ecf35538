"""Serves as a release did whose lock was Rasa's own: `python -m tests.old_replica`, arguments as tools.serve."""

from __future__ import annotations

import tools  # noqa: F401  before anything of Rasa

if __name__ == "__main__":
    from rasa.core.lock_store import LockStore

    from channel import locks, memory
    from tools import serve
    from tools._errors import run

    locks.store = LockStore.create
    locks.name_connections = lambda trackers: None
    memory.CLIENT = None
    run(serve.main)
