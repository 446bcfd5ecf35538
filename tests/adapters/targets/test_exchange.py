"""What is in flight on a connection, whatever the cuts between its bytes."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.adapters.targets.exchange import MOST_HEAD, Exchange

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"
GET = b"GET /status HTTP/1.1\r\nHost: bot\r\n\r\n"
POST = b"POST /chat HTTP/1.1\r\nHost: bot\r\nContent-Length: 5\r\n\r\nhello"
CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n5;name=x\r\nhello\r\nA\r\n\r\n0\r\n\r\n123\r\n0\r\n"
PAIRS = (
    (GET, ANSWER),
    (POST, ANSWER),
    (POST + b"\r\n", ANSWER),
    (b"POST /chat HTTP/1.1\r\n" + CHUNKS + b"\r\n", b"HTTP/1.1 200 OK\r\n" + CHUNKS + b"Trailer: x\r\n\r\n"),
    (b"HEAD / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n"),
    (b"OPTIONS /chat HTTP/1.1\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"),
    (GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2000\r\n\r\n"),
    (POST, b"HTTP/1.1 100 Continue\r\n\r\n" + ANSWER),
    (POST, b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"),
)


def cut(data: bytes, chance: random.Random) -> Iterator[bytes]:
    """Cut bytes into pieces, none of them empty."""
    while data:
        size = chance.randint(1, len(data))
        yield data[:size]
        data = data[size:]


@given(st.lists(st.sampled_from(PAIRS), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_a_connection_is_idle_exactly_between_an_answer_and_the_next_request(
    pairs: list[tuple[bytes, bytes]], chance: random.Random
) -> None:
    """However the bytes are cut: with a body or none, in chunks, with an interim answer, with an empty line after."""
    exchange = Exchange()
    for request, answer in pairs:
        assert exchange.idle
        for piece in cut(request, chance):
            exchange.requests.feed(piece)
            assert not exchange.idle
        pieces = list(cut(answer, chance))
        for piece in pieces[:-1]:
            exchange.answers.feed(piece)
            assert not exchange.idle
        exchange.answers.feed(pieces[-1])
    assert exchange.idle


@given(st.lists(st.sampled_from(PAIRS), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_requests_that_come_before_the_answers_are_all_waited_for(
    pairs: list[tuple[bytes, bytes]], chance: random.Random
) -> None:
    """A client may send the next one without waiting."""
    exchange = Exchange()
    for piece in cut(b"".join(request for request, _ in pairs), chance):
        exchange.requests.feed(piece)
    for _, answer in pairs:
        assert not exchange.idle
        exchange.answers.feed(answer)
    assert exchange.idle


@given(st.binary(max_size=300), st.binary(max_size=300), st.randoms(use_true_random=False))
def test_no_bytes_are_too_strange(asked: bytes, answered: bytes, chance: random.Random) -> None:
    """What is no HTTP is forwarded as it is, and judged by nobody."""
    exchange = Exchange()
    for piece in cut(asked, chance):
        exchange.requests.feed(piece)
    for piece in cut(answered, chance):
        exchange.answers.feed(piece)
    assert exchange.idle in (True, False)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (POST.replace(b": 5", b": 5\r\nContent-Length: 6"), ANSWER),
        (POST.replace(b": 5", b": 5\r\nTransfer-Encoding: chunked"), ANSWER),
        (POST.replace(b": 5", b": -5"), ANSWER),
        (POST.replace(b"Content-Length: 5", b"Transfer-Encoding: gzip"), ANSWER),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", ANSWER),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", ANSWER),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ANSWER),
        (b"GET /" + b"x" * MOST_HEAD, ANSWER),
        (GET, b"HTTP/1.1 200 OK\r\n\r\nuntil the end"),
        (b"", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"),
        (GET, ANSWER.replace(b"keep-alive", b"close")),
        (GET, ANSWER.replace(b"HTTP/1.1", b"HTTP/1.0")),
    ],
)
def test_where_the_end_of_a_message_cannot_be_told_the_connection_stays_where_it_is(
    asked: bytes, answered: bytes
) -> None:
    """Two lengths, a length of another kind, no length, an answer that nobody asked for, or a last one: never idle."""
    exchange = Exchange()
    exchange.requests.feed(asked)
    exchange.answers.feed(answered)
    assert not exchange.idle
    exchange.requests.feed(GET)
    exchange.answers.feed(ANSWER)
    assert not exchange.idle


def test_an_upgraded_connection_is_told_from_one_that_speaks_http() -> None:
    """It has no requests, and so no moment between them."""
    exchange = Exchange()
    exchange.requests.feed(b"GET /socket HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    assert not exchange.upgraded
    exchange.answers.feed(b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x05hello")
    assert exchange.upgraded
    assert not exchange.idle
