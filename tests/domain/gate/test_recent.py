"""The newest real messages: what changed, and whether somebody could expect it."""

from __future__ import annotations

import pandas as pd

from ratchet.domain.corpus.changes import DataChanges, IntentChange
from ratchet.domain.gate import recent
from ratchet.domain.gate.policies import RecentPolicy
from tests.domain.judging import answers

POLICY = RecentPolicy()


def messages(number: int, text: str = "message {}") -> pd.DataFrame:
    """Messages of people."""
    return recent.sheet(
        pd.DataFrame({"text": [text.format(n) for n in range(number)]}), [{}] * number, [], 500
    )


def data(added: str) -> DataChanges:
    """A corpus that grew in one intent."""
    return DataChanges(10, 20, 10, 0, 0, (IntentChange(added, 10, 20, 10, 0, 0),))


def compared(changed: int, new: str = "b", gained: str = "", total: int = 200) -> recent.Recent:
    """So many answers went from `a` to `new`."""
    rows = messages(total)
    now = answers([new] * changed + ["a"] * (total - changed))
    return recent.compare(rows, now, answers(["a"] * total), data(gained) if gained else None, POLICY)


def outcomes(found: recent.Recent) -> dict[str, str]:
    return {rule.name: rule.outcome for rule in recent.rules(found, POLICY)}


def test_changes_that_the_data_explains_are_expected() -> None:
    """Rows for `b` were added: 24% may go there. Without them 10% is the limit."""
    assert outcomes(compared(48, gained="b"))["real messages"] == "pass"
    assert outcomes(compared(48))["real messages"] == "ask"
    assert outcomes(compared(20))["real messages"] == "pass"
    assert outcomes(compared(52, gained="b"))["real messages"] == "ask"


def test_a_change_of_what_is_handed_over_asks() -> None:
    """More and fewer fallbacks alike."""
    assert outcomes(compared(22, "nlu_fallback"))["real fallbacks"] == "ask"
    assert outcomes(compared(18, "nlu_fallback")) == {"real messages": "pass", "real fallbacks": "pass"}


def test_the_unexpected_comes_first_and_is_masked() -> None:
    """Twenty examples; no e-mail address of anybody among them."""
    rows = messages(60, "write to person{}@example.org")
    now = answers(["b"] * 30 + ["c"] * 30)
    found = recent.compare(rows, now, answers(["a"] * 60), data("b"), POLICY)
    assert len(found.examples) == 20
    assert {(one.candidate, one.expected) for one in found.examples} == {("c", False)}
    assert {one.text for one in found.examples} == {"write to <e-mail>"}
    assert {one.intent: (one.came, one.went, one.expected) for one in found.intents} == {
        "a": (0, 60, False),
        "b": (30, 0, True),
        "c": (30, 0, False),
    }


def test_few_messages_say_nothing_and_unread_ones_warn() -> None:
    """Silence is neither: each is a line of its own."""
    assert outcomes(compared(50, total=99)) == {"real messages": "pass"}
    (rule,) = recent.rules(recent.unread(7, "The database does not answer."), POLICY)
    assert rule.outcome == "warn"
    assert "does not answer" in rule.sentence
    assert recent.rules(None, POLICY) == []


def test_the_same_message_counts_once_and_commands_do_not() -> None:
    """The newest different ones are kept, in their order, with the context that they came with."""
    said = pd.DataFrame({"text": ["old", "hi", "/restart", " ", "hi", "hi"]})
    contexts = [{}, {"role": "hr"}, {}, {}, {"role": "hr"}, {"role": "it", "shoe": "42"}]
    found = recent.sheet(said, contexts, ["role"], 2)
    assert found[["key", "text", "role"]].to_numpy().tolist() == [["0", "hi", "hr"], ["1", "hi", "it"]]
