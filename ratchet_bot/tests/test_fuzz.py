"""The channel and the bot's files under input that nobody meant: a good answer, a refusal, and never anything else.

Some dozens of inputs a test, with RATCHET_LONG=1 thousands; RATCHET_FUZZ_SEED=N repeats the ones of a failure.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from ratchet_bot.channel import access
from ratchet_bot.channel.directory import CsvDirectory
from ratchet_bot.tools import converse, evaluate
from ratchet_bot.tools._errors import ToolError
from tests.conftest import Trained
from tests.test_serve import LAB, WEB, Server, start

LONG = os.environ.get("RATCHET_LONG") == "1"
SEED = int(os.environ.get("RATCHET_FUZZ_SEED", random.SystemRandom().randrange(2**32)))
SECONDS = 5.0
STATUSES = {200, 400, 401, 403, 404, 405, 411, 413, 414, 417, 431, 501, 505}
COUNTS: Counter[str] = Counter()


def fuzz(fast: int, long: int, **strategies: st.SearchStrategy[Any]) -> Callable[[Any], Any]:
    """Run a test with `fast` inputs, with RATCHET_LONG=1 `long`, all of them from SEED."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        profile = settings(
            max_examples=long if LONG else fast,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        )
        return seed(SEED)(profile(given(**strategies)(test)))

    return decorate


@pytest.fixture(scope="module", autouse=True)
def counted() -> Iterator[None]:
    """Say at the end how many inputs there were, and how to have the same ones again."""
    yield
    print(f"\nfuzzed: {dict(sorted(COUNTS.items()))}, RATCHET_FUZZ_SEED={SEED}")


@pytest.fixture(scope="module")
def server(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server, whose log has to stay free of tracebacks."""
    folder = tmp_path_factory.mktemp("fuzzed")
    (folder / "people.csv").write_text("user,role,location\nanna,employee,berlin\n")
    (folder / "clients.yml").write_text(
        f"- {{name: web, token: {WEB}}}\n- {{name: lab, token: {LAB}, rights: [chat, parse, claim-context]}}\n"
    )
    server = start(
        trained,
        "--directory",
        str(folder / "people.csv"),
        RATCHET_CLIENT_TOKENS_FILE=str(folder / "clients.yml"),
        RATCHET_EVENTS_URL=f"sqlite:///{folder / 'events.db'}",
    )
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.extend(server.process.stderr), daemon=True)
    reader.start()
    yield server
    status = server_status(server)
    server.process.terminate()
    server.process.wait(timeout=15)
    reader.join(5)
    assert "Traceback" not in "".join(said), "".join(said)[-4000:]
    assert status["events"]["dropped"] == 0


def server_status(server: Server) -> dict[str, Any]:
    """What `/status` says."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=SECONDS)
    connection.request("GET", "/status")
    return json.loads(connection.getresponse().read())


def ask(server: Server, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> int:
    """Send a request and return its status; the answer must come in time and be JSON or a short page."""
    host, port = server.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=SECONDS)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value.encode("utf-8", "surrogatepass"))
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    COUNTS[f"HTTP {answer.status}"] += 1
    assert answer.status in STATUSES, (answer.status, content[:300], f"RATCHET_FUZZ_SEED={SEED}")
    assert b"Traceback" not in content
    assert len(content) < 300_000
    return answer.status


TEXTS = st.text(st.characters(), max_size=60) | st.sampled_from(
    [
        "\ud800",
        "a\udfff",
        "\0",
        "/restart",
        "/greet{}",
        '/x{"a": "b"}',
        "x" * 4001,
        "9" * 400,
        "‮",
        "👩‍👩‍👧",
        "/" * 50,
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
CHAT = st.fixed_dictionaries(
    {},
    optional={
        "sender": TEXTS | JSON,
        "message": TEXTS | JSON,
        "user": TEXTS | JSON,
        "message_id": TEXTS | JSON,
        "context": JSON | st.dictionaries(st.sampled_from(["role", "location", "x"]), TEXTS | JSON),
    },
)
WHOLE = st.fixed_dictionaries(
    {"sender": TEXTS, "message": TEXTS},
    optional={"context": st.dictionaries(TEXTS, TEXTS, max_size=3), "message_id": TEXTS, "user": TEXTS},
)
TOKENS = st.sampled_from([f"Bearer {LAB}"] * 3 + [f"Bearer {WEB}"])


@pytest.mark.parametrize("text", ["/restart", "/session_start", "/back"])
def test_commands_of_rasas_are_messages(server: Server, text: str) -> None:
    """One of them empties the conversation in which its own answer is looked for."""
    for body in ({"sender": "clara", "message": "hello"}, {"sender": "clara", "message": text}):
        ask(server, "POST", "/chat", json.dumps(body).encode(), {"Authorization": f"Bearer {WEB}"})


@fuzz(40, 6000, body=CHAT | WHOLE | JSON, token=TOKENS)
def test_chat(server: Server, body: Any, token: str) -> None:
    """Any JSON: an answer, or a refusal that says why."""
    ask(server, "POST", "/chat", json.dumps(body).encode(), {"Authorization": token})


@fuzz(
    30,
    4000,
    messages=st.lists(st.dictionaries(st.sampled_from(["text", "context", "x"]), TEXTS | JSON)) | JSON,
)
def test_parse(server: Server, messages: Any) -> None:
    """The same for predictions."""
    body = json.dumps({"messages": messages}).encode()
    ask(server, "POST", "/parse", body, {"Authorization": f"Bearer {LAB}"})


BYTES = st.binary(max_size=200) | st.sampled_from(
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"sender": "a", "message": "b", "x": ' + b"9" * 100_000 + b"}",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b'{"sender": "a", "message": "\xed\xa0\x80"}',
        b'{"sender": "a", "sender": 1, "message": NaN}',
        b" " * 1_000_000,
        b"",
    ]
)


@fuzz(30, 3000, body=BYTES, kind=st.sampled_from(["application/json", "text/xml", "multipart/form-data", ""]))
def test_bodies(server: Server, body: bytes, kind: str) -> None:
    """Any bytes, under any name."""
    ask(server, "POST", "/chat", body, {"Authorization": f"Bearer {WEB}", "Content-Type": kind})


LONG_OR_BROKEN = st.sampled_from(["Bearer " + "x" * 7000, "Bearer \ud800"])
LINES = st.text(st.characters(exclude_characters="\r\n"), max_size=40)


@fuzz(
    30,
    3000,
    value=LINES | LINES.map("Bearer {}".format) | st.sampled_from(["Bearer " + "x" * 7000, "Bearer \ud800"]),
)
def test_tokens(server: Server, value: str) -> None:
    """No header is a token but a token."""
    body = b'{"sender": "a", "message": "b"}'
    assert ask(server, "POST", "/chat", body, {"Authorization": value}) in (400, 401, 403, 413, 431)


PATHS = st.sampled_from(
    ["/", "/chat", "/parse", "/status", "/webhooks/rest/webhook", "/model", "/model/train", "/domain"]
)
ODD = st.text("/.%2e?#;:@\\abcCHATstu~*", max_size=12)


@fuzz(
    40,
    4000,
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "X"]),
    path=st.tuples(PATHS, ODD).map("".join),
)
def test_paths(server: Server, method: str, path: str) -> None:
    """Without a token nothing is answered but the status."""
    status = ask(server, method, path, None, {})
    assert status != 200 or path.split("?")[0].split("#")[0].rstrip("/").lower() == "/status", (method, path)


@fuzz(20, 2000, lines=st.lists(st.binary(max_size=60), max_size=5))
def test_what_is_no_http(server: Server, lines: list[bytes]) -> None:
    """Any bytes on the connection: it is closed or answered, and the next one is served."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(SECONDS)
        try:
            while connection.recv(65536):
                pass
        except ConnectionResetError:
            pass
    COUNTS["bytes"] += 1


def test_too_much_is_refused(server: Server) -> None:
    """A body over the limit, headers over the limit."""
    body = json.dumps({"sender": "a", "message": "b", "x": "y" * 3_000_000}).encode()
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        head = f"POST /chat HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode())
        assert b" 413 " in connection.recv(200)
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        connection.sendall(b"GET /status HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100_000 + b"\r\n\r\n")
        assert connection.recv(200).split(b" ")[1] in (b"400", b"413", b"431")


LENGTHS = st.sampled_from(
    ["-1", "-0", "+5", "1_0", "0x10", "", " ", "5, 5", "9" * 400, "1e3", "\u0661", "5\r\nContent-Length: 6"]
)


@fuzz(
    15,
    1000,
    length=LENGTHS | st.integers().map(str),
    coding=st.sampled_from(["", "chunked", "xchunked", "gzip"]),
)
def test_a_length_that_is_none_is_refused(server: Server, length: str, coding: str) -> None:
    """One below zero kept the whole server busy for ever; afterwards it answers others as before."""
    host, port = server.url.removeprefix("http://").split(":")
    head = f"POST /chat HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n"
    head += f"Transfer-Encoding: {coding}\r\n" if coding else ""
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        connection.sendall(f"{head}\r\n{{}}".encode("utf-8", "replace"))
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(SECONDS)
        with contextlib.suppress(ConnectionResetError):
            answer = connection.recv(200)
            assert not answer or int(answer.split(b" ")[1]) in STATUSES, answer
    COUNTS["lengths"] += 1
    assert server_status(server)["ready"]


def test_a_length_below_zero_stops_no_server(server: Server) -> None:
    """The request that did, for certain and not only by the luck of the seed."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        connection.sendall(b"POST /chat HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n{}")
        assert b" 400 " in connection.recv(200)
    assert server_status(server)["ready"]


def test_slow_clients_hold_up_nobody(server: Server) -> None:
    """Two hundred who send half a request and wait: others are answered as before."""
    host, port = server.url.removeprefix("http://").split(":")
    slow = [socket.create_connection((host, int(port)), timeout=SECONDS) for _ in range(200)]
    try:
        for connection in slow:
            connection.sendall(b"POST /chat HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
        started = time.monotonic()
        assert server.say("days off in august", "anna")["messages"]
        assert time.monotonic() - started < SECONDS
    finally:
        for connection in slow:
            connection.close()


def test_half_a_character_is_refused_and_written_nowhere(server: Server) -> None:
    """It would have ended the thread that writes events, and with it the record of all that follows."""
    before = server_status(server)["events"]["written"]
    for body in (
        {"sender": "a", "message": "\ud800"},
        {"sender": "a\udfff", "message": "hello"},
        {"sender": "a", "message": "hello", "context": {"role": "\ud800"}},
    ):
        assert server.post("/chat", body, LAB).status_code == 400, body
    server.say("days off in august", "anna")
    deadline = time.monotonic() + SECONDS
    while server_status(server)["events"]["written"] <= before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert server_status(server)["events"]["written"] > before


def survive(call: Callable[[], Any], what: str) -> None:
    """A result or a ToolError in time."""
    started = time.process_time()
    with contextlib.suppress(ToolError):
        call()
    assert time.process_time() - started < SECONDS
    COUNTS[what] += 1


TOKENS_FILE = b"""- {name: web, token: wwwwwwwwwwwwwwwwwwwwwwww}
- {name: lab, token: llllllllllllllllll, rights: [chat]}
"""
SCRIPT = b"""- name: one
  as: {role: employee, user: a}
  steps:
    - user: hello
      bot: hi
      intent: greet
"""
ROWS = b'{"key": "1", "text": "hello", "context": {"role": "a"}}\n{"key": "2", "text": "bye"}\n'
PEOPLE = b'user,role\nanna,employee\n"b,c",x\n'
NASTY = [b"\0", b"\xff", b'"', b"- ", b": ", b"[" * 3000, b"&a [*a]", b"!!python/object:os.system x", b"{", b"null",
         b"2001-99-99", b"\\ud800", b"x" * 200_000, b"? ", b"*a", b"\n", b"\t", b"9" * 5000, b"<<: 1"]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, valid: bytes) -> bytes:
    """A valid file with some injuries, or any bytes."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(valid)))
        end = start + draw(st.sampled_from([0, 1, 2, 10]))
        valid = valid[:start] + draw(st.sampled_from(NASTY) | st.binary(max_size=4)) + valid[end:]
    return valid


@fuzz(30, 3000, content=mutated(TOKENS_FILE))
def test_token_files(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """A clients' file that cannot be read lets nobody in, and says so."""
    path = tmp_path_factory.getbasetemp() / "clients.yml"
    path.write_bytes(content)
    survive(lambda: access.load("127.0.0.1", path, None), "token files")


def test_brackets_are_counted_before_they_are_parsed(tmp_path: Path) -> None:
    """The parser's time grows with the square of their depth: nine kilobytes took seconds."""
    path = tmp_path / "clients.yml"
    path.write_bytes(b"[" * 100_000 + TOKENS_FILE)
    started = time.process_time()
    with pytest.raises(ToolError, match="not a list of clients"):
        access.load("127.0.0.1", path, None)
    assert time.process_time() - started < SECONDS


@fuzz(30, 3000, content=mutated(SCRIPT))
def test_conversations(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Written conversations."""
    path = tmp_path_factory.getbasetemp() / "conversation.yml"
    path.write_bytes(content)
    survive(lambda: converse.read(path), "conversations")


@fuzz(30, 3000, content=mutated(ROWS))
def test_rows(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """What the orchestrator hands over."""
    path = tmp_path_factory.getbasetemp() / "rows.jsonl"
    path.write_bytes(content)
    survive(lambda: evaluate.read_rows(path), "rows")


@fuzz(30, 3000, content=mutated(PEOPLE))
def test_directories(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """The directory at the start."""
    path = tmp_path_factory.getbasetemp() / "people.csv"
    path.write_bytes(content)
    survive(lambda: CsvDirectory(path).context("anna"), "directories")


def test_a_directory_that_breaks_while_it_serves_keeps_what_is_known(tmp_path: Path) -> None:
    """Else one wrong byte in a file would leave everybody without an answer."""
    path = tmp_path / "people.csv"
    path.write_bytes(PEOPLE)
    directory = CsvDirectory(path)
    for content in (b"user,role\nanna,\xff\xfe\n", b"nobody\n", b'user,role\n"anna' + b"x" * 200_000):
        path.write_bytes(content)
        assert directory.context("anna") == {"role": "employee"}
    path.write_bytes(b"user,role\nanna,manager\n")
    assert directory.context("anna") == {"role": "manager"}
