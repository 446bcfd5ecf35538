"""One request of a signed-in person, and what an act answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi.responses import HTMLResponse, Response

from ratchet.adapters.page import record, rendering
from ratchet.adapters.page.site import Site
from ratchet.adapters.page.uploads import Upload
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import UsageError
from ratchet.domain.operations.people import Person, Role


@dataclass(frozen=True)
class Call:
    """A request: who asks, the parts of the path, the query's and the form's fields, and the form's files.

    `partial` says that htmx asks for a piece of a page. `csrf` is what a form has to send along.
    """

    site: Site
    settings: Settings
    person: Person
    path: str
    parts: Mapping[str, str]
    query: Mapping[str, str]
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)
    csrf: str = ""
    partial: bool = False

    def may(self, role: Role) -> bool:
        """Say whether the person may do what asks for a role."""
        return self.person.role.covers(role)

    def text(self, name: str, most: int = 2000) -> str:
        """Return a field of the form without the blanks around it, "" where it is missing.

        Raises `UsageError` where it is longer than `most` characters, or has a NUL, which no program takes.
        """
        value = (list(self.fields.get(name, [])) or [""])[0].strip()
        if "\0" in value:
            raise UsageError(f"The field {name} has a character that cannot be used.", "Type it again.")
        if len(value) > most:
            raise UsageError(
                f"The field {name} has {len(value):,} characters.", f"Write at most {most:,} of them."
            )
        return value

    def needed(self, name: str, what: str, most: int = 2000) -> str:
        """Return a field that must not be empty; raises `UsageError`, naming it as `what`, where it is."""
        if not (value := self.text(name, most)):
            raise UsageError(f"{what} is missing.", "Fill it in, and send it again.")
        return value

    def show(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page, or a piece of one, made of a template; every value in it is escaped."""
        said = (
            record.found(self.settings, self.query["done"], self.person.name)
            if "done" in self.query
            else None
        )
        menu = [item for item in self.site.menu if self.may(item.role)]
        text = rendering.render(template, call=self, menu=menu, said=said, **values)
        return HTMLResponse(text, status)


@dataclass(frozen=True)
class Done:
    """What an act has done: a sentence for the record and the person, and where the person continues.

    With `answer` htmx gets that piece of a page in place of a new page; with `whole` everybody does.
    """

    sentence: str
    to: str = "/"
    answer: Response | None = None
    whole: bool = False
