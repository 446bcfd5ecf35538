"""What a log says went wrong, found among everything else that it holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.release.reasons import LONGEST, own_error, plain

REDIS = """\
2026-11-27 08:12:01 INFO     ratchet_bot  - loading the model
Traceback (most recent call last):
  File "/app/.venv/lib/python3.12/site-packages/redis/connection.py", line 357, in connect
    sock = self.retry.call_with_retry(
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^
ConnectionRefusedError: [Errno 111] Connection refused

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/ratchet_bot/channel/locks.py", line 90, in issue
    ticket = int(self.red.eval(ISSUE, 2, queue, counter))
redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.
"""
UNSCHEDULED = """\
error from daemon in stream: Error grabbing logs: rpc error: code = Unknown desc = warning: incomplete log stream. \
some logs could not be retrieved for the following reasons: node tureas8p7he0j921fyeve5l2t is not available
"""
SPLIT = """\
Error grabbing logs: rpc error: code = Unknown desc = warning: incomplete log stream.
some logs could not be retrieved for the following reasons:
task r8dr35r53uogr6yqfz6av2mcd has not been scheduled
"""
HTML = "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n"
SANIC = "[2026-11-27 08:12:01 +0000] [12] [ERROR] Exception occurred while handling uri: 'http://x/chat'\n"
SERVER = """\
1:C 27 Nov 2026 08:12:00.001 # WARNING Memory overcommit must be enabled!
1:M 27 Nov 2026 08:12:00.123 # Can't open or create append-only dir appendonlydir: Permission denied
"""


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("error: this image is broken on purpose\n", "this image is broken on purpose"),
        (f"{REDIS}error: bot/model.tar.gz cannot be served.\n", "bot/model.tar.gz cannot be served."),
        (REDIS, "redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused."),
        (
            "ratchet_bot.1.x7k2v9@node-1    | 2026-11-27T08:12:01.123456789Z KeyError: 'utter_ask'",
            "KeyError: 'utter_ask'",
        ),
        (SANIC, "Exception occurred while handling uri: 'http://x/chat'"),
        (SERVER, "Can't open or create append-only dir appendonlydir: Permission denied"),
        (UNSCHEDULED, ""),
        (SPLIT, ""),
        (HTML, ""),
        ("/app/x.py:3: DeprecationWarning: an Error: of old\n  import x\n", ""),
        ("release r7 answers on 0.0.0.0:5005\n", ""),
        ("", ""),
    ],
    ids=[
        "tool",
        "tool-first",
        "chain",
        "prefix",
        "sanic",
        "redis",
        "no-log",
        "no-task",
        "html",
        "warning",
        "fine",
        "none",
    ],
)
def test_the_tools_own_error_is_found(log: str, said: str) -> None:
    """And nothing is told where the log holds none: no frame, no page, nothing about fetching the log."""
    assert own_error(log) == said


def test_no_password_is_told() -> None:
    """An address keeps its host."""
    said = own_error("error: redis://:s3cret@redis:6379/0 refused, postgresql://bot:pw@db/events too")
    assert said == "redis://***@redis:6379/0 refused, postgresql://***@db/events too"


def test_the_engines_wrapping_is_left_out() -> None:
    """Its words remain."""
    wrapped = "Error response from daemon: rpc error: code = InvalidArgument desc = port '0' is invalid"
    assert plain(wrapped) == "port '0' is invalid"


@given(st.text(max_size=3000))
def test_whatever_a_log_holds_one_short_line_comes_out(log: str) -> None:
    """Printable beside other words."""
    for said in (own_error(log), plain(log)):
        assert len(said.splitlines()) <= 1
        assert len(said) <= LONGEST + 3
