"""Who gets through: each route with each role, forms of other pages, foreign names, wrong tokens."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ratchet.adapters.page import people, record, session
from ratchet.adapters.page.door import Door, Refused, Way, fields_of
from ratchet.adapters.page.sign_in import inside
from ratchet.domain.errors import UsageError
from ratchet.domain.operations.people import FREE, LONGEST_SECONDS, Misses, People, Role, checked_name
from tests.adapters.page.conftest import Served

OPEN = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/health"),
    ("GET", "/static/{digest}/{name}"),
    ("POST", "/webhook/collect"),
}
"""What somebody who is not signed in may ask for."""


def filled(way: Way) -> str:
    """Return an address of a route, with something in each of its parts."""
    return re.sub(r"\{[^}]+\}", "1", way.path)


def test_every_route_is_behind_the_door(served: Served) -> None:
    """No route but the sign-in, the health check and the static files is reached otherwise."""
    routes = {
        (method, route.path)
        for route in served.door.app.routes
        for method in getattr(route, "methods", set()) - {"HEAD"}
    }
    assert routes - {(way.method, way.path) for way in served.door.ways} == OPEN


def test_a_stranger_gets_nothing(served: Served) -> None:
    """Each route sends somebody who is not signed in to the sign-in, and does nothing."""
    stranger = served.stranger()
    for way in served.door.ways:
        answer = stranger.get(filled(way)) if way.method == "GET" else stranger.post(filled(way))
        assert answer.status_code == 303, way
        assert answer.headers["location"].startswith("/sign-in"), way
    assert list(record.newest(served.settings)) == []


@pytest.mark.parametrize("role", list(Role))
def test_each_role_gets_what_is_its_own_and_no_more(served: Served, role: Role) -> None:
    """A route that asks for more than somebody's role is refused before anything of it runs."""
    visitor = served.visitor(role)
    beyond = [way for way in served.door.ways if not role.covers(way.role)]
    for way in beyond:
        answer = visitor.get(filled(way)) if way.method == "GET" else visitor.post(filled(way))
        assert answer.status_code == 403, way
        assert f"needs the role {way.role}" in answer.text, way
    refused = [act for act in record.newest(served.settings) if act.refused]
    assert {act.route for act in refused} == {way.path for way in beyond if way.method == "POST"}


def test_the_roles_are_one_ladder() -> None:
    """Whoever may release may label, and whoever may label may read."""
    assert [[one.covers(other) for other in Role] for one in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_no_act_without_the_sessions_own_token(served: Served) -> None:
    """A form without the token, with another session's, or from another page does nothing."""
    visitor, other = served.visitor(Role.RELEASE), served.visitor(Role.RELEASE, "Other")
    for way in served.door.ways:
        if way.method != "POST":
            continue
        for form in ("", other.form, "ä"):
            assert replace(visitor, form=form).post(filled(way)).status_code == 403, way
        for headers in (
            {"origin": "https://evil.example"},
            {"sec-fetch-site": "cross-site"},
            {"origin": "null"},
        ):
            assert visitor.post(filled(way), **headers).status_code == 403, way
    assert all(act.sentence == "signed in" for act in record.newest(served.settings))


def test_the_sign_in_takes_no_form_of_another_page(served: Served) -> None:
    """Nobody is signed in as somebody else by a page elsewhere."""
    token = people.add(served.settings, "Ana", Role.READ)
    answer = served.stranger().post(
        "/sign-in", {"name": "Ana", "token": token}, origin="https://evil.example"
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nothing", "/health", "/static/x/page.css"])
def test_every_answer_forbids_frames_and_foreign_code(served: Served, path: str) -> None:
    """No page can put this one into a frame, and nothing inline or from elsewhere runs in it."""
    headers = served.visitor(Role.READ).get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_a_foreign_name_is_not_answered(served: Served) -> None:
    """A page elsewhere that lets its own name lead to this machine reads nothing, with a session either."""
    visitor = served.visitor(Role.RELEASE)
    for name in ("evil.example", "127.0.0.1.evil.example", "", "[::1].evil.example", "localhost@evil"):
        assert visitor.get("/", host=name).status_code == 421, name
    for name in ("127.0.0.1:4300", "localhost:4300", "[::1]:4300", "LOCALHOST"):
        assert visitor.get("/health", host=name).status_code == 200, name


def test_a_forged_or_old_session_is_none(served: Served) -> None:
    """The cookie holds only as it was issued, for 12 hours, and while its person has that token."""
    key, now = served.site.key, served.now
    people.add(served.settings, "Ana", Role.READ)
    everybody = people.read(served.settings)
    [ana] = everybody.people
    cookie = session.issue(key, ana, now)
    assert session.read(key, cookie, everybody, now + 1) is not None
    packed, _, sealed = cookie.partition(".")
    for forged in (
        "",
        ".",
        packed,
        f"{packed}.",
        f"{packed}A.{sealed}",
        f"{packed}.{sealed[:-1]}x",
        "ä.ä",
        f"{packed}.ä",
    ):
        assert session.read(key, forged, everybody, now) is None, forged
    assert session.read(b"another key", cookie, everybody, now) is None
    assert session.read(key, cookie, everybody, now + session.LASTS_SECONDS) is None
    assert session.read(key, cookie, everybody, now - 1) is None
    assert session.read(key, cookie, People(), now) is None
    people.add(served.settings, "Ana", Role.READ)
    assert session.read(key, cookie, people.read(served.settings), now) is None


def test_wrong_tokens_are_slowed(served: Served) -> None:
    """After five wrong tokens a name has to wait, ever longer; its right token is not looked at either."""
    token = people.add(served.settings, "Ana", Role.READ)
    stranger = served.stranger()
    for _ in range(FREE):
        assert "do not belong together" in stranger.post("/sign-in", {"name": "Ana", "token": "x"}).text
    assert "do not belong" in stranger.post("/sign-in", {"name": "Ana", "token": "x"}).text
    assert "Try again in 2 s" in stranger.post("/sign-in", {"name": "Ana", "token": token}).text
    served.now += 2
    assert stranger.post("/sign-in", {"name": "Ana", "token": token}).status_code == 303
    assert served.site.misses == Misses()


def test_the_wait_doubles_up_to_five_minutes_and_names_are_bounded() -> None:
    """Guessing gets slower, and invented names do not fill the memory."""
    misses, waits = Misses(), []
    for _ in range(20):
        misses = misses.missed("Ana", 0.0)
        waits.append(misses.wait("Ana", 0.0))
    assert waits[:8] == [0, 0, 0, 0, 0, 2, 4, 8]
    assert waits[-1] == LONGEST_SECONDS
    for number in range(1200):
        misses = misses.missed(f"name {number}", 0.0)
    assert len(misses.count) == len(misses.until) == 1000


@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        ("/label?x=1", "/label?x=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nset-cookie: x", "/"),
        ("", "/"),
        ("/sign-in", "/"),
    ],
)
def test_the_sign_in_leads_to_no_other_page(asked: str, goes: str) -> None:
    """A link to the sign-in cannot send somebody elsewhere afterwards."""
    assert inside(asked) == goes


def test_a_token_is_kept_nowhere(served: Served) -> None:
    """No file of the workspace holds it, and the file of the people is private."""
    token = people.add(served.settings, "Ana", Role.READ)
    files = [path for path in served.settings.workspace.rglob("*") if path.is_file()]
    assert all(token.encode() not in path.read_bytes() for path in files)
    assert people.file_of(served.settings).stat().st_mode & 0o077 == 0
    assert Path(served.settings.state, "secrets", "page-key").exists() or served.site.key
    assert Path(served.settings.state, "secrets", "page-key").stat().st_mode & 0o077 == 0


def test_a_person_who_leaves_is_out_at_once(served: Served) -> None:
    """Removing somebody ends the sessions that are open."""
    visitor = served.visitor(Role.READ, "Ben")
    assert visitor.get("/").status_code == 200
    people.remove(served.settings, "Ben")
    assert visitor.get("/").status_code == 303


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 61, "a\x00"])
def test_a_name_can_be_written_in_a_record(name: str) -> None:
    """A name has no line break, and is neither empty nor endless."""
    with pytest.raises(UsageError, match="cannot be a person's name"):
        checked_name(name)


@pytest.mark.parametrize("body", [b"\xff", b"a=%ff", b"&".join(b"a=1" for _ in range(3000))])
def test_a_form_that_cannot_be_read_is_refused(body: bytes) -> None:
    """Bytes that are no text, and endless forms, end with a refusal in words."""
    with pytest.raises(Refused, match="cannot be read"):
        fields_of(body)


def test_a_long_request_is_refused_before_it_is_read(served: Served) -> None:
    """A form of more than its bound is answered with 413."""
    assert served.visitor(Role.READ).post("/sign-out", {"x": "y" * 200_000}).status_code == 413


def test_acts_of_two_processes_stand_in_whole_lines(served: Served) -> None:
    """An act is one line; a damaged line hides no other."""
    record.note(served.settings, "Ana", Role.READ, "/x", "did\nthis")
    with record.file_of(served.settings).open("ab") as file:
        file.write(b'{"id": "cut\n')
    record.note(served.settings, "Ben", Role.READ, "/y", "did that")
    assert [(act.by, act.sentence) for act in record.newest(served.settings)] == [
        ("Ben", "did that"),
        ("Ana", "did\nthis"),
    ]


def test_the_door_keeps_a_list_of_its_ways(served: Served) -> None:
    """The tests above go over every route that there is."""
    assert isinstance(served.door, Door)
    assert {(way.method, way.path) for way in served.door.ways} >= {("GET", "/"), ("POST", "/sign-out")}
