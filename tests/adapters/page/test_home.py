"""Home: what it shows of a look, what its buttons start, and that hostile texts stay texts."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from ratchet.adapters.page import app, home, jobs, looks, record, rendering
from ratchet.adapters.page.kept import Kept
from ratchet.adapters.registry.mlflow import Registry
from ratchet.domain.operations.incidents import Kind
from ratchet.domain.operations.next_steps import STEPS, next_step, place
from ratchet.domain.operations.people import Role
from tests.adapters.page.conftest import Served
from tests.adapters.page.hostile import TEXTS, tags
from tests.adapters.page.sights import found, nothing
from tests.domain.release.test_manifest import model, release

MOST_BYTES = 200_000


@pytest.fixture
def seen(served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """A page that finds such a look."""
    monkeypatch.setattr(looks, "look", lambda settings: found())
    return served


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry with a live release, one before it, and a version about which a person is asked."""
    live = release("2026-11-21-3fa9c1", "2026-11-14-aa0001")
    monkeypatch.setattr(Registry, "live", lambda self: live)
    monkeypatch.setattr(Registry, "releases", lambda self: [release("2026-11-14-aa0001"), live])
    monkeypatch.setattr(Registry, "models", lambda self: [model("8", decision="ask", reasons=("close",))])
    monkeypatch.setattr(Registry, "champion", lambda self: model("7"))
    monkeypatch.setattr(Registry, "override", lambda self, one: None)


def test_home_says_what_is_live_how_good_it_is_and_what_waits(seen: Served) -> None:
    """One look, and the facts are there: version, accuracy with interval, traffic, an incident with its next step."""
    page = seen.visitor(Role.READ).get("/").text
    for fact in (
        "Version 1",
        "90.0%",
        "80.0% to 95.0%",
        "1,234",
        "100 (8.1%)",
        "Gate asks",
        "2 handed-over",
        "30 messages to label",
    ):
        assert fact in page, fact
    assert STEPS[Kind.GATE_ASKS].sentence in page
    assert page.count("<svg") == 2


def test_buttons_are_there_for_those_who_may_press_them(seen: Served) -> None:
    """Whoever only reads or labels sees no button that would be refused."""
    for role in (Role.READ, Role.LABEL):
        page = seen.visitor(role).get("/").text
        assert 'action="/retrain"' not in page
        assert 'action="/approve"' not in page
    page = seen.visitor(Role.RELEASE).get("/").text
    for action in ("/retrain", "/approve", "/decline", "/rollback", "/release"):
        assert f'action="{action}"' in page
    assert "2026-11-14-aa0001" in page
    assert "The last rollback took 4 s" in page


def test_buttons_rest_while_a_run_is_in_progress(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """One run at a time changes a workspace: the page says which, and starts no second one."""
    running = {"what": "A retrain", "since": "2026-11-21T10:00:00+00:00", "pid": 1}
    monkeypatch.setattr(looks, "look", lambda settings: found(running=running))
    page = served.visitor(Role.RELEASE).get("/").text
    assert "A retrain is in progress" in page
    assert page.count("<button disabled") + page.count('" disabled>') >= 4


def test_an_empty_workspace_has_a_page(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first release, and where every source is silent, the page still says what is known."""
    silent = replace(nothing(), blind={"registry and bot": "it is down", "traffic": "no database"})
    monkeypatch.setattr(looks, "look", lambda settings: silent)
    page = served.visitor(Role.RELEASE).get("/").text
    assert "it is down" in page
    assert "No model has been trained yet" in page


def test_a_look_of_before_is_replaced_as_soon_as_it_was_looked(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes back after a release sees the last look at once; the page then asks for a new one, and only once."""
    said = ["first state"]
    monkeypatch.setattr(looks, "look", lambda settings: found(said[0]))
    monkeypatch.setattr(Kept, "_beside", lambda self: self._making.release())
    visitor = served.visitor(Role.RELEASE)
    assert 'hx-get="/"' not in visitor.get("/").text
    said[0], served.now = "second state", served.now + 60
    page = visitor.get("/").text
    assert 'hx-get="/"' in page
    assert "second state" not in page
    page = visitor.get("/", **{"hx-request": "true"}).text
    assert 'hx-get="/"' not in page
    assert "second state" in page


def test_hostile_texts_stay_texts_on_home(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a message, a reason or an error says, the page has the same elements with the same attributes."""
    pages = []
    for said in ("plain", "\n".join(TEXTS)):
        monkeypatch.setattr(looks, "look", lambda settings, said=said: found(said))
        pages.append(Served(served.settings).visitor(Role.RELEASE).get("/").text)
    assert tags(pages[0]) == tags(pages[1])


def test_a_page_is_light(seen: Served) -> None:
    """Home with all its files is under 200 KB, before a proxy compresses it."""
    page = seen.visitor(Role.RELEASE).get("/").content
    files = sum(path.stat().st_size for path in rendering.FILES.values())
    assert len(page) + files < MOST_BYTES
    assert len(gzip.compress(page)) < len(page)


def test_a_retrain_says_who_started_it(seen: Served, begun: list[tuple[str, ...]]) -> None:
    """The button runs the command, with the person's name as the trigger, and leads to its progress."""
    answer = seen.visitor(Role.RELEASE, "Ana").post("/retrain")
    assert begun == [("retrain", "--trigger=the page, by Ana")]
    assert answer.headers["location"].startswith("/jobs/1-00000000?done=")
    [act] = [one for one in record.newest(seen.settings) if one.route == "/retrain"]
    assert (act.by, act.sentence, act.refused) == ("Ana", "started: A retrain", "")


@pytest.mark.usefixtures("registry")
def test_an_approval_has_name_reason_and_end(seen: Served, begun: list[tuple[str, ...]]) -> None:
    """What the form says becomes options of the command, each in one word, whatever is in it."""
    ana = seen.visitor(Role.RELEASE, "Ana")
    ana.post("/approve", {"version": "8", "reason": "--expires=99w; rm -rf /", "expires": "7d"})
    ana.post("/decline", {"version": "8", "reason": "wrong on visas"})
    assert begun == [
        ("approve", "8", "--by=Ana", "--reason=--expires=99w; rm -rf /", "--expires=7d"),
        ("reject", "8", "--by=Ana", "--reason=wrong on visas"),
    ]


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("/approve", {"version": "7", "reason": "x", "expires": "7d"}, "No one is asked about this version"),
        ("/approve", {"version": "8", "reason": " ", "expires": "7d"}, "The reason is missing"),
        ("/approve", {"version": "8", "reason": "x", "expires": "20w"}, "may last 90 days"),
        ("/approve", {"version": "8", "reason": "a\0b", "expires": "7d"}, "cannot be used"),
        ("/decline", {"version": "8"}, "The reason is missing"),
        ("/rollback", {"live": "2026-11-14-aa0001"}, "is not live any more"),
        ("/rollback", {"live": "2026-11-21-3fa9c1", "to": "2026-01-01-000000"}, "never was live"),
        ("/release", {"version": "--help"}, "is no version"),
    ],
)
def test_what_cannot_be_done_is_said_and_not_begun(
    seen: Served, begun: list[tuple[str, ...]], path: str, fields: Mapping[str, str], said: str
) -> None:
    """A form of a moment ago, or one that is not filled in, starts nothing, and the refusal is on record."""
    answer = seen.visitor(Role.RELEASE).post(path, fields)
    assert answer.status_code == 400
    assert said in answer.text
    assert begun == []
    assert next(iter(record.newest(seen.settings))).refused


@pytest.mark.usefixtures("registry")
def test_a_rollback_goes_where_the_page_said(seen: Served, begun: list[tuple[str, ...]]) -> None:
    """It names its release, so nothing that happens meanwhile makes it another one."""
    seen.visitor(Role.RELEASE).post("/rollback", {"live": "2026-11-21-3fa9c1"})
    assert begun == [("rollback", "--to=2026-11-14-aa0001")]


def test_progress_is_read_from_what_the_command_prints() -> None:
    """Steps that are over, with their time and result; the rest is shown as it is."""
    log = "✓ fetch       0.3 s  400 messages\n✗ train      12.0 s  it broke\n\nerror: it broke\n"
    steps, rest = jobs.understood(log)
    assert [(one.name, one.seconds, one.result, one.good) for one in steps] == [
        ("fetch", 0.3, "400 messages", True),
        ("train", 12.0, "it broke", False),
    ]
    assert rest == "error: it broke"


@pytest.mark.parametrize("name", ["1", "../../x", "1-zzzzzzzz", "1-00000000/..", ""])
def test_a_job_is_found_by_its_name_alone(served: Served, name: str) -> None:
    """No name leads out of the folder."""
    assert jobs.find(served.settings, name) is None


def test_a_job_whose_process_is_gone_has_failed(served: Served) -> None:
    """A machine that stopped leaves no run that seems to go on for ever."""
    place = jobs.folder(served.settings) / "1-00000000"
    place.mkdir(parents=True)
    job = jobs.Job("1-00000000", "A retrain", ("retrain",), "Ana", 1.0)
    (place / jobs.JOB).write_text(json.dumps(job.as_dict()))
    shown = jobs.find(served.settings, job.id)
    assert shown is not None
    assert shown.end is not None
    assert not shown.good
    assert "It failed" in served.visitor(Role.READ).get("/jobs/1-00000000").text


@pytest.mark.parametrize("kind", list(Kind))
def test_every_incident_has_a_next_step_and_a_place(kind: Kind) -> None:
    """Whatever the monitor can tell of, the page says what to do and where."""
    assert next_step(kind).sentence.endswith(".")
    assert place(kind).startswith("/")


def test_an_alert_that_is_no_incident_leads_home() -> None:
    """A test alert has its link, too."""
    assert place("alerts") == "/"


def test_nothing_is_fetched_from_elsewhere(seen: Served) -> None:
    """The page and its files name no other host: it works offline."""
    page = seen.visitor(Role.RELEASE).get("/").text
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")
    for path in rendering.FILES.values():
        if path.suffix in (".css", ".js") and "htmx" not in path.name:
            assert "://" not in path.read_text(encoding="utf-8"), path
    assert app.PAGES[0] is home.add_to
