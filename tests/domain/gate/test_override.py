"""An override holds for one model and for a while, and says who answers for it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from ratchet.domain.errors import RatchetError, UsageError
from ratchet.domain.gate.override import Override, authorise, check, covers, duration, make
from ratchet.domain.gate.verdict import Decision

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DIGEST = "a" * 64


def approval(**changes: object) -> Override:
    typed: dict[str, object] = {
        "model_sha256": DIGEST,
        "version": "7",
        "by": "Mira",
        "reason": "the client wants to see it",
        "expires": "7d",
        "now": NOW,
    }
    return make(**(typed | changes))  # type: ignore[arg-type]


def test_a_valid_override_allows_its_model() -> None:
    """Until it expires, and for the digest that was approved, nothing is raised."""
    check(approval(), DIGEST, NOW)
    check(approval(), DIGEST, NOW + timedelta(days=7) - timedelta(seconds=1))


def test_an_expired_override_is_refused() -> None:
    """At its last second it is over, and the message says since when."""
    with pytest.raises(RatchetError, match="by Mira expired at 2026-03-09 09:30 UTC"):
        check(approval(), DIGEST, NOW + timedelta(days=7))


def test_an_override_of_another_model_is_refused() -> None:
    """The digest binds: the same version with other bytes is another model."""
    with pytest.raises(RatchetError, match="for the model aaaaaaaaaaaa, and this one is bbbbbbbbbbbb"):
        check(approval(), "b" * 64, NOW)


def test_a_rejection_by_a_person_stands() -> None:
    """`ratchet reject` is an override too, and it allows nothing."""
    with pytest.raises(RatchetError, match="Mira rejected version 7: rude answers"):
        check(approval(decision=Decision.REJECT, reason="rude answers"), DIGEST, NOW)


def test_no_override_is_refused_with_the_way_to_make_one() -> None:
    """The remedy is the command, which makes one."""
    with pytest.raises(RatchetError, match="ratchet approve VERSION --by NAME --reason TEXT --expires 7d"):
        check(None, DIGEST, NOW)
    check(approval(by="NAME", reason="TEXT", expires="7d"), DIGEST, NOW)


def test_an_approval_covers_the_code_that_it_was_made_with() -> None:
    """Until it expires; other code, a rejection, and a decision from before code was noted cover nothing."""
    said = approval(code="c" * 64)
    assert covers(said, "c" * 64, NOW)
    assert not covers(said, "d" * 64, NOW)
    assert not covers(said, "c" * 64, NOW + timedelta(days=7))
    assert not covers(approval(code="c" * 64, decision=Decision.REJECT), "c" * 64, NOW)
    assert not covers(approval(), "", NOW)
    assert not covers(None, "c" * 64, NOW)


@pytest.mark.parametrize("decision", [Decision.REJECT, Decision.ASK])
def test_what_the_gate_did_not_promote_needs_an_override(decision: Decision) -> None:
    """A rejected model and an open question go out by a valid override, and not without."""
    authorise(decision, approval(), DIGEST, NOW)
    with pytest.raises(RatchetError, match="no one has approved it"):
        authorise(decision, None, DIGEST, NOW)
    with pytest.raises(RatchetError, match="expired"):
        authorise(decision, approval(), DIGEST, NOW + timedelta(days=8))


def test_a_promoted_model_is_stopped_only_by_a_persons_rejection() -> None:
    """It needs no approval, so one that expired takes nothing away; a rejection stands above the gate."""
    authorise(Decision.PROMOTE, None, DIGEST, NOW)
    authorise(Decision.PROMOTE, approval(), DIGEST, NOW + timedelta(days=8))
    with pytest.raises(RatchetError, match="Mira rejected version 7"):
        authorise(Decision.PROMOTE, approval(decision=Decision.REJECT), DIGEST, NOW)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ({"by": " "}, "needs the name"),
        ({"reason": "\n"}, "needs a reason"),
        ({"expires": "soon"}, "'soon' is not a duration"),
        ({"expires": "91d"}, "may last 90 days, not 91d"),
    ],
)
def test_an_override_lacks_no_part(missing: dict[str, object], message: str) -> None:
    """Without a name, a reason or an end there is no override."""
    with pytest.raises(UsageError, match=message) as refused:
        approval(**missing)
    assert refused.value.remedy.startswith(("Give it with --by", "Give it with --reason", "Write", "Shorten"))
    assert approval()  # with what was missing


def test_an_override_survives_json() -> None:
    """Written to the registry and read back, it is the same, time zone included."""
    made = approval()
    assert Override.from_dict(json.loads(json.dumps(made.as_dict()))) == made


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("45m", timedelta(minutes=45)),
        ("12h", timedelta(hours=12)),
        (" 7 d ", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_durations_are_read(text: str, span: timedelta) -> None:
    """A number and a unit."""
    assert duration(text) == span


@pytest.mark.parametrize("text", ["", "7", "d", "-7d", "0d", "7 years", "1.5h", "7d 2h", "99999d"])
def test_anything_else_is_no_duration(text: str) -> None:
    """Nothing is guessed; what the refusal advises is one."""
    with pytest.raises(UsageError, match="is not a duration") as refused:
        duration(text)
    assert [duration(one) for one in re.findall(r"\d+[a-z]", refused.value.remedy)]


@pytest.mark.parametrize(
    ("before", "sha256", "days"),
    [({}, DIGEST, 8), ({"decision": Decision.REJECT}, DIGEST, 0), ({}, "b" * 64, 0)],
    ids=["expired", "rejected by a person", "another model"],
)
def test_an_approval_anew_is_the_way_out(before: dict[str, object], sha256: str, days: int) -> None:
    """As each refusal advises: `ratchet approve` of this very model, now, and it is let through."""
    now = NOW + timedelta(days=days)
    with pytest.raises(RatchetError) as refused:
        check(approval(**before), sha256, now)
    assert "`ratchet approve`" in refused.value.remedy
    check(approval(model_sha256=sha256, now=now), sha256, now)
