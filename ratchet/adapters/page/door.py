"""The only way in: every route names the role that it needs, and every act is checked and recorded."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import parse_qs, quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from ratchet.adapters.page import people, record, rendering, session, uploads
from ratchet.adapters.page.call import Call, Done
from ratchet.adapters.page.session import Session
from ratchet.adapters.page.site import Item, Site
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.people import Role

MOST_BYTES = 100_000
MOST_FIELDS = 2_000
FORM_FIELD, FORM_HEADER = "form_token", "x-ratchet-form"
SIGN_IN = "/sign-in"

Show = Callable[[Call], Response]
Do = Callable[[Call], Done]


class Refused(RatchetError):
    """A request that is not carried out; `status` is HTTP's."""

    def __init__(self, status: int, fact: str, remedy: str) -> None:
        super().__init__(fact, remedy)
        self.status = status


@dataclass(frozen=True)
class Way:
    """A route: who may take it."""

    method: str
    path: str
    role: Role


class Door:
    """Adds pages and acts to an application."""

    def __init__(self, app: FastAPI, site: Site) -> None:
        self.app, self.site = app, site
        self.ways: list[Way] = []

    def menu(self, title: str, path: str, role: Role = Role.READ) -> None:
        """Add an entry to the menu, for those whose role covers it."""
        self.site.menu.append(Item(title, path, role))

    def page(self, path: str, role: Role, show: Show) -> None:
        """Let people of a role see what `show` returns; it runs in a thread and changes nothing."""

        async def answer(request: Request) -> Response:
            found = self.session(request)
            if found is None:
                return to_sign_in(request)
            return await run_in_threadpool(self.shown, request, found, role, show)

        self.add("GET", path, role, answer)

    def act(self, path: str, role: Role, do: Do, most_bytes: int = MOST_BYTES) -> None:
        """Let people of a role do something; it runs in a thread, and is recorded with their name.

        Requests of more than `most_bytes` are refused.
        """

        async def answer(request: Request) -> Response:
            require_same_origin(request)
            found = self.session(request)
            if found is None:
                return to_sign_in(request)
            body = await read_body(request, most_bytes)
            return await run_in_threadpool(self.done, request, found, body, Way("POST", path, role), do)

        self.add("POST", path, role, answer)

    def add(
        self, method: str, path: str, role: Role, answer: Callable[[Request], Awaitable[Response]]
    ) -> None:
        """Add a route."""
        self.ways.append(Way(method, path, role))
        self.app.add_api_route(path, answer, methods=[method], response_model=None)

    def session(self, request: Request) -> Session | None:
        """Return who asks; None where no one is signed in."""
        cookie = request.cookies.get(self.site.cookie, "")
        return session.read(self.site.key, cookie, people.read(self.site.first), self.site.clock())

    def call(self, request: Request, found: Session, body: bytes = b"") -> Call:
        """Describe a request to a page."""
        kind = request.headers.get("content-type", "")
        form = kind.startswith("application/x-www-form-urlencoded")
        sent, files = ({}, {}) if form else uploads.read(kind, body)
        return Call(
            site=self.site,
            settings=self.site.settings,
            person=found.person,
            path=request.url.path,
            parts=dict(request.path_params),
            query=dict(request.query_params),
            fields=fields_of(body) if form else sent,
            files=files,
            csrf=session.csrf(self.site.key, found),
            partial=request.headers.get("hx-request") == "true",
        )

    def shown(self, request: Request, found: Session, role: Role, show: Show) -> Response:
        """Show a page, or say why not."""
        call = self.call(request, found)
        try:
            require(call, role)
            return show(call)
        except RatchetError as error:
            return told(call, error)

    def done(self, request: Request, found: Session, body: bytes, way: Way, do: Do) -> Response:
        """Carry out an act and record it; what was refused is recorded, too."""
        call = self.call(request, found, body)
        token = request.headers.get(FORM_HEADER) or call.text(FORM_FIELD)
        if not hmac.compare_digest(token.encode("utf-8", "replace"), call.csrf.encode()):
            raise Refused(403, "This form is not from your session.", "Load the page again, and repeat it.")
        who = (call.settings, call.person.name, call.person.role, way.path)
        try:
            require(call, way.role)
            made = do(call)
        except RatchetError as error:
            record.note(*who, "", error.fact)
            return told(call, error)
        act = record.note(*who, made.sentence)
        if made.answer is not None and (call.partial or made.whole):
            return made.answer
        to = f"{made.to}{'&' if '?' in made.to else '?'}done={act.id}"
        return Response(headers={"hx-redirect": to}) if call.partial else RedirectResponse(to, 303)


def require(call: Call, role: Role) -> None:
    """Raise `Refused` unless the person may."""
    if not call.may(role):
        raise Refused(
            403,
            f"{call.person.name} has the role {call.person.role}; this needs the role {role}.",
            f"Ask anyone who runs Ratchet for `ratchet people add` with --role {role}.",
        )


def told(call: Call, error: RatchetError) -> Response:
    """Say what went wrong, as a page or as a piece of one."""
    status = error.status if isinstance(error, Refused) else 400
    return call.show("fault.html" if call.partial else "error.html", status, error=error, title="Not done")


def plain(error: RatchetError) -> Response:
    """Say what went wrong to someone who is not signed in."""
    from fastapi.responses import HTMLResponse

    status = error.status if isinstance(error, Refused) else 400
    return HTMLResponse(rendering.render("stranger.html", error=error, title="Not done"), status)


def to_sign_in(request: Request) -> Response:
    """Send someone to the sign-in, and back to the page afterwards."""
    if request.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={"hx-redirect": SIGN_IN})
    query = f"?{request.url.query}" if request.url.query else ""
    back = f"?next={quote(request.url.path + query)}" if request.method == "GET" else ""
    return RedirectResponse(f"{SIGN_IN}{back}", 303)


def require_same_origin(request: Request) -> None:
    """Raise `Refused` for a request that another page made: browsers say so, in two ways."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    foreign = site not in (None, "same-origin", "none")
    if foreign or (origin is not None and urlsplit(origin).netloc != request.headers.get("host")):
        raise Refused(403, "This request comes from another page.", "Do it on Ratchet's own page.")


async def read_body(request: Request, most: int) -> bytes:
    """Return the body; raises `Refused` as soon as it is longer than `most` bytes."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise Refused(413, f"The request has more than {most:,} bytes.", "Send less at a time.")
        parts.append(part)
    return b"".join(parts)


def fields_of(body: bytes) -> dict[str, Sequence[str]]:
    """Return the fields of a form; raises `Refused` for one that cannot be read."""
    try:
        found = parse_qs(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
        return cast("dict[str, Sequence[str]]", found)
    except (ValueError, UnicodeError) as error:
        raise Refused(400, "The form cannot be read.", "Load the page again, and repeat it.") from error
