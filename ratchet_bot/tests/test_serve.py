"""The server as a process, over HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from ratchet_bot.tools import converse
from ratchet_bot.tools._errors import ToolError
from ratchet_bot.tools._model import verify
from tests import corpus
from tests.conftest import Trained
from tests.test_handoff import Desk

pytestmark = pytest.mark.e2e

WEB, LAB = "w" * 24, "l" * 24


@dataclass
class Server:
    process: subprocess.Popen[str]
    url: str

    def await_ready(self, path: str = "/status") -> None:
        for _ in range(600):
            if self.process.poll() is not None:
                raise AssertionError(self.process.stderr.read())
            try:
                requests.get(f"{self.url}{path}", timeout=5)
                return
            except requests.ConnectionError:
                time.sleep(0.05)
        raise AssertionError("not ready after 30 s")

    def post(self, path: str, body: Any, token: str | None = WEB) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.post(f"{self.url}{path}", data=json.dumps(body), headers=headers, timeout=30)

    def say(self, message: str, sender: str = "anna", token: str | None = WEB, **more: Any) -> dict[str, Any]:
        answer = self.post("/chat", {"sender": sender, "message": message, **more}, token)
        assert answer.status_code == 200, answer.text
        return answer.json()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def launch(
    trained: Trained, *extra: str, module: str = "ratchet_bot.tools.serve", **environment: str
) -> Server:
    """Start a server and do not wait for it."""
    port = free_port()
    argv = [sys.executable, "-m", module, "--model", str(trained.archive), "--port", str(port)]
    argv += ["--release", "r7", "--model-version", "3", "--domain", str(trained.domain)]
    argv += ["--sha256", verify(trained.archive, None), *extra]
    process = subprocess.Popen(argv, env={**os.environ, **environment}, text=True, stderr=subprocess.PIPE)
    return Server(process, f"http://127.0.0.1:{port}")


def start(trained: Trained, *extra: str, **environment: str) -> Server:
    """Start a server and wait until it answers."""
    server = launch(trained, *extra, **environment)
    server.await_ready()
    return server


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    desk = Desk(failures=0)
    yield desk
    desk.server.shutdown()


@pytest.fixture(scope="module")
def server(trained: Trained, desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "people.csv").write_text("user,role,location\nanna,employee,berlin\ncarl,contractor,lisbon\n")
    (folder / "clients.yml").write_text(
        f"- {{name: web, token: {WEB}}}\n- {{name: lab, token: {LAB}, rights: [chat, parse, claim-context]}}\n"
    )
    server = start(
        trained,
        "--directory",
        str(folder / "people.csv"),
        RATCHET_CLIENT_TOKENS_FILE=str(folder / "clients.yml"),
        RATCHET_HANDOFF_URL=desk.url,
    )
    yield server
    server.process.terminate()
    server.process.wait(timeout=15)


def test_status_names_the_release(server: Server, trained: Trained) -> None:
    """No token needed, and no secret told."""
    status = requests.get(f"{server.url}/status", timeout=5).json()
    assert status["ready"] is True
    assert (status["release"], status["model_version"]) == ("r7", "3")
    assert status["model_id"] == trained.report["model_id"]
    assert status["sha256"] == verify(trained.archive, None)


def test_the_directory_decides_and_not_the_client(server: Server) -> None:
    """Anna's words get Berlin's process whatever her application claims."""
    assert server.say("days off in august", "anna")["intent"]["name"] == "leave_berlin"
    lie = server.say("days off in august", "anna", context={"role": "contractor"})
    assert lie["intent"]["name"] == "leave_berlin"
    assert server.say("days off in august", "chat-9", user="carl")["intent"]["name"] == "leave_agency"


def test_a_trusted_client_states_the_context(server: Server) -> None:
    """Staging checks do."""
    context = {"role": "employee", "location": "lisbon"}
    assert server.say("days off in august", "x", LAB, context=context)["intent"]["name"] == "leave_lisbon"


def test_responses_depend_on_the_context_of_today(server: Server) -> None:
    """The same conversation, another role: another answer."""
    for role, answer in (("contractor", "agency"), ("employee", "self-service"), ("contractor", "agency")):
        reply = server.say("forgot my password", "y", LAB, context={"role": role})
        assert answer in reply["messages"][0]["text"]


def test_one_question_then_a_person(server: Server, desk: Desk) -> None:
    """Low confidence: a clarifying question, then the conversation goes to the webhook and the user is told."""
    first = server.say("zyzzyva qwerty", "bert")
    assert first["intent"]["name"] == "nlu_fallback"
    assert "other words" in first["messages"][0]["text"]
    assert not desk.received
    second = server.say("qwerty zyzzyva", "bert")
    assert second["messages"] == [{"text": "A colleague takes over."}]
    for _ in range(100):
        if desk.received:
            break
        time.sleep(0.05)
    (conversation,) = desk.received
    assert conversation["sender"] == "web/bert"
    assert conversation["release"] == "r7"
    assert [m["from"] for m in conversation["messages"]] == ["person", "bot", "person", "bot"]
    assert server.say("zyzzyva", "bert")["intent"]["name"] == "nlu_fallback"


def test_a_clear_message_after_the_question_is_answered(server: Server) -> None:
    """The question counts only for the next message."""
    server.say("zyzzyva qwerty", "dora")
    assert server.say("please reset my password", "dora")["intent"]["name"] == "reset_password"
    assert server.say("zyzzyva qwerty", "dora")["intent"]["name"] == "nlu_fallback"


def test_a_message_sent_again_is_processed_once(server: Server) -> None:
    """A proxy's second try gets the first reply; another message id is a new message."""
    first = server.say("zyzzyva qwerty", "emil", message_id="m1")
    assert server.say("zyzzyva qwerty", "emil", message_id="m1") == first
    assert server.say("zyzzyva qwerty", "emil", message_id="m2")["intent"]["name"] == "nlu_handoff"


def test_conversations_of_applications_are_apart(server: Server) -> None:
    """The same sender id at another application is another conversation."""
    server.say("zyzzyva qwerty", "fay")
    assert server.say("zyzzyva qwerty", "fay", LAB)["intent"]["name"] == "nlu_fallback"


def test_parse_in_batch(server: Server) -> None:
    """Predictions with context, in order, for clients with the right."""
    messages = [{"text": "days off", "context": {"role": r, "location": "berlin"}} for r in corpus.ROLES]
    results = server.post("/parse", {"messages": messages}, LAB).json()["results"]
    assert [(r["intent"], r["entities"]) for r in results] == [("leave_berlin", []), ("leave_agency", [])]
    assert server.post("/parse", {"messages": []}, LAB).json() == {"results": []}
    assert server.post("/parse", {"messages": messages}).status_code == 403
    assert server.post("/parse", {"messages": [{"text": "a"}] * 1001}, LAB).status_code == 413


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ([], 400),
        ("hello", 400),
        ({"sender": "a"}, 400),
        ({"sender": "a", "message": ""}, 400),
        ({"sender": "a", "message": 3}, 400),
        ({"sender": 3, "message": "hi"}, 400),
        ({"sender": "a", "message": "x" * 4001}, 413),
        ({"sender": "a" * 201, "message": "hi"}, 413),
        ({"sender": "a", "message": "hi", "filler": "x" * 2_000_001}, 413),
    ],
)
def test_bad_requests_are_refused(server: Server, body: Any, status: int) -> None:
    """With a sentence and without a traceback."""
    answer = server.post("/chat", body)
    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_no_json_and_no_token(server: Server) -> None:
    """Neither reaches the model."""
    headers = {"Authorization": f"Bearer {WEB}"}
    assert requests.post(f"{server.url}/chat", data="{", headers=headers, timeout=5).status_code == 400
    for token in (None, "wrong"):
        assert server.post("/chat", {"sender": "a", "message": "hi"}, token).status_code == 401


@pytest.mark.parametrize(
    "path", ["/model", "/model/train", "/model/parse", "/conversations/a/tracker", "/domain"]
)
def test_rasas_own_api_is_not_served(server: Server, path: str) -> None:
    """It could train and replace models, and read everybody's conversation."""
    assert requests.get(f"{server.url}{path}", timeout=5).status_code == 404
    assert requests.post(f"{server.url}{path}", json={}, timeout=5).status_code == 404


def test_many_people_at_once(server: Server) -> None:
    """Fifty conversations in parallel each get their own answer."""
    with ThreadPoolExecutor(16) as pool:
        people = [("anna", "leave_berlin"), ("carl", "leave_agency")] * 25
        asked = pool.map(lambda p: server.say("days off", f"c{p[0]}{id(p)}", user=p[0]), people)
        assert [reply["intent"]["name"] for reply in asked] == [intent for _, intent in people]


def test_conversation_files_are_played(server: Server, tmp_path: Path) -> None:
    """The player passes what fits and lists what does not."""
    token = tmp_path / "token"
    token.write_text(LAB)
    file = tmp_path / "talk.yml"
    file.write_text(
        "- name: contractor\n  context: {role: contractor, location: lisbon}\n  steps:\n"
        "    - {user: forgot my password, intent: reset_password, bot: your AGENCY}\n"
        "    - {user: days off, intent: leave_agency}\n"
        "- name: anna\n  as: {user: anna}\n  steps: [{user: days off, bot: [leave, berlin]}]\n"
    )
    arguments = ["--url", server.url, "--conversations", str(file), "--token-file", str(token)]
    assert converse.main([*arguments, "--json", str(tmp_path / "out.json")]) == 0
    assert json.loads((tmp_path / "out.json").read_text())["failed"] == 0
    file.write_text("- name: wrong\n  steps: [{user: days off, intent: cafeteria, bot: soup}]\n")
    with pytest.raises(ToolError, match="1 conversations went otherwise"):
        converse.main([*arguments, "--json", str(tmp_path / "out.json")])
    assert len(json.loads((tmp_path / "out.json").read_text())["conversations"][0]["mismatches"]) == 2


def test_a_stop_finishes_what_is_under_way(trained: Trained) -> None:
    """SIGTERM: requests in flight are answered, and the process ends within ten seconds."""
    server = start(trained)
    messages = [{"text": f"days off number {i}"} for i in range(1000)]
    answers: list[int] = []
    asking = threading.Thread(
        target=lambda: answers.append(server.post("/parse", {"messages": messages}, None).status_code)
    )
    asking.start()
    time.sleep(0.15)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=10) == 0
    asking.join()
    assert answers == [200]


def test_a_wrong_start_is_one_error(trained: Trained, tmp_path: Path) -> None:
    """Digest, port and model: exit code 1 with the fact and the remedy, before anything is served."""
    junk = tmp_path / "junk.tar.gz"
    junk.write_bytes(b"junk")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        model = ["--model", str(trained.archive), "--sha256"]
        busy = str(taken.getsockname()[1])
        wrong = [
            ([*model, "0" * 64, "--port", "1"], "not loaded"),
            ([*model, "", "--port", "1"], "--sha256 is empty"),
            ([*model, verify(trained.archive, None), "--port", busy], "cannot be listened on"),
            (
                ["--model", str(junk), "--sha256", verify(junk, None), "--port", str(free_port())],
                "cannot be served",
            ),
            (
                ["--model", str(tmp_path / "none"), "--sha256", "0", "--port", str(free_port())],
                "There is no model",
            ),
        ]
        started = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "ratchet_bot.tools.serve",
                    "--release",
                    "r",
                    "--model-version",
                    "1",
                    *arguments,
                ],
                stderr=subprocess.PIPE,
                text=True,
            )
            for arguments, _ in wrong
        ]
        for process, (_, sentence) in zip(started, wrong, strict=True):
            _, said = process.communicate(timeout=60)
            assert process.returncode == 1
            assert sentence in said.splitlines()[-1]
            assert "Traceback" not in said
