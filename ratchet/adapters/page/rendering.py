"""Templates become HTML; every value is escaped."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ratchet.domain.operations.incidents import lasting
from ratchet.domain.release.attempt import moment
from ratchet.domain.wording import percent

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
STATIC = HERE / "static"
REPORT = HERE.parent / "report" / "templates"
"""Where the report's templates are: the plot of Home is that of a report."""
FILES = {path.name: path for path in (*STATIC.iterdir(), REPORT / "chart.css")}
"""The static files by name."""


@cache
def environment() -> Environment:
    """The templates, with what they use."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.FileSystemLoader(HERE / "templates"),
                jinja2.PrefixLoader({"report": jinja2.FileSystemLoader(REPORT)}),
            ]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(percent=percent, moment=when, lasting=lasting)
    made.globals.update(static=static)
    return made


def render(template: str, **values: Any) -> str:
    """Return what a template makes of values."""
    return environment().get_template(template).render(**values)


@cache
def static(name: str) -> str:
    """Return the address of a static file, which changes with its content: browsers may keep it."""
    digest = hashlib.sha256(FILES[name].read_bytes()).hexdigest()[:12]
    return f"/static/{digest}/{name}"


def when(value: str | float, zone: str) -> str:
    """Write a time, ISO 8601 or seconds since 1970, as people of a time zone read it: 'Mon 23 Nov 06:00'."""
    at = moment(value) if isinstance(value, str) else datetime.fromtimestamp(value, UTC)
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %H:%M}"
