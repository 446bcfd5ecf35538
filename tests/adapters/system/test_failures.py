"""What breaks under Ratchet is told in one sentence; a mistake in Ratchet itself is not disguised."""

from __future__ import annotations

import errno
import os
import sqlite3

import docker.errors
import httpx
import pytest
import requests

from ratchet.adapters.run import explained
from ratchet.adapters.system.failures import explain
from ratchet.domain.errors import RatchetError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/disk/file"),
            r"No space left on device \(/disk/file\)",
        ),
        (OSError(errno.EROFS, os.strerror(errno.EROFS)), "Read-only file system"),
        (PermissionError(errno.EACCES, "Permission denied", "/bot/data"), "may not read or write /bot/data"),
        (sqlite3.OperationalError("database or disk is full"), "database or disk is full"),
        (docker.errors.APIError("server error"), "Docker engine"),
        (requests.exceptions.ReadTimeout("timed out"), "Docker engine no longer answers"),
        (requests.exceptions.ConnectionError("refused"), "Docker engine no longer answers"),
        (requests.exceptions.ContentDecodingError("rubbish"), "Docker engine failed: rubbish"),
        (httpx.ConnectError("refused"), "Prefect server"),
    ],
)
def test_what_gives_way_is_named(error: Exception, said: str) -> None:
    """Fact and remedy, also where a library wrapped it in an error of its own."""
    told = explain(error)
    assert told is not None
    with pytest.raises(RatchetError, match=said):
        raise told
    assert told.remedy
    wrapped = RuntimeError("a library's own words")
    wrapped.__cause__ = error
    assert str(explain(wrapped)) == str(told)


def test_the_engines_own_words_are_told() -> None:
    """Not the address of its interface, which is all that the error under it names."""
    error = docker.errors.APIError("500 Server Error", explanation="write /x: no space left on device")
    error.__cause__ = requests.exceptions.HTTPError(
        "500 Server Error for url: http+docker://localhost/v1.41/build"
    )
    told = explain(error)
    assert told is not None
    assert told.fact == "The Docker engine failed: write /x: no space left on device."


def test_a_mistake_of_our_own_keeps_its_traceback() -> None:
    """Nothing is explained away that nobody can mend from outside; a missing file is such a mistake."""
    assert explain(KeyError("x")) is None
    assert explain(FileNotFoundError(errno.ENOENT, "No such file", "x")) is None


def test_a_run_ends_with_the_sentence_and_not_with_the_librarys_words() -> None:
    """Who reads its last state has no terminal; a person's mistake and Ratchet's own stay what they are."""
    with pytest.raises(RatchetError, match="No space left on device") as caught, explained():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data")
    assert caught.value.remedy.startswith("Make room on that disk")
    for error in (RatchetError("No release is live."), KeyError("x")):
        with pytest.raises(type(error)) as same, explained():
            raise error
        assert same.value is error
