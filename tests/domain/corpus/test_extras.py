"""Synonyms and their like, three ways."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.corpus.extras import merge_file, merge_names

named = st.dictionaries(
    st.sampled_from(("laptop", "phone")),
    st.lists(st.sampled_from("abcd"), unique=True, max_size=4),
    max_size=2,
)


@given(named, named, named)
def test_what_one_added_is_there_and_what_one_removed_is_gone(
    base: dict[str, list[str]], ours: dict[str, list[str]], theirs: dict[str, list[str]]
) -> None:
    """By name and example, whoever merges."""
    done = merge_names(base, ours, theirs)
    assert done == merge_names(base, theirs, ours)
    for name in {*base, *ours, *theirs}:
        before, mine, others = (set(some.get(name, ())) for some in (base, ours, theirs))
        assert set(done.get(name, ())) == (mine & others) | (mine - before) | (others - before)


def test_a_file_that_one_changed_holds_and_else_it_is_asked() -> None:
    """The base's content stands in where both changed it."""
    assert merge_file(b"a", b"a", b"b") == (b"b", True)
    assert merge_file(b"a", None, b"a") == (None, True)
    assert merge_file(None, b"x", b"x") == (b"x", True)
    assert merge_file(b"a", b"x", b"y") == (b"a", False)
