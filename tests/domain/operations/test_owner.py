"""Who may use a workspace's name on a Prefect server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.owner import Owner, claim

ONE = Owner("c0ffee", "srv1", "/srv/bot", "digest")
ELSEWHERE = replace(ONE, host="srv2")


@pytest.mark.parametrize(
    ("asking", "joins"),
    [
        (ONE, False),
        (replace(ONE, loaded="other"), False),
        (ELSEWHERE, False),
        (ELSEWHERE, True),
        (replace(ONE, path="/home/ana/bot"), True),
        (replace(ELSEWHERE, origin=""), False),
    ],
)
def test_a_workspace_keeps_its_name(asking: Owner, joins: bool) -> None:
    """Also on another machine, as a clone that only works for it, and where its history cannot be told."""
    claim("bot", asking, {"bot": ONE}, joins)
    claim("new", asking, {}, joins)


@pytest.mark.parametrize(
    ("asking", "joins"),
    [
        (replace(ONE, origin="beef"), False),
        (replace(ELSEWHERE, origin="beef"), True),
        (replace(ONE, path="/srv/copy/bot"), False),
        (replace(ONE, path="/srv/copy/bot", origin=""), True),
    ],
)
def test_a_name_that_another_workspace_has_is_refused(asking: Owner, joins: bool) -> None:
    """Runs of the one would change the other; the remedy names a name that is free."""
    known = {"bot": ONE, "bot-2": replace(ONE, path="/srv/bot-2")}
    with pytest.raises(RatchetError, match=r"/srv/bot on srv1") as caught:
        claim("bot", asking, known, joins)
    assert "RATCHET_NAME=bot-3" in caught.value.remedy
    claim("bot-3", replace(asking, origin="beef"), known, joins)


def test_who_joins_under_another_name_is_told_the_right_one() -> None:
    """A clone in a folder called otherwise would wait for runs that nobody makes; a second bot of it may want that."""
    with pytest.raises(RatchetError, match="as bot, not as worker") as caught:
        claim("worker", ELSEWHERE, {"bot": ONE}, joins=True)
    assert "RATCHET_NAME=bot " in caught.value.remedy
    claim("worker", ELSEWHERE, {"bot": ONE}, joins=False)
