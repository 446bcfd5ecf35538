"""Signing in and out; wrong tokens are slowed by name."""

from __future__ import annotations

from math import ceil

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ratchet.adapters.page import people, record, rendering, session
from ratchet.adapters.page.call import Call, Done
from ratchet.adapters.page.door import (
    SIGN_IN,
    Door,
    Refused,
    fields_of,
    plain,
    read_body,
    require_same_origin,
)
from ratchet.adapters.page.site import Site
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.people import Person, Role

MOST_BYTES = 4_000
MOST_NOTED = 200


def add_to(app: FastAPI, door: Door) -> None:
    """Add the routes that people take who are not signed in, and the way out."""
    site = door.site

    async def form(request: Request) -> Response:
        return HTMLResponse(await run_in_threadpool(page, site, request.query_params.get("next", "/")))

    async def enter(request: Request) -> Response:
        try:
            require_same_origin(request)
            fields = fields_of(await read_body(request, MOST_BYTES))
            name, token, to = ((list(fields.get(one, [])) or [""])[0] for one in ("name", "token", "next"))
            person = await run_in_threadpool(proved, site, name.strip(), token)
        except Refused as error:
            return plain(error) if error.status != 401 else again(site, error, name)
        made = RedirectResponse(inside(to), 303)
        cookie = session.issue(site.key, person, site.clock())
        secure = request.url.scheme == "https"
        made.set_cookie(site.cookie, cookie, httponly=True, samesite="lax", secure=secure, path="/")
        return made

    app.add_api_route(SIGN_IN, form, methods=["GET"], response_model=None)
    app.add_api_route(SIGN_IN, enter, methods=["POST"], response_model=None)
    door.act("/sign-out", Role.READ, leave)


def page(site: Site, to: str = "/", error: RatchetError | None = None, name: str = "") -> str:
    """The form."""
    known = bool(people.read(site.first).people)
    return rendering.render(
        "sign_in.html", title="Sign in", known=known, error=error, name=name, next=inside(to)
    )


def again(site: Site, error: Refused, name: str) -> Response:
    """Show the form once more, with what was wrong."""
    return HTMLResponse(page(site, error=error, name=name), error.status)


def inside(to: str) -> str:
    """Return an address on this page: no one is led elsewhere by a link to the sign-in."""
    plain = to.startswith("/") and to[1:2] not in ("/", "\\") and to.isprintable() and "\\" not in to
    return to if plain and not to.startswith(SIGN_IN) else "/"


def proved(site: Site, name: str, token: str) -> Person:
    """Return who signs in; raises `Refused` for a wrong pair, and without a look while a name has to wait."""
    with site.lock:
        now = site.clock()
        if wait := site.misses.wait(name, now):
            fact = f"Too many wrong tokens for {name[:60]}."
            raise Refused(401, fact, f"Try again in {ceil(wait)} s.")
        person = people.known(site.first, name, token)
        site.misses = site.misses.right(name) if person else site.misses.missed(name, now)
    if person is None:
        if len(site.misses.count) < MOST_NOTED:  # invented names do not fill the disk
            record.note(site.first, name[:60], "", SIGN_IN, "", "wrong name or token")
        raise Refused(
            401, "Name and token do not belong together.", "A new token: `ratchet people add NAME`."
        )
    record.note(site.first, person.name, person.role, SIGN_IN, "signed in")
    return person


def leave(call: Call) -> Done:
    """Sign out: the browser forgets the session."""
    gone = RedirectResponse(SIGN_IN, 303)
    gone.delete_cookie(call.site.cookie, path="/")
    return Done("signed out", SIGN_IN, gone, whole=True)
