"""Home: what is live and how good it is, what is wrong, what waits for a person."""

from __future__ import annotations

from fastapi.responses import Response

from ratchet.adapters.page.call import Call
from ratchet.adapters.page.door import Door
from ratchet.domain.operations.people import Role


def add_to(door: Door) -> None:
    """Add the page."""
    door.menu("Home", "/")
    door.page("/", Role.READ, home)


def home(call: Call) -> Response:
    """Show the page."""
    return call.show("home.html", title="Home")
