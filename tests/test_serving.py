"""What `status`, `fleet`, `history` and `chat` say where something does not serve or failed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.processes import free_port
from ratchet.adapters.targets import choice, serving
from ratchet.adapters.targets.target import ReplicaStatus
from ratchet.cli.app import app
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.attempt import Attempt, Verb
from ratchet.domain.release.manifest import Release
from tests.corpora import data_workspace
from tests.docs.schemas import validate
from tests.domain.release.test_manifest import model, release

LIVE = replace(release("2026-11-27-3fa9c1"), target="swarm", live_at="2026-11-27T08:00:00+00:00")
GONE = "No such image: sha256:0123, which `bot` runs, is not on the node."
FAILED = Attempt(
    Verb.RELEASE, "2026-11-27T08:12:00+00:00", "stage", "p95 is 900 ms.", "Look at it.", version="12", trigger="by hand"
)  # fmt: skip


def replica(slot: int, ready: bool = True, of: str = LIVE.id, why: str = "") -> ReplicaStatus:
    """A replica of a fleet whose names are as long as they get."""
    name = f"helpdesk-3fa9c1-blue_bot.{slot}"
    return ReplicaStatus(name, "node-with-a-name", "", ready, of, "m" * 32, 0, "2026-11-27T08:12:33Z", why)


def told(command: str, done: Result) -> Any:
    """What a command says to machines, which its schema describes, whatever state the workspace is in."""
    found = json.loads(done.stdout)
    validate(command, found)
    return found


@dataclass
class Target:
    """A swarm with these replicas behind an address."""

    listed: list[ReplicaStatus] = field(default_factory=list)
    address: str = "http://127.0.0.1:1"
    name: str = "swarm"

    def replicas(self) -> list[ReplicaStatus]:
        return self.listed

    def url(self) -> str:
        return self.address


@dataclass
class Place:
    """A workspace, and what is on its swarm and in its registry."""

    settings: Settings
    target: Target
    patch: pytest.MonkeyPatch

    def knows(self, live: Release | None, *attempts: Attempt) -> None:
        """Let the registry know this."""
        self.patch.setattr(Registry, "live", lambda _: live)
        self.patch.setattr(Registry, "releases", lambda _: [live] if live else [])
        self.patch.setattr(Registry, "model", lambda _, version: model(version))
        self.patch.setattr(Registry, "attempts", lambda _: list(attempts))

    def run(self, *words: str) -> Result:
        """Run a command on a terminal of 80 columns."""
        argv = ["--workspace", str(self.settings.workspace), *words]
        return CliRunner().invoke(app, argv, env={"COLUMNS": "80"})


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A workspace with an empty swarm."""
    found = Place(data_workspace(tmp_path / "bot-team"), Target(), monkeypatch)
    monkeypatch.setattr(choice, "choose_target", lambda _: found.target)
    found.settings.state.mkdir(exist_ok=True)
    found.knows(None)
    return found


def flat(text: str) -> str:
    """Return what was printed, however it was wrapped."""
    return " ".join(text.split())


@pytest.mark.parametrize("command", ["status", "fleet"])
@pytest.mark.parametrize(
    ("replicas", "said"),
    [
        ([], "no replica runs; `ratchet serve` starts it again"),
        ([replica(1), replica(2, False, "")], "1 of 2 replicas serve it; `ratchet serve` brings it to every"),
        (
            [replica(1, of="r0"), replica(2)],
            "1 of 2 replicas serve it; helpdesk-3fa9c1-blue_bot.1 serves r0;",
        ),
        (
            [replica(1, False, "", GONE), replica(2, False, "", GONE)],
            "0 of 2 replicas serve it; No such image: sha256:0123, which `bot` runs, is not on the node "
            "(helpdesk-3fa9c1-blue_bot.1, helpdesk-3fa9c1-blue_bot.2); `ratchet serve` starts it again",
        ),
    ],
    ids=["scaled to 0", "one down", "mixed", "image gone"],
)
def test_a_recorded_release_that_does_not_serve_ends_with_exit_code_1(
    place: Place, command: str, replicas: list[ReplicaStatus], said: str
) -> None:
    """With how many replicas serve it, why the others do not, and the command that helps; also for machines."""
    place.knows(LIVE)
    place.target.listed = replicas
    done = place.run(command)
    assert (done.exit_code, said in flat(done.stdout)) == (1, True), done.output
    assert "ratchet retrain" not in done.stdout
    done = place.run(command, "--json")
    assert done.exit_code == 1
    assert [one["why"] for one in told(command, done)["replicas"]] == [one.why for one in replicas]


@pytest.mark.parametrize("command", ["status", "fleet"])
def test_exit_code_0_is_for_all_well_and_for_nothing_released(place: Place, command: str) -> None:
    """Only where nothing was released is the first release to be made."""
    done = place.run(command)
    assert (done.exit_code, serving.NOTHING in flat(done.stdout)) == (0, True), done.output
    place.knows(LIVE)
    place.target.listed = [replica(1), replica(2)]
    done = place.run(command)
    assert (done.exit_code, "ratchet serve" in done.stdout) == (0, False), done.output


def test_a_release_on_another_target_is_brought_here(place: Place) -> None:
    """`ratchet serve` would only say so."""
    place.knows(replace(LIVE, target="process"))
    said = flat(place.run("fleet").stdout)
    assert "it is on the target process, and `ratchet release champion` brings it to swarm" in said


def test_fleet_cuts_nothing_on_a_narrow_terminal(place: Place) -> None:
    """A line that is too long wraps."""
    place.knows(LIVE)
    place.target.listed = [replica(1), replica(2)]
    done = place.run("fleet")
    assert done.stdout.count("11-27 08:12") == 2
    assert "…" not in done.stdout
    assert "2 replicas on 1 node, at http://127.0.0.1:1" in done.stdout


def test_fleet_shows_what_runs_also_where_the_registry_is_down(place: Place) -> None:
    """What should serve is the registry's to say, and that it cannot is the error."""

    def down(_: Registry) -> None:
        raise RatchetError("The registry does not answer.")

    place.patch.setattr(Registry, "live", down)
    place.target.listed = [replica(1)]
    done = place.run("fleet")
    assert "helpdesk-3fa9c1-blue_bot.1" in done.stdout
    assert isinstance(done.exception, RatchetError)


def test_status_tells_the_last_failed_attempt_until_a_release_goes_live(place: Place) -> None:
    """With time, step, reason and what to do; for machines, too."""
    place.target.listed = [replica(1)]
    place.knows(LIVE, FAILED)
    said = flat(place.run("status").stdout)
    assert (
        "last attempt 2026-11-27 08:12 UTC release of version 12 failed at stage: p95 is 900 ms. Look at it."
        in said
    )
    attempt = told("status", place.run("status", "--json"))["last_attempt"]
    assert (attempt["step"], attempt["version"], attempt["sentence"]) == ("stage", "12", FAILED.sentence)
    place.knows(replace(LIVE, live_at="2026-11-27T08:20:00+00:00"), FAILED)
    assert "last attempt" not in place.run("status").stdout
    assert told("status", place.run("status", "--json"))["last_attempt"] is None


def test_history_lists_the_failed_attempts_newest_first(place: Place) -> None:
    """Beside the releases, as many as are asked for."""
    older = replace(FAILED, at="2026-11-26T08:12:00+00:00", version="11")
    place.knows(LIVE, older, FAILED)
    said = flat(place.run("history").stdout)
    assert said.index("release of version 12 failed at stage") < said.index("release of version 11 failed")
    found = told("history", place.run("history", "--limit", "1", "--json"))
    assert found["attempts"] == [FAILED.as_dict()]


@contextmanager
def answering(code: int, kind: str, body: str) -> Iterator[str]:
    """Answer every message so; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


PAGE = "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n"
WAKE = "`ratchet serve` starts it again; `ratchet fleet logs` shows what the replicas wrote."


def test_chat_with_a_dead_fleet_is_one_sentence_and_the_command_that_helps(place: Place) -> None:
    """Never a proxy's page; where nothing was released, the first release is to be made."""
    with answering(503, "text/html", PAGE) as url:
        place.target.address = url
        for live, remedy in ((LIVE, WAKE), (None, serving.NOTHING)):
            place.knows(live)
            error = place.run("chat", "hello").exception
            assert isinstance(error, RatchetError)
            assert (error.fact, error.remedy) == (f"No replica of the bot at {url} is ready.", remedy)
            assert error.exit_code == 1


def test_chat_with_a_bot_that_is_gone_or_refuses_says_so(place: Place) -> None:
    """Nobody listens; or the bot has words of its own, and where its log is holds for every target."""
    place.knows(LIVE)
    place.target.address = url = f"http://127.0.0.1:{free_port()}"
    error = place.run("chat", "hello").exception
    assert isinstance(error, RatchetError)
    assert (error.fact, error.remedy) == (f"The bot at {url} does not answer.", WAKE)
    refusals = {
        '{"error": "The memory of conversations is not reachable; try again."}': "The memory of conversations is not "
        "reachable; try again.",
        PAGE: "500 Internal Server Error.",
    }
    for body, words in refusals.items():
        with answering(503 if body != PAGE else 500, "text/html", body) as place.target.address:
            error = place.run("chat", "hello").exception
        assert isinstance(error, RatchetError)
        assert error.fact == f"The bot refused the message: {words}"
        assert error.remedy == "`ratchet fleet logs` shows what it wrote."
