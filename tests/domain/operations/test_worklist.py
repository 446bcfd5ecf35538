"""What people get to label: each message once, similar ones together, no one the same as another person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from ratchet.domain.operations import worklist
from ratchet.domain.operations.labelling import Mark, complete, keys_of, marked, taken
from ratchet.domain.operations.worklist import (
    LEASE_SECONDS,
    Group,
    Lease,
    Message,
    State,
    groups,
    held_back,
    leased,
)

COLUMNS = [
    "text",
    "intent",
    "role",
    "source",
    "guess",
    "candidate",
    "suggestions",
    "confidence",
    "known",
    "nearest",
]
SAMPLE = pd.DataFrame(
    [
        (
            "my laptop",
            "",
            "intern",
            "production",
            "laptop",
            "phone",
            "laptop|desk",
            "0.4321",
            "",
            "a (laptop) | b",
        ),
        ("My laptop!", "", "intern", "production", "laptop", "", "laptop", "x", "", ""),
        ("my laptop", "", "manager", "production", "laptop", "", "laptop", "7", "", ""),
        ("bye", "goodbye", "", "production", "goodbye", "", "goodbye", "0.9", "yes", ""),
    ],
    columns=COLUMNS,
)


def said(*texts: str, guess: str = "a") -> list[Message]:
    """Messages with these texts."""
    return [Message(str(number), text, {}, guess, "", (), 0.5) for number, text in enumerate(texts)]


def texts(found: Sequence[Group]) -> list[list[str]]:
    """The texts of groups."""
    return [[one.text for one in group] for group in found]


def test_each_message_comes_once_with_what_is_known_of_it() -> None:
    """However often it was drawn; what the corpus knows needs no one."""
    first, second = worklist.messages(SAMPLE, "oos")
    assert (first.text, first.context, first.offers) == (
        "my laptop",
        {"role": "intern"},
        ("laptop", "phone", "desk", "oos"),
    )
    assert (first.confidence, first.nearest, first.state) == (0.4321, ("a (laptop)", "b"), State.OPEN)
    assert second.said_context == "role manager"
    assert second.confidence == 1.0


def test_a_message_is_open_unsure_labelled_or_in_the_corpus() -> None:
    """And looks otherwise to a person with each change."""
    keys, sample = keys_of(SAMPLE), complete(SAMPLE)
    steps = [sample]
    steps.append(marked(sample, {keys[0]: Mark(unsure="Ana")}))
    steps.append(marked(sample, {keys[0]: Mark("desk", "Ana")}))
    steps.append(taken(steps[-1], {keys[0]: "desk"}))
    found = [worklist.messages(one, "oos")[0] for one in steps]
    assert [one.state for one in found] == [State.OPEN, State.UNSURE, State.LABELLED, State.TAKEN]
    assert len({one.seen for one in found}) == 3
    assert worklist.counts(worklist.messages(steps[2], "oos"))[State.LABELLED] == 1


def test_similar_messages_with_one_guess_are_together() -> None:
    """In the order of the first ones; the same words with another guess are another question."""
    found = said(
        "my laptop is broken",
        "order a desk",
        "the laptop is broken again",
        "laptop broken",
        "order a new desk",
    )
    assert texts(groups(found)) == [
        ["my laptop is broken", "the laptop is broken again", "laptop broken"],
        ["order a desk", "order a new desk"],
    ]
    other = [*found[:3], replace(found[3], guess="b"), found[4]]
    assert ["laptop broken"] in texts(groups(other))
    assert texts(groups(found[:1])) == [["my laptop is broken"]]
    assert groups([]) == []


def test_what_was_skipped_comes_again_last() -> None:
    """The next page begins after the last message of this one, also once that is labelled."""
    found = said("a", "b", "c", "d")
    made = [(one,) for one in found]
    assert texts(worklist.after(made, found, "1")) == [["c"], ["d"], ["a"], ["b"]]
    assert texts(worklist.after([made[0], made[2]], found, "1")) == [["c"], ["a"]]
    assert worklist.after(made, found, "gone") == made


def test_a_chain_of_small_differences_makes_no_group() -> None:
    """Each member is similar to the first one itself."""
    chain = said(*(" ".join(f"word{number + step}" for number in range(4)) for step in range(8)))
    for group in groups(chain):
        assert all(worklist.likenesses([group[0].text, one.text])[0, 1] > 0.2 for one in group)
    assert len(groups(chain)) > 1


def test_texts_without_words_are_no_group() -> None:
    """Nothing in common is nothing in common."""
    assert len(groups(said("👍", "👎", "…"))) >= 2


def test_two_people_do_not_get_the_same_messages() -> None:
    """Until the time of the first one is over; the person's own are those that were shown last."""
    waiting = [(one,) for one in said("a", "b", "c", "d")]
    ana = worklist.offered(waiting, {}, "Ana", 0.0, 2)
    leases = leased({}, ana.groups, "Ana", 0.0)
    ben = worklist.offered(waiting, leases, "Ben", 1.0, 2)
    assert (texts(ana.groups), texts(ben.groups), ben.others) == ([["a"], ["b"]], [["c"], ["d"]], {"Ana": 2})
    again = worklist.offered(waiting, leases, "Ana", 1.0, 2)
    assert again == ana
    assert len(worklist.offered(waiting, leases, "Ben", LEASE_SECONDS, 4).groups) == 4
    moved = leased(leases, waiting[2:], "Ana", 2.0)
    assert moved == {"2": Lease("Ana", 2.0 + LEASE_SECONDS), "3": Lease("Ana", 2.0 + LEASE_SECONDS)}
    assert leased(leases, [], "Ben", LEASE_SECONDS) == {}


def test_an_intent_with_too_few_messages_waits() -> None:
    """Those in the corpus count."""
    assert held_back(["new"] * 3 + ["old"] + ["big"] * 10, {"old": 9, "new": 6}, 10) == {"new": 9}
