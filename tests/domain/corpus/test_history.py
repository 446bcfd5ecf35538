"""What became of one message, from the revisions of a history with branches."""

from __future__ import annotations

from ratchet.domain.corpus.history import Entry, events

A, B = {("",): "leave"}, {("",): "laptop"}


def entry(commit: str, *parents: str) -> Entry:
    """A commit whose data revision has its name."""
    return Entry(commit, parents, f"author of {commit}", "", "2026-01-01", "Data", commit)


def told(
    *entries: Entry, labels: dict[str, dict[tuple[str, ...], str]]
) -> list[tuple[str, str, tuple[str, ...]]]:
    """What happened, in which commit, to which label."""
    return [(one.what, one.entry.commit, one.intents) for one in events(entries, labels, {})]


def test_a_message_comes_is_relabelled_goes_and_comes_back() -> None:
    """Commits that did nothing to it are not named."""
    line = (entry("1"), entry("2", "1"), entry("3", "2"), entry("4", "3"), entry("5", "4"))
    found = told(*line, labels={"1": {}, "2": A, "3": B, "4": {}, "5": A})
    assert found == [
        ("came", "2", ("leave",)),
        ("relabelled", "3", ("laptop",)),
        ("removed", "4", ()),
        ("back", "5", ("leave",)),
    ]


def test_a_merge_that_took_one_side_did_nothing() -> None:
    """The branch did; a merge that made something of its own is named."""
    graph = (entry("1"), entry("ours", "1"), entry("theirs", "1"), entry("merge", "ours", "theirs"))
    assert told(*graph, labels={"1": {}, "theirs": A, "merge": A}) == [("came", "theirs", ("leave",))]
    both = {"1": A, "ours": B, "theirs": {}, "merge": A}
    assert [one[:2] for one in told(*graph, labels=both)][-1] == ("relabelled", "merge")
