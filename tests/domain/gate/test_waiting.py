"""Which model may be released and is not live."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ratchet.domain.gate.override import Override
from ratchet.domain.gate.verdict import Decision
from ratchet.domain.gate.waiting import Question, Waiting, asked, newest
from tests.domain.release.test_manifest import model

NOW = datetime(2026, 11, 26, tzinfo=UTC)
CHAMPION = model("7")
EIGHT = model("8", champion="7")


def said(decision: Decision, days: float = 7) -> Override:
    """A person's decision about version 8."""
    return Override("sha", "8", "Ana", "wanted", NOW + timedelta(days=days), NOW, decision)


def test_a_promoted_model_that_never_was_live_waits() -> None:
    """Also the very first one; what was live once and was rolled back does not."""
    assert newest([CHAMPION, EIGHT], CHAMPION, {"7"}, {}, NOW) == Waiting("8")
    assert newest([model("1")], None, set(), {}, NOW) == Waiting("1")
    assert newest([CHAMPION, EIGHT], CHAMPION, {"7", "8"}, {}, NOW) is None
    assert newest([CHAMPION], CHAMPION, {"7"}, {}, NOW) is None


def test_a_later_rejected_model_hides_none() -> None:
    """And a promotion over another champion has to be judged again."""
    nine = model("9", champion="7", decision="reject")
    assert newest([CHAMPION, EIGHT, nine], CHAMPION, {"7"}, {}, NOW) == Waiting("8")
    assert newest([CHAMPION, replace(EIGHT, champion="6")], CHAMPION, {"7"}, {}, NOW) is None
    assert newest([EIGHT, replace(nine, decision="promote")], nine, {"9"}, {}, NOW) is None


@pytest.mark.parametrize(
    ("decision", "override", "expected"),
    [
        ("ask", said(Decision.PROMOTE), Waiting("8", "Ana")),
        ("ask", said(Decision.PROMOTE, days=-1), None),
        ("ask", None, None),
        ("promote", said(Decision.REJECT), None),
        ("promote", said(Decision.PROMOTE, days=-1), Waiting("8")),
    ],
)
def test_a_person_counts_as_the_gate_does(
    decision: str, override: Override | None, expected: Waiting | None
) -> None:
    """An approval that has not expired lets a model wait, a rejection takes it away."""
    models = [CHAMPION, replace(EIGHT, decision=decision)]
    assert newest(models, CHAMPION, {"7"}, {"8": override} if override else {}, NOW) == expected


def test_the_sentence_says_what_is_the_case_and_what_to_do() -> None:
    """With the reason where one was noted, and without a remedy while a run is at it."""
    failed = Waiting("8", why="p95 is 900 ms.")
    assert failed.sentence == "version 8: promoted, not live: p95 is 900 ms; `ratchet release` tries again"
    assert "approved by Ana, not live: its release was not finished;" in Waiting("8", "Ana").sentence
    assert "`" not in replace(failed, busy=True).sentence


@pytest.mark.parametrize(
    ("answer", "open_"),
    [
        (None, True),
        (said(Decision.PROMOTE), False),
        (said(Decision.PROMOTE, days=-1), True),
        (said(Decision.REJECT, days=-1), False),
    ],
)
def test_what_the_gate_asks_is_a_question_until_somebody_answers(
    answer: Override | None, open_: bool
) -> None:
    """An approval that expired is no answer any more."""
    asks = replace(EIGHT, decision="ask", reasons=("2 rows were retired.",))
    found = asked([CHAMPION, asks], CHAMPION, {"8": answer} if answer else {}, NOW)
    assert found == (Question("8", "2 rows were retired.") if open_ else None)


def test_only_the_newest_model_is_asked_about() -> None:
    """A later verdict takes the question's place, and what is older than the champion is history."""
    asks = replace(EIGHT, decision="ask")
    assert asked([CHAMPION, asks, model("9", decision="reject")], CHAMPION, {}, NOW) is None
    assert asked([asks, model("9")], model("9"), {}, NOW) is None
    assert asked([replace(model("1"), decision="ask")], None, {}, NOW) is not None
    assert asked([], None, {}, NOW) is None


def test_the_question_says_how_it_is_answered() -> None:
    """With the reason that the gate gave first."""
    assert Question("8", "2 rows were retired.").sentence == (
        "version 8: may it go live? 2 rows were retired; `ratchet approve 8 --by NAME --reason TEXT`, "
        "or `ratchet reject` likewise"
    )
