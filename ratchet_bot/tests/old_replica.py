"""Serves as a release did whose lock was Rasa's own: `python -m tests.old_replica`, with the arguments of serve."""

from __future__ import annotations

import ratchet_bot.tools  # noqa: F401  before anything of Rasa

if __name__ == "__main__":
    from ratchet_bot.channel import memory, readiness, store
    from ratchet_bot.tools import serve
    from ratchet_bot.tools._errors import run
    from tests.replicas import old_locks

    memory.RedisLocks = lambda found: old_locks(found.url)
    store.CLIENT = readiness.CLIENT = None
    run(serve.main)
