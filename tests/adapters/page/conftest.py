"""A page of an empty workspace, and people of each role who use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from ratchet.adapters.page import app, jobs, looks, people, session
from ratchet.adapters.page.door import FORM_FIELD, Door
from ratchet.adapters.page.guard import Guard
from ratchet.adapters.page.site import Site
from ratchet.adapters.settings import Settings, load_settings
from ratchet.domain.operations.people import Role
from tests.adapters.page.sights import nothing

HERE = "http://127.0.0.1"


@dataclass
class Visitor:
    """Somebody with a browser; `form` is what the session's forms send along, "" before the sign-in."""

    client: TestClient
    form: str = ""

    def get(self, path: str, **more: str) -> Response:
        """Ask for a page; `more` are headers."""
        return self.client.get(path, headers=more)

    def post(self, path: str, fields: Mapping[str, str] | None = None, **more: str) -> Response:
        """Send a form of the session."""
        return self.client.post(path, data={FORM_FIELD: self.form, **(fields or {})}, headers=more)


@dataclass
class Served:
    """A page with its parts; `now` is its clock, which tests turn."""

    settings: Settings
    now: float = 1_800_000_000.0
    site: Site = field(init=False)
    door: Door = field(init=False)

    def __post_init__(self) -> None:
        """Build the application."""
        self.site = Site(self.settings, clock=lambda: self.now)
        self.door = app.make_door(self.site)

    def stranger(self) -> Visitor:
        """Return somebody who is not signed in."""
        guarded = Guard(self.door.app, self.site)
        return Visitor(TestClient(guarded, base_url=HERE, follow_redirects=False))

    def visitor(self, role: Role, name: str = "") -> Visitor:
        """Return somebody who is signed in with a role."""
        name = name or f"{role.title()} Person"
        made = self.stranger()
        token = people.add(self.settings, name, role)
        answer = made.client.post("/sign-in", data={"name": name, "token": token})
        assert answer.status_code == 303, answer.text
        cookie = made.client.cookies[self.site.cookie]
        found = session.read(self.site.key, cookie, people.read(self.settings), self.now)
        assert found is not None
        made.form = session.csrf(self.site.key, found)
        return made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An empty workspace."""
    (tmp_path / "shop" / "bot").mkdir(parents=True)
    (tmp_path / "shop" / "params.yaml").write_text("", encoding="utf-8")
    return load_settings(tmp_path / "shop")


@pytest.fixture
def served(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Served:
    """The page of an empty workspace, at which nobody looks: that takes seconds."""
    monkeypatch.setattr(looks, "look", lambda settings: nothing())
    return Served(settings)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands that the page starts, which are not carried out."""
    words: list[tuple[str, ...]] = []

    def start(settings: object, what: str, given: list[str], by: str) -> jobs.Job:
        words.append(tuple(given))
        return jobs.Job("1-00000000", what, tuple(given), by, 0.0)

    monkeypatch.setattr(jobs, "start", start)
    return words
