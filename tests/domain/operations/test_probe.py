"""What an answer at the front door shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.operations.probe import Fault, Probe, Question, Reply, fits, judge, understood

QUESTION = Question("r7", "reset my password", {"role": "clerk"}, "password")
LIVE, NEXT = ("r7", "m7"), ("r8", "m8")
ASKED = "a message to http://bot"
RIGHT = Reply(ASKED, 0.045, "", "r7", "m7", "password")


def test_the_right_release_with_the_right_answer_passes() -> None:
    """And says how long it took."""
    probe = judge(RIGHT, [LIVE], QUESTION)
    assert probe == Probe(0.045, None, "the probe got the right answer in 45 ms")
    assert probe.passed
    assert not probe.failed


@pytest.mark.parametrize(
    ("reply", "fault", "words"),
    [
        (Reply(ASKED, 10, "nothing came within 10 s"), Fault.NO_ANSWER, "no answer: nothing came"),
        (Reply(ASKED, 0, "", "r7", "m7", "greet"), Fault.WRONG_ANSWER, "greet in place of password"),
        (Reply(ASKED, 0, "", "r7", "m7", ""), Fault.WRONG_ANSWER, "no intent in place of password"),
        (Reply(ASKED, 0, "", "r6", "m6", "password"), Fault.WRONG_RELEASE, "by r6 with model m6"),
        (
            Reply(ASKED, 0, "", "r7", "m6", "password"),
            Fault.WRONG_RELEASE,
            "the recorded release is r7 with model m7",
        ),
        (Reply(ASKED, 0), Fault.WRONG_RELEASE, "an unnamed release with model unknown"),
    ],
)
def test_what_is_wrong_is_named(reply: Reply, fault: Fault, words: str) -> None:
    """People without a good answer have a bot that is down; another release may answer them well."""
    probe = judge(reply, [LIVE], QUESTION)
    assert probe.fault is fault
    assert words in probe.said
    assert not probe.passed
    assert probe.failed is (fault is not Fault.WRONG_RELEASE)


def test_while_a_rollout_is_going_on_either_release_answers() -> None:
    """The answer of the one that comes is its own; the one that goes still has to give the known one."""
    coming = Reply(ASKED, 0.01, "", *NEXT, "greet")
    assert judge(coming, [LIVE, NEXT], QUESTION).said == "the probe was answered in 10 ms"
    assert judge(coming, [LIVE], QUESTION).fault is Fault.WRONG_RELEASE
    assert judge(Reply(ASKED, 0, "", *LIVE, "greet"), [LIVE, NEXT], QUESTION).fault is Fault.WRONG_ANSWER


def test_without_a_known_answer_any_is_right() -> None:
    """Of a bot that is asked for its status alone, or that understands no message of the corpus."""
    status = Reply("a look at http://bot/status", 0.01, "", *LIVE)
    assert judge(status, [LIVE], None).passed
    assert judge(Reply(ASKED, 0, "", *LIVE, "nlu_fallback"), [LIVE], Question("r7", "hello", {}, "")).passed


def test_an_intent_of_the_corpus_fits_the_answered_one() -> None:
    """A retrieval intent is answered by its group; no answer fits nothing."""
    assert fits("password", "password")
    assert fits("faq/ask_hours", "faq")
    assert not fits("faq2/ask_hours", "faq")
    assert not fits("password", "pass")
    assert not fits("", "")
    assert not fits("password", None)
    assert [understood(intent) for intent in ("a", "", None, "nlu_fallback", "nlu_handoff")] == [True] + [
        False
    ] * 4


@given(
    st.builds(
        Reply,
        asked=st.just(ASKED),
        seconds=st.floats(0, 20),
        why=st.sampled_from(["", "503"]),
        release=st.sampled_from(["", "r7", "r8"]),
        model_id=st.sampled_from(["", "m7", "m8"]),
        intent=st.sampled_from([None, "", "password", "greet"]),
    ),
    st.sampled_from([[LIVE], [LIVE, NEXT]]),
    st.sampled_from([None, QUESTION, Question("r6", "x", {}, "greet")]),
)
def test_only_an_answer_of_what_has_to_serve_passes(
    reply: Reply, serving: list[tuple[str, str]], question: Question | None
) -> None:
    """Whatever else holds; and nothing passes and fails."""
    probe = judge(reply, serving, question)
    if probe.passed:
        assert not reply.why
        assert (reply.release, reply.model_id) in serving
        assert not (question == QUESTION and reply.release == "r7" and reply.intent != "password")
    assert not (probe.passed and probe.failed)
    assert Probe.from_dict(probe.as_dict()) == probe
