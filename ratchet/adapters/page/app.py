"""The application: its routes, what it says of mistakes, and its server on loopback."""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Callable

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import PlainTextResponse, Response

from ratchet.adapters.page import (
    answers,
    conversations,
    home,
    label,
    rendering,
    review,
    sign_in,
    try_it,
    webhook,
)
from ratchet.adapters.page.door import Door, Refused, plain
from ratchet.adapters.page.guard import App, Guard
from ratchet.adapters.page.site import Site
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError

PAGES: tuple[Callable[[Door], None], ...] = (
    home.add_to,
    try_it.add_to,
    review.add_to,
    label.add_to,
    conversations.add_to,
    answers.add_to,
)
"""Each adds its routes and its entry of the menu, in the menu's order."""


def make_door(site: Site) -> Door:
    """Return the door with every page added; its `app` is the application without the guard."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    door = Door(app, site)
    sign_in.add_to(app, door)
    for add in PAGES:
        add(door)
    webhook.add_to(app, site)
    app.add_api_route("/static/{digest}/{name}", static, methods=["GET"], response_model=None)
    app.add_api_route("/health", health, methods=["GET"], response_model=None)
    app.add_exception_handler(RatchetError, refused)
    for status in (404, 405):
        app.add_exception_handler(status, missing)
    app.add_exception_handler(Exception, broken)
    return door


def make_app(site: Site) -> App:
    """Return the whole application."""
    return Guard(make_door(site).app, site)


async def health(request: Request) -> Response:
    """Say that the page is there; the service asks."""
    return PlainTextResponse("ok\n")


async def static(digest: str, name: str) -> Response:
    """Send a static file, under the address that names its content."""
    files = rendering.FILES
    if name not in files or rendering.static(name) != f"/static/{digest}/{name}":
        raise HTTPException(404)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(files[name].read_bytes(), media_type=kind)


async def refused(request: Request, error: Exception) -> Response:
    """Say why a request of someone unknown is not carried out."""
    assert isinstance(error, RatchetError)
    return plain(error)


async def missing(request: Request, error: Exception) -> Response:
    """Say that there is nothing at an address, or not for this method."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    return plain(Refused(status, "There is no such page.", "Go back to the first one."))


async def broken(request: Request, error: Exception) -> Response:
    """Say that something broke; what, is in the server's log."""
    return plain(Refused(500, "The page failed.", "Try again; the log of the page says what happened."))


def serve(settings: Settings, port: int) -> None:
    """Serve the page on loopback until a signal ends it."""
    import uvicorn

    site = Site(settings)
    app = make_app(site)
    for look in site.warm:  # the first visitor does not wait for what can be looked up before
        threading.Thread(target=look, daemon=True).start()
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=True,
        forwarded_allow_ips="127.0.0.1",
        timeout_graceful_shutdown=3,
    )
