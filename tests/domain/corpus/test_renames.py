"""Renamed, split and merged intents are recognised by the ledger's keys."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.corpus.renames import Succession, classes, new_names, successions, summary


def corpus(**intents: range) -> pd.DataFrame:
    """A revision: the numbers of the messages of each intent."""
    rows = [(f"k{number}", intent) for intent, numbers in intents.items() for number in numbers]
    return pd.DataFrame(rows, columns=["key", "intent"], dtype="str")


def test_an_intent_with_a_new_name_is_renamed() -> None:
    """All its messages went to an intent that is new."""
    before = corpus(it_outage=range(128), greet=range(200, 220))
    (found,) = successions(before, corpus(service_disruption=range(128), greet=range(200, 220)))
    assert (found.kind, str(found)) == ("renamed", "it_outage → service_disruption (128 of 128)")
    assert summary([found]) == ["renamed: it_outage → service_disruption (128 of 128)"]
    assert new_names([found]) == {"it_outage": "service_disruption"}
    assert found.messages == 128
    assert Succession.from_dict(found.as_dict()) == found


def test_messages_that_came_and_went_meanwhile_do_not_hide_a_rename() -> None:
    """Some messages were removed, some were added under the new name: the counts say so."""
    (found,) = successions(corpus(old=range(100)), corpus(new=range(20, 140)))
    assert (found.kind, str(found)) == ("renamed", "old → new (80 of 100)")


def test_an_intent_of_which_several_became_is_split() -> None:
    """Whether it is gone or still exists."""
    (gone,) = successions(corpus(it=range(100)), corpus(mail=range(60), network=range(60, 100)))
    assert (gone.kind, str(gone)) == ("split", "it → mail (60 of 100), network (40 of 100)")
    (part,) = successions(corpus(it=range(100)), corpus(it=range(70), mail=range(70, 100)))
    assert (part.kind, str(part)) == ("split", "it → it (70 of 100), mail (30 of 100)")
    assert new_names([gone, part]) == {}
    assert classes([part]) == {"it": "it + mail", "mail": "it + mail"}


def test_a_new_intent_that_came_mostly_from_a_large_one_is_a_split() -> None:
    """Few of the large one's messages went, but they are most of what the new one has."""
    (found,) = successions(corpus(it=range(200)), corpus(it=range(16, 200), fax=range(16)))
    assert (found.kind, str(found)) == ("split", "it → fax (16 of 200), it (184 of 200)")


def test_several_intents_that_became_one_are_merged() -> None:
    """Into a new intent, or into one of them."""
    before = corpus(vpn=range(20), wifi=range(20, 50))
    (new,) = successions(before, corpus(network=range(50)))
    assert (new.kind, str(new)) == ("merged", "vpn (20 of 20), wifi (30 of 30) → network")
    (kept,) = successions(before, corpus(wifi=range(50)))
    assert (kept.kind, str(kept)) == ("merged", "vpn (20 of 20), wifi (30 of 30) → wifi")
    assert new_names([kept]) == {"vpn": "wifi"}
    assert classes([kept]) == {"vpn": "wifi", "wifi": "wifi"}


def test_several_that_became_several_are_regrouped() -> None:
    """They have no new name each."""
    before = corpus(a=range(20), b=range(20, 40))
    (found,) = successions(before, corpus(c=range(10, 30), d=[*range(10), *range(30, 40)]))
    assert found.kind == "regrouped"
    assert str(found) == "a → c (10 of 20), d (10 of 20); b → c (10 of 20), d (10 of 20)"
    assert new_names([found]) == {}


def test_corrected_labels_are_no_succession() -> None:
    """Messages went between two intents that both exist before and after, or a few to a new one."""
    before = corpus(a=range(20), b=range(20, 40))
    assert successions(before, corpus(a=range(15), b=range(15, 40))) == ()
    assert successions(before, corpus(a=range(18), b=range(20, 40), new=[18, 19, *range(50, 70)])) == ()


def test_removed_and_added_intents_are_no_succession() -> None:
    """They share no message."""
    assert successions(corpus(a=range(20)), corpus(b=range(30, 50))) == ()
    assert successions(corpus(), corpus(a=range(3))) == ()


def test_a_message_in_several_contexts_goes_where_its_one_changed_label_went() -> None:
    """The intent that it kept in another context is no source."""
    before = corpus(leave_office=range(20), leave_home=range(20))
    (found,) = successions(before, corpus(holiday=range(20), leave_home=range(20)))
    assert (found.kind, str(found)) == ("renamed", "leave_office → holiday (20 of 20)")


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.lists(st.booleans(), min_size=6, max_size=6))
def test_each_rename_of_any_corpus_is_recognised_and_nothing_else(
    sizes: list[int], renamed: list[bool]
) -> None:
    """Whatever the sizes of the intents."""
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    spans = [range(start, start + size) for start, size in zip(starts, sizes, strict=True)]
    before = corpus(**{f"i{number}": span for number, span in enumerate(spans)})
    names = {f"i{n}": f"j{n}" for n in range(len(sizes)) if renamed[n]}
    after = corpus(**{names.get(f"i{number}", f"i{number}"): span for number, span in enumerate(spans)})
    found = successions(before, after)
    assert new_names(found) == names
    assert all(move.messages == move.of for one in found for move in one.moves)
    assert {one.kind for one in found} <= {"renamed"}


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=60))
def test_no_message_is_counted_twice(labels: list[tuple[int, int]]) -> None:
    """In any relabelling the moves from an intent are at most the messages that it had."""
    before = pd.DataFrame(
        {"key": [f"k{n}" for n in range(len(labels))], "intent": [f"i{one}" for one, _ in labels]},
        dtype="str",
    )
    after = before.assign(intent=pd.Series([f"i{other}" for _, other in labels], dtype="str"))
    had = before["intent"].value_counts()
    for found in successions(before, after):
        for intent in found.before:
            assert sum(move.messages for move in found.moves if move.before == intent) <= had[intent]
