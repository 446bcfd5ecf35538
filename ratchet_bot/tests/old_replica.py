"""Serves as a release did whose lock was Rasa's own: `python -m tests.old_replica`, with the arguments of serve."""

from __future__ import annotations

import ratchet_bot.tools  # noqa: F401  before anything of Rasa

if __name__ == "__main__":
    from rasa.core.lock_store import LockStore

    from ratchet_bot.channel import locks, memory
    from ratchet_bot.tools import serve
    from ratchet_bot.tools._errors import run

    locks.store = LockStore.create
    locks.name_connections = lambda trackers: None
    memory.CLIENT = None
    run(serve.main)
