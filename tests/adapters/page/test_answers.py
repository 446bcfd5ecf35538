"""Answers: changed in place, by two people at once, and published as they were seen."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from ratchet.adapters.page import edits, jobs, publishing, record
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.system import git
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.people import Role
from tests.adapters.page.conftest import Served, Visitor
from tests.adapters.page.hostile import MARKUP, TEXTS, tags
from tests.domain.release.test_manifest import release

DOMAIN = """intents: [leave, laptop, other]
responses:
  utter_leave:
  - text: "Ask your manager."   # kept
  - condition: [{type: slot, name: role, value: manager}]
    text: "Decide yourself."
  utter_laptop:
  - text: "In the shop."
  - image: x.png
"""
HTMX = {"hx-request": "true"}
LEAVE = {"file": "domain.yml", "name": "utter_leave", "place": "0"}
EDIT = "/answers/edit?file=domain.yml&name=utter_leave&place=0"


@pytest.fixture
def shop(served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """A workspace with three answers, no Git and no registry."""
    (served.settings.bot / "domain.yml").write_text(DOMAIN, encoding="utf-8")
    monkeypatch.setattr(Registry, "live", lambda self: None)
    return served


def value(page: str, name: str) -> str:
    """Return what a hidden field of a page has."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return unescape(found[1])


def saved(visitor: Visitor, text: str, seen: str = "", **more: str) -> Any:
    """Change the first answer, as its form does."""
    seen = seen or value(visitor.get(EDIT).text, "seen")
    return visitor.post("/answers/save", {**LEAVE, "seen": seen, "text": text}, **more)


def domain(shop: Served) -> str:
    """Return the file as it is."""
    return (shop.settings.bot / "domain.yml").read_text(encoding="utf-8")


def test_every_answer_is_in_the_table(shop: Served) -> None:
    """With whom it is for; an intent without one is named, and words find answers."""
    page = shop.visitor(Role.READ).get("/answers").text
    for fact in ("Ask your manager.", "role manager", "Decide yourself.", "No words;", "another one: other."):
        assert fact in page, fact
    assert "/answers/edit" not in page
    found = shop.visitor(Role.LABEL).get("/answers?find=MANAGER+decide").text
    assert "Decide yourself." in found
    assert "In the shop." not in found
    assert "/answers/edit" in found
    assert "No answer has" in shop.visitor(Role.READ).get("/answers?find=nothing").text


def test_a_change_waits_until_it_is_published(shop: Served) -> None:
    """The file stays, and the table shows the new text, with who wrote it; the old text takes the change back."""
    ben = shop.visitor(Role.LABEL, "Ben")
    piece = saved(ben, "Ask\r\n HR.", **HTMX)
    assert piece.headers["hx-retarget"] == "this"
    assert "<html" not in piece.text
    assert "by Ben" in piece.text
    assert domain(shop) == DOMAIN
    page = ben.get("/answers").text
    assert "Ask\n HR." in page
    assert "1 change is not published" in page
    assert saved(ben, "Ask your manager.").status_code == 303
    assert edits.kept(shop.settings) == ()


def test_two_people_at_once_lose_nothing(shop: Served) -> None:
    """The second one is shown what the first wrote, with the own text in the field, and may save it then."""
    ana, ben = shop.visitor(Role.LABEL, "Ana"), shop.visitor(Role.LABEL, "Ben")
    seen = value(ben.get(EDIT).text, "seen")
    saved(ana, "Ana says.")
    for headers in ({}, HTMX):
        answer = saved(ben, "Ben says.", seen, **headers)
        assert answer.status_code == 409
        assert "Ana changed this answer meanwhile." in answer.text
        assert "Ana says." in answer.text
        assert "\nBen says.</textarea>" in answer.text
    assert [one.text for one in edits.kept(shop.settings)] == ["Ana says."]
    saved(ben, "Ben says.", value(answer.text, "seen"))
    assert [(one.text, one.by) for one in edits.kept(shop.settings)] == [("Ben says.", "Ben")]


def test_another_answer_is_no_conflict(shop: Served) -> None:
    """Two people change two answers of one file."""
    ana, ben = shop.visitor(Role.LABEL, "Ana"), shop.visitor(Role.LABEL, "Ben")
    other = {**LEAVE, "place": "1"}
    seen = value(ben.get(EDIT.replace("place=0", "place=1")).text, "seen")
    saved(ana, "Ana says.")
    ben.post("/answers/save", {**other, "seen": seen, "text": "Ben says."})
    assert {one.text for one in edits.kept(shop.settings)} == {"Ana says.", "Ben says."}


def test_what_is_no_answer_is_refused(shop: Served) -> None:
    """Nothing but a text of the bot's own domain is changed; a refusal comes as a piece of the form."""
    ben = shop.visitor(Role.LABEL)
    good = {**LEAVE, "seen": value(ben.get(EDIT).text, "seen"), "text": "new"}
    files = [{"file": one} for one in ("", "../params.yaml", "/etc/passwd")]
    places = [{"place": one} for one in ("", "-1", "²", "9", "role=manager")]
    names: list[dict[str, str]] = [{"name": "x"}, {"name": "utter_laptop", "place": "1"}]
    for wrong in (*files, *places, *names, {"text": " "}, {"text": "a" * 5001}, {"text": "a\0"}):
        answer = ben.post("/answers/save", {**good, **wrong}, **HTMX)
        assert answer.status_code == 400, wrong
        assert "hx-retarget" not in answer.headers
    assert edits.kept(shop.settings) == ()


def test_what_is_published_is_what_was_seen(shop: Served, begun: list[tuple[str, ...]]) -> None:
    """The difference first; a change after that is not published unseen; then one release of the live model."""
    ben, ana = shop.visitor(Role.LABEL, "Ben"), shop.visitor(Role.RELEASE, "Ana")
    saved(ben, "Ask HR.")
    assert "/answers/publish" not in ben.get("/answers/changes").text
    page = ana.get("/answers/changes").text
    assert "+  - text: &#34;Ask HR.&#34;   # kept" in page
    saved(ben, "Ask nobody.")
    assert ana.post("/answers/publish", {"seen": value(page, "seen")}).status_code == 400
    assert (begun, domain(shop)) == ([], DOMAIN)
    seen = value(ana.get("/answers/changes").text, "seen")
    assert ana.post("/answers/publish", {"seen": seen}).headers["location"].startswith("/jobs/1-00000000?")
    assert begun == [("release", "champion")]
    assert domain(shop) == DOMAIN.replace("Ask your manager.", "Ask nobody.")
    assert edits.kept(shop.settings) == ()
    assert ana.post("/answers/publish", {"seen": seen}).status_code == 400
    assert next(record.newest(shop.settings)).refused == "There is nothing to publish."


def test_publishing_waits_for_a_run(
    shop: Served, begun: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retrain that is in progress gets no half of a change."""
    ana = shop.visitor(Role.RELEASE)
    saved(ana, "Ask HR.")
    monkeypatch.setattr(publishing, "holder", lambda path: {"what": "A retrain"})
    answer = ana.post("/answers/publish", {"seen": value(ana.get("/answers/changes").text, "seen")})
    assert "A retrain is in progress." in answer.text
    assert (begun, domain(shop)) == ([], DOMAIN)


def test_a_commit_that_git_refuses_leaves_the_files_as_they_were(
    shop: Served, begun: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The changes are still on the list, and nothing is staged or released."""
    ana = shop.visitor(Role.RELEASE, "Ana")
    saved(ana, "Ask HR.")
    asked: list[tuple[str, ...]] = []

    def refuses(workspace: object, paths: object, message: str) -> None:
        assert (paths, message) == (["bot/domain.yml"], "Answers: utter_leave (by Ana)")
        assert "Ask HR." in domain(shop)
        raise git.NotCommitted("A hook says no.", "Do it again.")

    monkeypatch.setattr(git, "in_repository", lambda workspace: True)
    monkeypatch.setattr(git, "changed", lambda *_: False)
    monkeypatch.setattr(git, "commit", refuses)
    monkeypatch.setattr(git, "git", lambda workspace, *words: asked.append(words))
    seen = value(ana.get("/answers/changes").text, "seen")
    answer = ana.post("/answers/publish", {"seen": seen})
    assert "A hook says no." in answer.text
    assert "try again" in answer.text
    assert domain(shop) == DOMAIN
    assert asked == [("reset", "--quiet", "--", "bot/domain.yml")]
    assert len(edits.kept(shop.settings)) == 1
    monkeypatch.setattr(git, "changed", lambda *_: True)
    assert "has changes that are not committed" in ana.post("/answers/publish", {"seen": seen}).text
    assert begun == []


def test_a_commit_meanwhile_is_shown_and_not_overwritten(shop: Served, begun: list[tuple[str, ...]]) -> None:
    """A change of an older text blocks until a person has looked; of an answer that is gone, it is kept to read."""
    ana = shop.visitor(Role.RELEASE, "Ana")
    saved(ana, "Ask HR.")
    path = shop.settings.bot / "domain.yml"
    path.write_text(DOMAIN.replace("Ask your manager.", "Ask the desk."), encoding="utf-8")
    page = ana.get("/answers/changes").text
    assert "The file was changed since" in page
    assert "Ask the desk." in page
    assert "/answers/publish" not in page
    assert ana.post("/answers/publish", {"seen": value(page, "form_token")[:16]}).status_code == 400
    saved(ana, "Ask HR.")
    assert "The file was changed since" not in ana.get("/answers/changes").text
    path.write_text("responses: {}\n", encoding="utf-8")
    page = ana.get("/answers/changes").text
    assert "has this answer no more" in page
    assert "Ask HR." in page
    ana.post("/answers/back", LEAVE)
    assert edits.kept(shop.settings) == ()
    assert ana.post("/answers/back", LEAVE).status_code == 400
    assert begun == []


def test_a_text_that_the_file_has_already_is_no_change(shop: Served) -> None:
    """So after a crash between commit and release nothing is published twice."""
    ana = shop.visitor(Role.RELEASE)
    saved(ana, "Ask HR.")
    path = shop.settings.bot / "domain.yml"
    path.write_text(DOMAIN.replace("Ask your manager.", "Ask HR."), encoding="utf-8")
    assert "is not published" not in ana.get("/answers").text


def test_a_release_that_failed_is_offered_again(
    shop: Served, begun: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what happened, until a release went live; the answers are committed meanwhile."""
    ana = shop.visitor(Role.RELEASE)
    assert ana.post("/answers/again").status_code == 400
    saved(ana, "Ask HR.")
    ana.post("/answers/publish", {"seen": value(ana.get("/answers/changes").text, "seen")})
    job = jobs.Job("1-00000000", "", (), "", 1.0)
    ends: list[jobs.End | None] = [None, jobs.End(0, 2.0), jobs.End(1, 2.0)]
    says = []
    for end in ends:
        monkeypatch.setattr(jobs, "find", lambda *_, end=end: jobs.Progress(job, (), "", end))
        says.append("/answers/again" in ana.get("/answers").text)
    assert says == [False, False, True]
    assert ana.post("/answers/again").status_code == 303
    assert begun == [("release", "champion")] * 2
    live = replace(release("2026-11-21-3fa9c1"), live_at="2026-11-21T10:00:00+00:00")
    monkeypatch.setattr(Registry, "live", lambda self: live)
    assert "/answers/again" not in ana.get("/answers").text


def test_hostile_answers_stay_texts(shop: Served) -> None:
    """Whatever an answer, its name, its condition or an edit says, the pages have the same elements."""
    import yaml

    ben = shop.visitor(Role.RELEASE)
    pages: list[list[Any]] = []
    for old, new in (("plain", "other"), ("\n".join(TEXTS), "".join(MARKUP).replace("\0", "")[:4000])):
        one = {"text": old, "condition": [{"type": "slot", "name": old, "value": old}]}
        written = yaml.safe_dump(
            {"intents": ["x", old], "responses": {"utter_leave": [one], "utter_" + old[:99]: [one]}}
        )
        (shop.settings.bot / "domain.yml").write_text(written, encoding="utf-8")
        found = [ben.get(EDIT)]
        saved(ben, new)
        found += [ben.get("/answers"), ben.get("/answers/changes"), saved(ben, new, "x")]
        pages.append([tags(one.text) for one in found])
        edits.write(shop.settings, [])
    assert pages[0] == pages[1]


def test_what_is_no_domain_is_said(shop: Served) -> None:
    """A file that cannot be read is named, and its remedy."""
    (shop.settings.bot / "domain.yml").write_text("a: [", encoding="utf-8")
    answer = shop.visitor(Role.READ).get("/answers")
    assert answer.status_code == 400
    assert "restore it with Git" in answer.text
    with pytest.raises(RatchetError):
        edits.read(shop.settings)


@pytest.fixture
def with_context(shop: Served) -> Served:
    """The same with a context field that has three values, and one without a slot."""
    params = "corpus:\n  context:\n    role: [manager, intern, boss]\n    city: [berlin]\n"
    (shop.settings.workspace / "params.yaml").write_text(params, encoding="utf-8")
    (shop.settings.bot / "domain.yml").write_text(
        f"slots: {{role: {{type: text}}}}\n{DOMAIN}", encoding="utf-8"
    )
    return shop


def test_an_answer_for_a_context_value_is_added(with_context: Served, begun: list[tuple[str, ...]]) -> None:
    """What has none is offered; two people who add the same lose nothing; it is published as all are."""
    ana, ben = with_context.visitor(Role.RELEASE, "Ana"), with_context.visitor(Role.LABEL, "Ben")
    assert "Add for some people" in ben.get("/answers").text
    assert "Add for some people" not in with_context.visitor(Role.READ).get("/answers").text
    page = ben.get("/answers/new?file=domain.yml&name=utter_leave").text
    assert re.findall(r'<option value="([^"]+)"', page) == ["role=intern", "role=boss"]
    fields = {"file": "domain.yml", "name": "utter_leave", "place": "role=boss", "seen": value(page, "seen")}
    assert ben.post("/answers/save", {**fields, "text": "You decide."}).status_code == 303
    again = ana.post("/answers/save", {**fields, "text": "Mine."})
    assert (again.status_code, "Ben changed this answer meanwhile." in again.text) == (409, True)
    assert "You decide." in ana.get("/answers").text
    page = ana.get("/answers/changes").text
    assert "+    text: &#34;You decide.&#34;" in page
    ana.post("/answers/publish", {"seen": value(page, "seen")})
    assert "- role: boss" not in domain(with_context)
    assert domain(with_context).count("value: boss") == 1
    assert edits.kept(with_context.settings) == ()
    found = ben.get("/answers/new?file=domain.yml&name=utter_leave").text
    assert re.findall(r'<option value="([^"]+)"', found) == ["role=intern"]
    assert begun == [("release", "champion")]


def test_an_answer_for_no_context_value_is_refused(with_context: Served) -> None:
    """What params.yaml does not allow, and what has an answer already."""
    ben = with_context.visitor(Role.LABEL)
    fields = {"file": "domain.yml", "name": "utter_leave", "seen": "x", "text": "new"}
    for place in ("role=x", "city=", "x=y", "=", "role=", "role=manager", "manager"):
        assert ben.post("/answers/save", {**fields, "place": place}).status_code == 400, place
    assert ben.get("/answers/new?file=x&name=utter_leave").status_code == 400
    assert edits.kept(with_context.settings) == ()


def test_an_added_answer_that_someone_commits_is_no_change(with_context: Served) -> None:
    """The same text is published; another one is kept to read."""
    ben = with_context.visitor(Role.LABEL, "Ben")
    seen = value(ben.get("/answers/new?file=domain.yml&name=utter_laptop").text, "seen")
    fields = {
        "file": "domain.yml",
        "name": "utter_laptop",
        "place": "role=boss",
        "seen": seen,
        "text": "Yours.",
    }
    ben.post("/answers/save", fields)
    path = with_context.settings.bot / "domain.yml"
    for text, said in (("Yours.", "No answer is changed"), ("Other.", "has this answer no more")):
        more = f"  - condition: [{{type: slot, name: role, value: boss}}]\n    text: {text}\n"
        path.write_text(f"slots: {{role: {{type: text}}}}\n{DOMAIN}{more}", encoding="utf-8")
        assert said in ben.get("/answers/changes").text
