"""What holds for every answer, whatever page it is: headers, known host names, bounded requests."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi.responses import PlainTextResponse

from ratchet.adapters.page.site import Site

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    # not `no-referrer`: browsers then send `Origin: null` with the page's own forms
    "content-security-policy": POLICY,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
HOST = re.compile(r"([^\[\]:]*|\[[0-9a-f:]*\])(:[0-9]*)?")
KEPT, FRESH = "private, max-age=31536000, immutable", "no-store"


class Guard:
    """Answers no one who came by another name (a page elsewhere that lets its name lead here), and adds the headers."""

    def __init__(self, app: App, site: Site) -> None:
        self.app, self.site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        kept = str(scope["path"]).startswith("/static/")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                cached = kept and message["status"] == 200
                added = {**HEADERS, "cache-control": KEPT if cached else FRESH}
                message["headers"] = [
                    *message["headers"],
                    *(
                        (name.encode(), text.encode())
                        for name, text in added.items()
                        if name.encode() not in own
                    ),
                ]
            await send(message)

        if host_of(scope) not in self.site.hosts:
            refusal = PlainTextResponse(
                "This page does not answer under that name. See RATCHET_PAGE_URL.\n", 421
            )
            await refusal(scope, receive, with_headers)
            return
        await self.app(scope, receive, with_headers)


def host_of(scope: Scope) -> str:
    """Return the host name that a request was sent to, without its port."""
    [host] = [value for name, value in scope["headers"] if name == b"host"][:1] or [b""]
    text = host.decode("latin-1").lower()
    name = HOST.fullmatch(text)
    return name[1] if name else ""
