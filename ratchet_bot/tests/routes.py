"""Routes that are served over HTTP in this process, without a model."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sanic import Blueprint, Sanic

from tests.test_serve import free_port

RIGHTS = ("chat", "parse", "claim-context", "handoff", "pause", "checks")
"""Every right that a client may have."""


@contextmanager
def routes_served(name: str, routes: Blueprint) -> Iterator[tuple[str, asyncio.AbstractEventLoop]]:
    """Serve routes; gives their address, and the loop in which they run."""
    Sanic.test_mode = (
        True  # it rewrites its own methods at each start, and several servers start in this process
    )
    loop, port = asyncio.new_event_loop(), free_port()
    app = Sanic(name, configure_logging=False)
    app.blueprint(routes)

    async def begin() -> Any:
        server = await app.create_server(host="127.0.0.1", port=port, return_asyncio_server=True)
        await server.startup()
        return server

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(begin(), loop).result(10)
    yield f"http://127.0.0.1:{port}", loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
