"""What is told of attempts that failed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.errors import RatchetError
from ratchet.domain.release.attempt import (
    INTERRUPTED,
    Attempt,
    Verb,
    killed,
    moment,
    outstanding,
    told,
)
from tests.domain.release.test_manifest import model, release

FAILED = Attempt(Verb.RELEASE, "2026-11-27T08:12:00+00:00", "stage", "p95 is 900 ms.", "Look at it.", "12")
ATTEMPTS = st.builds(
    Attempt,
    st.sampled_from(Verb),
    st.datetimes().map(lambda at: at.isoformat()),
    *[st.text(max_size=20)] * 8,
)


@given(ATTEMPTS)
def test_an_attempt_survives_the_trip_through_json(attempt: Attempt) -> None:
    """What the registry gives back equals what was kept."""
    assert Attempt.from_dict(attempt.as_dict()) == attempt


def test_one_sentence_says_what_failed_where_why_and_what_to_do() -> None:
    """Also where little is known yet."""
    assert FAILED.sentence == "release of version 12 failed at stage: p95 is 900 ms. Look at it."
    assert Attempt(Verb.ROLLBACK, "", "choose", "No").sentence == "rollback failed at choose: No."
    back = Attempt(Verb.ROLLBACK, "", "", "No", "", "7", "2026-11-21-3fa9c1")
    assert back.sentence == "rollback to 2026-11-21-3fa9c1 failed: No."
    assert Attempt(Verb.SERVE, "", "serve", "No").what == "start of the live release"


@pytest.mark.parametrize(
    ("verb", "known", "command"),
    [
        (Verb.RELEASE, {"version": "12"}, "`ratchet release 12`"),
        (Verb.RELEASE, {}, "`ratchet release`"),
        (Verb.ROLLBACK, {"release": "r1"}, "`ratchet rollback --to r1`"),
        (Verb.ROLLBACK, {}, "`ratchet rollback`"),
        (Verb.SERVE, {"release": "r1"}, "`ratchet serve`"),
    ],
)
def test_the_command_that_tries_again_is_added_where_none_is_named(
    verb: Verb, known: dict[str, str], command: str
) -> None:
    """A remedy with a command of its own stays as it is; one that only looks is none."""
    failed = Attempt(verb, "", **known)
    assert failed.advised().remedy == f"{command} tries again."
    named = replace(failed, remedy="Run `ratchet doctor --mend`.")
    assert named.advised() == named
    looked = replace(failed, remedy="See `ratchet status`.")
    assert looked.advised().remedy == f"See `ratchet status`. {command} tries again."
    assert failed.advised("ratchet release champion").remedy == "`ratchet release champion` tries again."


def test_what_failed_is_told_until_a_release_goes_live() -> None:
    """The newest; a failed start only as long as the live release does not serve everywhere."""
    live = replace(release("r1"), live_at="2026-11-27T08:00:00+00:00")
    older = replace(FAILED, at="2026-11-27T07:00:00+00:00")
    start = Attempt(Verb.SERVE, FAILED.at)
    assert outstanding([older, FAILED], live, True) == FAILED
    assert outstanding([older], live, True) is None
    assert outstanding([older], None, False) == older
    assert outstanding([FAILED, start], live, False) == start
    assert outstanding([FAILED, start], live, True) == FAILED
    assert outstanding([], live, True) is None


@given(st.lists(ATTEMPTS, max_size=6), st.datetimes(), st.booleans())
def test_nothing_older_than_the_live_release_is_told(
    attempts: list[Attempt], at: object, serving: bool
) -> None:
    """Whatever was tried, and whoever wrote the times."""
    live = replace(release("r1"), live_at=str(at))
    found = outstanding(attempts, live, serving)
    assert found is None or found.when > moment(live.live_at)
    newer = [one for one in attempts if one.when > moment(live.live_at) and one.verb is not Verb.SERVE]
    assert (found is not None) or not newer


def test_a_damaged_time_is_long_ago() -> None:
    """It hides nothing and ends nothing."""
    assert moment("yesterday") < moment("2026-11-21T10:00:00")
    assert moment("2026-11-21T10:00:00") == moment("2026-11-21T11:00:00+01:00")


@pytest.mark.parametrize(
    ("error", "reason", "remedy"),
    [
        (RatchetError("p95 is 900 ms.", "Look at it."), "p95 is 900 ms.", "Look at it."),
        (
            RatchetError("It did not start.", "The release before it serves on. Its last lines:\nx\nerror: no model\n"),
            "It did not start: no model",
            "The release before it serves on.",
        ),
        (RatchetError("`git x` failed.", "Its output ends:\n#9 DONE"), "`git x` failed.", ""),
        (RatchetError("Two are wrong:\n  - a\n  - b", "Correct both."), "Two are wrong: - a", "Correct both."),
        (KeyError("x"), "KeyError: 'x'", ""),
        (KeyboardInterrupt(), INTERRUPTED, ""),
    ],
    ids=["plain", "raw", "raw-without", "list", "bug", "interrupt"],
)  # fmt: skip
def test_an_error_is_a_reason_and_a_remedy_of_one_line(
    error: BaseException, reason: str, remedy: str
) -> None:
    """Of a tool's output that comes along, only its own error is kept."""
    assert told(error) == (reason, remedy)


def test_what_a_killed_process_had_begun_is_a_failed_attempt() -> None:
    """A release, or a way back; it is known by what was begun."""
    begun = release("r2")
    assert killed(begun, FAILED.at).sentence.startswith(
        "release of version 1 failed at deploy: The process was killed"
    )
    assert killed(replace(begun, reason="rollback from r3"), FAILED.at).what == "rollback to r2"


def test_what_is_to_serve_is_named_as_far_as_it_is_known() -> None:
    """First a version, then a release of it."""
    tried = Attempt(Verb.RELEASE, FAILED.at).about(model("7"))
    assert (tried.version, tried.release) == ("7", "")
    tried = tried.about(release("r2"))
    assert (tried.version, tried.release) == ("1", "r2")
