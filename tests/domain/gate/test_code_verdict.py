"""Code alone is judged, and an override holds for one model with one code."""

from datetime import UTC, datetime, timedelta

import pytest

from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.code_verdict import CodeVerdict, admit, judge
from ratchet.domain.gate.decision import Decision
from ratchet.domain.gate.dialogue import Plays
from ratchet.domain.gate.must import Miss, Must, Musts
from ratchet.domain.gate.override import Override, make
from ratchet.domain.gate.played import Answer, Heard, Played
from ratchet.domain.gate.policies import GatePolicy

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def bot(text: str) -> Played:
    """A bot with one answer."""
    return Played((), (), (Heard("hours", (Answer({}, ((text,),) if text else ()),)),), {})


def judged(before: str, after: str) -> CodeVerdict:
    """The verdict on a new wording."""
    verdict, found = judge(Plays(bot(after), bot(before)), GatePolicy())
    return CodeVerdict("7", "m" * 64, "c" * 64, "abc", "r1", verdict, found, "/tmp/code.html")


def override(code: str, **changed: object) -> Override:
    """A person's approval of version 7 with a code."""
    made = {
        "model_sha256": "m" * 64,
        "version": "7",
        "by": "Mira",
        "reason": "wanted",
        "expires": "7d",
        "now": NOW,
    }
    return make(**{**made, "code": code, **changed})  # type: ignore[arg-type]


def test_other_words_are_let_through_and_an_emptied_answer_is_not() -> None:
    """The error says why, where the page is, and the command that lets it through, which does so."""
    admit(judged("11 to 23", "from 11 to 23"), None, NOW)
    with pytest.raises(RatchetError, match="got no answer any more") as error:
        admit(judged("11 to 23", ""), None, NOW)
    assert "/tmp/code.html" in error.value.remedy
    assert "`ratchet approve 7 --by NAME --reason TEXT`" in error.value.remedy
    admit(judged("11 to 23", ""), override("c" * 64), NOW)


def test_a_message_that_must_never_go_wrong_stops_code_alone_too() -> None:
    """The file came or changed with the code; where all of it goes right, that is said."""
    same, written = Plays(bot("a"), bot("a")), Must("gas smell", "report_accident")
    verdict, _ = judge(same, GatePolicy(), Musts(2, (Miss(written, "smalltalk", (), ()),)))
    assert verdict.decision is Decision.REJECT
    assert "“gas smell”: `report_accident`, answered `smalltalk`" in verdict.reasons[0]
    assert judge(same, GatePolicy(), Musts(2, ()))[0].decision is Decision.PROMOTE
    assert judge(same, GatePolicy())[0].decision is Decision.PROMOTE


def test_each_rule_that_decided_is_said() -> None:
    """A person who mends the first alone would only meet the second then."""
    written = Must("gas smell", "report_accident")
    plays = Plays(bot(""), bot("11 to 23"))
    verdict, found = judge(plays, GatePolicy(), Musts(1, (Miss(written, "smalltalk", (), ()),)))
    with pytest.raises(RatchetError, match="Rejected by 2 rules") as error:
        admit(CodeVerdict("7", "m" * 64, "c" * 64, "abc", "r1", verdict, found), None, NOW)
    assert "got no answer any more" in error.value.fact
    assert "answered `smalltalk`" in error.value.fact


def test_an_override_holds_for_the_code_that_it_was_given_for() -> None:
    """Other code, other model and an expired one are refused."""
    empty = judged("11 to 23", "")
    admit(empty, override("c" * 64), NOW)
    with pytest.raises(RatchetError, match="Mira's decision is about other code"):
        admit(empty, override("d" * 64), NOW)
    with pytest.raises(RatchetError, match="is for the model"):
        admit(empty, override("c" * 64, model_sha256="n" * 64), NOW)
    with pytest.raises(RatchetError, match="expired"):
        admit(empty, override("c" * 64), NOW + timedelta(days=8))


def test_a_code_verdict_is_kept_as_json() -> None:
    """It is written beside its page."""
    found = judged("a", "b")
    assert CodeVerdict.from_dict(found.as_dict()) == found
