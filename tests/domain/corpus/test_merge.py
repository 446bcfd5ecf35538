"""Two corpora that continue a third become one: nothing lost, nothing leaked, the same whoever merges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ratchet.domain.corpus import joining, ledger
from ratchet.domain.corpus.corpus import key
from ratchet.domain.corpus.invariants import violations
from ratchet.domain.corpus.merge import MergedCorpora, Version, merge
from ratchet.domain.corpus.questions import Answers, Choice
from ratchet.domain.errors import RatchetError
from tests.domain.corpus import clones
from tests.domain.corpus.clones import CHAINS, INTENTS, POLICY, ROLES, add, labels, sides, straddling

rows = st.lists(
    st.tuples(st.sampled_from(CHAINS), st.sampled_from(INTENTS), st.sampled_from(ROLES)),
    min_size=1,
    max_size=5,
)
numbers = st.integers(0, 50)
changes = st.one_of(
    st.tuples(st.just("add"), rows),
    st.tuples(st.just("remove"), numbers),
    st.tuples(st.just("relabel"), numbers, st.sampled_from(INTENTS)),
    st.tuples(st.just("rename"), st.sampled_from(INTENTS), st.sampled_from(("cards", "hello"))),
    st.tuples(st.just("retire"), numbers),
)
MOVES = {("test", "train"), ("test", "quarantine"), ("quarantine", "train")}


def changed(version: Version, steps: list[tuple[Any, ...]]) -> Version:
    """A version after changes."""
    for name, *values in steps:
        version = getattr(clones, name)(version, *values)
    return version


@st.composite
def three(draw: st.DrawFn) -> tuple[Version, Version, Version]:
    """A version and two that continue it."""
    base = add(clones.nothing(), draw(rows))
    ours, theirs = (changed(base, draw(st.lists(changes, max_size=5))) for _ in range(2))
    return base, ours, theirs


def require_sound(done: MergedCorpora, *parents: Version) -> None:
    """All that must hold of a merge, whatever was merged."""
    result = Version(done.frame, done.ledger)
    found = violations(done.frame, done.ledger, None, POLICY)
    assert not [one for one in found if one.blocking], found
    assert straddling(result) == []
    now = sides(done.ledger)
    recorded = set(done.ledger.loc[done.ledger["moved"] != "", "key"])
    for parent in parents:
        for one, side in sides(parent.ledger).items():
            assert now[one] == side or ((side, now[one]) in MOVES and one in recorded)
        assert not list(violations(done.frame, done.ledger, parent.ledger, POLICY)) or not [
            one for one in violations(done.frame, done.ledger, parent.ledger, POLICY) if one.blocking
        ]


def require_nothing_lost(done: MergedCorpora, base: Version, ours: Version, theirs: Version) -> None:
    """Each message is there unless a clone removed it, and has the label of the clone that changed it, or is asked."""
    result = Version(done.frame, done.ledger)
    before, mine, others, now = (labels(one) for one in (base, ours, theirs, result))
    asked = {(one.text.casefold(), *one.context) for one in done.questions}
    renamed = done.account.renamed

    def new(some: set[str] | None) -> set[str] | None:
        return {renamed.get(one, one) for one in some} if some is not None else None

    for message in before.keys() | mine.keys() | others.keys():
        if message in asked or any(one.kind == "rename" for one in done.questions):
            continue
        b, o, t, n = (new(some.get(message)) for some in (before, mine, others, now))
        assert n == (t if o == b else o), message
    assert not now.keys() - before.keys() - mine.keys() - others.keys()


@given(three())
def test_the_result_does_not_depend_on_who_merges(versions: tuple[Version, Version, Version]) -> None:
    """Rows, their order, sides, days and reasons are equal; the questions are the same, seen from the other side."""
    base, ours, theirs = versions
    here, there = merge(base, ours, theirs, POLICY), merge(base, theirs, ours, POLICY)
    pd.testing.assert_frame_equal(here.frame, there.frame)
    pd.testing.assert_frame_equal(here.ledger, there.ledger)
    turned = [replace(one, ours=one.theirs, theirs=one.ours) for one in here.questions]
    assert turned == list(there.questions)


@given(three())
def test_nothing_is_lost_and_nothing_leaks(versions: tuple[Version, Version, Version]) -> None:
    """Messages, labels and sides after any two histories, with the questions open."""
    done = merge(versions[0], versions[1], versions[2], POLICY)
    require_sound(done, *versions)
    require_nothing_lost(done, *versions)


@given(three(), st.sampled_from(list(Choice)))
def test_one_answer_for_all_leaves_no_question(
    versions: tuple[Version, Version, Version], choice: Choice
) -> None:
    """With ours, theirs or skip the merge is whole, and still sound; what skip leaves out is listed."""
    open_, done = merge(*versions, POLICY), merge(*versions, POLICY, Answers({}, choice))
    assert not done.questions
    assert done.account.answered >= len(open_.questions)
    require_sound(done, *versions)
    now = labels(Version(done.frame, done.ledger))
    left_out = labels(Version(done.skipped, done.ledger))
    for one in open_.questions:
        message = (one.text.casefold(), *one.context)
        if one.kind == "rename":
            continue
        mine, others, before = (labels(some).get(message) for some in (versions[1], versions[2], versions[0]))
        if choice is Choice.SKIP:
            assert message in now or message in left_out or before is None
        elif one.kind in ("label", "removed"):
            kept = mine if choice is Choice.OURS else others
            assert (message in now) == (kept is not None)


@given(three())
def test_a_clone_that_changed_nothing_changes_nothing(versions: tuple[Version, Version, Version]) -> None:
    """Merging with the ancestor, or with oneself, gives what there was."""
    base, ours, _ = versions
    for done in (
        merge(base, ours, base, POLICY),
        merge(base, base, ours, POLICY),
        merge(base, ours, ours, POLICY),
    ):
        assert not done.questions
        assert sorted(map(tuple, done.frame.to_numpy())) == sorted(map(tuple, ours.frame.to_numpy()))
        assert sides(done.ledger) == sides(ours.ledger)


def test_an_intent_that_is_still_used_was_not_renamed() -> None:
    """All its messages got another label, and new ones have its name: these keep it."""
    base = add(clones.nothing(), [(CHAINS[0], INTENTS[0], ""), (CHAINS[1], INTENTS[2], "")])
    ours = add(clones.remove(clones.relabel(base, 0, "hello"), 0), [(CHAINS[2], INTENTS[0], "")])
    done = merge(base, ours, base, POLICY)
    assert sorted(map(tuple, done.frame.to_numpy())) == sorted(map(tuple, ours.frame.to_numpy()))
    assert done.account.renamed == {}


@given(three())
def test_without_a_common_ancestor_both_come_in(versions: tuple[Version, Version, Version]) -> None:
    """Two clones that each began a corpus: all messages of both, and a question where their labels differ."""
    _, ours, theirs = versions
    done = merge(None, ours, theirs, POLICY)
    require_sound(done, ours, theirs)
    now, asked = (
        labels(Version(done.frame, done.ledger)),
        {(one.text.casefold(), *one.context) for one in done.questions},
    )
    assert labels(ours).keys() | labels(theirs).keys() <= now.keys() | asked


class Clones(RuleBasedStateMachine):
    """Two to four clones over ten weeks, in any order; the graph of their commits tells the common ancestors."""

    @initialize(count=st.integers(2, 4), first=rows)
    def begin(self, count: int, first: list[tuple[str, str, str]]) -> None:
        self.graph = clones.Graph()
        start = self.graph.commit(add(clones.nothing(), first))
        self.heads = [start] * count
        self.week = 0

    @rule(clone=numbers, step=changes)
    def change(self, clone: int, step: tuple[Any, ...]) -> None:
        number = clone % len(self.heads)
        before = self.graph.versions[self.heads[number]]
        self.week += 1
        self.heads[number] = self.graph.commit(changed(before, [step]), self.heads[number])

    @rule(pair=numbers, choice=st.sampled_from(list(Choice)))
    def pull(self, pair: int, choice: Choice) -> None:
        one, other = clones.pairs(len(self.heads))[pair % len(clones.pairs(len(self.heads)))]
        mine, others = self.heads[one], self.heads[other]
        if mine in self.graph.ancestors(others) or others in self.graph.ancestors(mine):
            self.heads[one] = self.heads[other] = max(mine, others)
            return
        ancestor = self.graph.base(mine, others)
        assert ancestor is not None
        versions = [self.graph.versions[number] for number in (ancestor, mine, others)]
        done = merge(versions[0], versions[1], versions[2], POLICY)
        require_nothing_lost(done, *versions)
        done = merge(versions[0], versions[1], versions[2], POLICY, Answers({}, choice))
        require_sound(done, *versions[1:])
        self.heads[one] = self.graph.commit(Version(done.frame, done.ledger), mine, others)

    @invariant()
    def nothing_goes_from_training_to_the_holdout(self) -> None:
        """In no commit does a key have a lower side than in one that it continues."""
        for number, parents in enumerate(getattr(self, "graph", clones.Graph()).parents):
            now = sides(self.graph.versions[number].ledger)
            for parent in parents:
                for one, side in sides(self.graph.versions[parent].ledger).items():
                    assert joining.RANK[now[one]] >= joining.RANK[side]


Clones.TestCase.settings = settings(
    stateful_step_count=12, deadline=None, max_examples=settings().max_examples // 2
)
TestClones = Clones.TestCase


def base_of(*texts: str) -> Version:
    """A corpus of card messages."""
    return add(clones.nothing(), [(text, "card", "") for text in texts])


DISTINCT = [f"{letter * 4} {letter * 3} {letter * 5}" for letter in "abcdefghij"]


def test_both_clones_add_different_messages() -> None:
    """No question, all messages, the old ones in their order."""
    base = base_of(*DISTINCT[:4])
    ours, theirs = (add(base, [(text, "card", "")]) for text in DISTINCT[4:6])
    done = merge(base, ours, theirs, POLICY)
    assert done.questions == ()
    assert done.frame["text"].tolist()[:4] == base.frame["text"].tolist()
    assert sorted(done.frame["text"]) == sorted(DISTINCT[:6])
    assert (done.account.ours, done.account.theirs) == (1, 1)


def test_a_removal_and_a_relabelling_of_one_clone_hold() -> None:
    """What the other did not touch needs no question."""
    base = base_of(*DISTINCT[:4])
    ours, theirs = clones.remove(base, 0), clones.relabel(base, 1, "greet")
    done = merge(base, ours, theirs, POLICY)
    assert done.questions == ()
    assert dict(zip(done.frame["text"], done.frame["intent"], strict=True)) == {
        DISTINCT[1]: "greet",
        DISTINCT[2]: "card",
        DISTINCT[3]: "card",
    }
    assert (done.account.removed, done.account.relabelled) == (1, 1)


def test_different_labels_for_one_message_are_asked_once() -> None:
    """New in both, or relabelled by both; an answer of one's own is an intent of the corpus."""
    base = base_of(*DISTINCT[:3])
    ours = clones.relabel(add(base, [(DISTINCT[5], "greet", "")]), 0, "greet")
    theirs = clones.relabel(add(base, [(DISTINCT[5], "transfer", "")]), 0, "transfer")
    asked = merge(base, ours, theirs, POLICY).questions
    assert {(one.kind, one.text, one.base, one.ours, one.theirs) for one in asked} == {
        ("label", DISTINCT[0], "card", "greet", "transfer"),
        ("label", DISTINCT[5], "", "greet", "transfer"),
    }
    done = merge(base, ours, theirs, POLICY, Answers({asked[0].id: "card", asked[1].id: "theirs"}))
    assert done.questions == ()
    assert sorted(done.frame.loc[done.frame["text"].isin([DISTINCT[0], DISTINCT[5]]), "intent"]) == [
        "card",
        "transfer",
    ]
    with pytest.raises(RatchetError, match="neither ours, theirs or skip nor an intent of the corpus: cards"):
        merge(base, ours, theirs, POLICY, Answers({asked[0].id: "cards"}))


def test_one_removed_what_the_other_relabelled() -> None:
    """It is asked, and each answer does what it says."""
    base = base_of(*DISTINCT[:3])
    ours, theirs = clones.remove(base, 0), clones.relabel(base, 0, "greet")
    (asked,) = merge(base, ours, theirs, POLICY).questions
    assert (asked.kind, asked.sentence) == ("removed", f"{DISTINCT[0]}: removed here, greet there")
    for choice, intents in ((Choice.OURS, []), (Choice.THEIRS, ["greet"]), (Choice.SKIP, ["card"])):
        done = merge(base, ours, theirs, POLICY, Answers({}, choice))
        assert done.frame.loc[done.frame["text"] == DISTINCT[0], "intent"].tolist() == intents


def test_new_rows_follow_a_rename() -> None:
    """One clone renamed the intent that the other added to and relabelled into: no question, the new name."""
    base = add(base_of(*DISTINCT[:6]), [(DISTINCT[6], "greet", "")])
    ours = clones.rename(base, "card", "cards")
    theirs = clones.relabel(add(base, [(DISTINCT[8], "card", "")]), 6, "card")
    done = merge(base, ours, theirs, POLICY)
    assert done.questions == ()
    assert set(done.frame["intent"]) == {"cards"}
    assert done.account.renamed["card"] == "cards"
    assert done.account.lines()[0].startswith("Intents renamed: card → cards")


def test_two_new_names_for_one_intent_are_one_question() -> None:
    """Not one a message; the answer names all of them."""
    base = add(base_of(*DISTINCT[:6]), [(DISTINCT[6], "greet", "")])
    ours, theirs = (clones.rename(base, "card", new) for new in ("cards", "plastic"))
    (asked,) = merge(base, ours, theirs, POLICY).questions
    assert (asked.kind, asked.text, asked.ours, asked.theirs) == ("rename", "card", "cards", "plastic")
    for choice, intent in ((Choice.OURS, "cards"), (Choice.THEIRS, "plastic"), (Choice.SKIP, "card")):
        done = merge(base, ours, theirs, POLICY, Answers({}, choice))
        assert (done.questions, set(done.frame["intent"])) == ((), {intent, "greet"})


def test_entities_that_both_marked_differently_are_asked() -> None:
    """Where one marked and the other did not, the mark holds."""
    text = "a train to berlin now"
    base, plain_ = base_of(text, *DISTINCT[:2]), text
    marked = [text.replace("berlin", f"[berlin]({name})") for name in ("city", "place")]
    ours, theirs = (
        Version(base.frame.assign(text=base.frame["text"].replace(plain_, one)), base.ledger)
        for one in marked
    )
    (asked,) = merge(base, ours, theirs, POLICY).questions
    assert (asked.kind, asked.ours, asked.theirs) == ("entities", *marked)
    assert marked[0] in set(merge(base, ours, theirs, POLICY, Answers({}, Choice.OURS)).frame["text"])
    assert marked[0] in set(merge(base, ours, base, POLICY).frame["text"])


def book(*sides_: str, moved: str = "") -> pd.DataFrame:
    """A ledger of one key."""
    return ledger.complete(
        pd.DataFrame(
            {
                "key": ["k"] * len(sides_),
                "side": sides_,
                "first_seen": ["2026-01-02"] * len(sides_),
                "moved": [moved] * len(sides_),
                "reason": ["by hand" if moved else ""] * len(sides_),
                "form": 2,
            }
        )
    )


@pytest.mark.parametrize(
    ("one", "other", "side", "recorded"),
    [
        ("test", "test", "test", False),
        ("train", "test", "train", True),
        ("train", "quarantine", "train", True),
        ("quarantine", "test", "quarantine", True),
        ("train", "train", "train", False),
    ],
)
def test_the_higher_side_holds_and_the_move_is_recorded(
    one: str, other: str, side: str, recorded: bool
) -> None:
    """Training before quarantine before the holdout, whoever merges."""
    for pair in ((one, other), (other, one)):
        (row,) = joining.join(ledger.empty(), book(pair[0]), book(pair[1])).to_dict("records")
        assert (row["side"], row["moved"] != "") == (side, recorded)


def test_a_retirement_of_one_clone_holds_with_its_day_and_reason() -> None:
    """The record is not written over by that of the merge."""
    (row,) = joining.join(book("test"), book("test"), book("train", moved="2026-02-01")).to_dict("records")
    assert (row["side"], row["moved"], row["reason"]) == ("train", "2026-02-01", "by hand")


def test_ledgers_of_different_normal_forms_are_not_joined() -> None:
    """Their keys cannot be compared."""
    with pytest.raises(RatchetError, match="different normal forms, versions 1 and 2"):
        joining.join(ledger.empty(), book("test").assign(form=1), book("test"))


def test_of_a_pair_that_straddles_the_holdout_row_goes_to_quarantine() -> None:
    """One clone trained on a text, the other held its near-duplicate out: recorded, and the key stays known."""
    texts = CHAINS[:2]
    near = [
        Version(
            clones.frame([(text, "card", "")]),
            book(side).assign(key=key(text, POLICY.salt)),
        )
        for text, side in zip(texts, ("train", "test"), strict=True)
    ]
    done = merge(None, near[0], near[1], POLICY)
    moved = done.ledger.set_index("key").loc[key(texts[1], POLICY.salt)]
    assert (moved["side"], moved["reason"], moved["moved"]) == ("quarantine", joining.STRADDLED, "2026-01-02")
    assert done.account.quarantined == 1
    assert len(done.frame) == 2
    assert all(one in done.account.lines()[0] for one in ("1 text left the holdout",))


def test_the_messages_of_another_normal_form_are_taken_in_as_advised() -> None:
    """One ledger is kept, and the other's messages come in as a file: all have a side, and the kept ones their own."""
    mine, other = (clones.frame([(text, "card", "")]) for text in (CHAINS[0], "another text altogether"))
    kept = ledger.assign(mine, ledger.empty(), POLICY, "2026-01-01")
    with pytest.raises(RatchetError) as refused:
        joining.join(ledger.empty(), book("test").assign(form=1), kept)
    assert "take the messages of the other in as a file with `ratchet ingest`" in refused.value.remedy
    both = pd.concat([mine, other], ignore_index=True)
    now = ledger.assign(both, kept, POLICY, "2026-02-01")
    assert ledger.form_of(now) == ledger.form_of(kept)
    assert now.head(1).equals(kept)
    assert len(now) == 2
