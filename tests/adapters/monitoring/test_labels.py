"""Labels of a sample on disk: at once, by two people and the command, and back again."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ratchet.adapters.monitoring import harvest, labels
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import UsageError
from ratchet.domain.operations.labelling import Mark
from tests.adapters.monitoring.test_harvest import DRAWN, STRATA
from tests.adapters.monitoring.test_harvest import settings as settings  # the fixture


@pytest.fixture
def path(settings: Settings) -> Path:
    """A sample of five messages to label, and one that the corpus knows."""
    return harvest.write(settings, harvest.table(settings, DRAWN, []), STRATA)


def seen(path: Path) -> dict[str, str]:
    """How the messages look now, by key."""
    return {one.key: one.seen for one in labels.read(path)}


def give(path: Path, looked: dict[str, str], places: list[int], intent: str, who: str) -> labels.Given:
    """Give messages at some places an intent."""
    keys = [list(looked)[place] for place in places]
    return labels.give(path, {key: looked[key] for key in keys}, dict.fromkeys(keys, Mark(intent, who)), who)


def intents(path: Path) -> list[str]:
    """The labels of the messages to label."""
    return [one.mark.intent for one in labels.read(path)]


def test_a_label_is_on_the_disk_with_who_gave_it(path: Path) -> None:
    """In the file that `ratchet label` and any editor read."""
    given = give(path, seen(path), [0, 2], "a", "Ana")
    assert [one.mark for one in given.done] == [Mark("a", "Ana")] * 2
    sample = harvest.read(path)
    assert sample["intent"].to_list() == ["a", "", "a", "", "", "goodbye"]
    assert sample["labelled_by"].to_list() == ["Ana", "", "Ana", "", "", ""]


def test_the_second_person_changes_nothing_and_is_told_who_was_first(path: Path) -> None:
    """What is still open gets the second one's label."""
    looked = seen(path)
    give(path, looked, [0], "a", "Ana")
    given = give(path, looked, [0, 1], "b", "Ben")
    assert [one.mark for one in given.passed] == [Mark("a", "Ana")]
    assert intents(path) == ["a", "b", "", "", ""]
    only = give(path, looked, [0], "b", "Ben")
    assert (only.step, only.done, len(only.passed)) == (None, (), 1)
    give(path, seen(path), [0], "b", "Ben")
    assert intents(path)[0] == "b"


def test_many_at_once_lose_no_label(path: Path) -> None:
    """Each message has the label of exactly one of those who gave it one."""
    looked, came = seen(path), []
    people = [
        threading.Thread(target=lambda who=who: came.append(give(path, looked, [0, 1, 2, 3, 4], "a", who)))
        for who in ("Ana", "Ben", "Cem", "Dan")
    ]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert sorted(len(one.done) for one in came) == [0, 0, 0, 5]
    assert len({one.mark.by for one in labels.read(path)}) == 1


def test_each_takes_back_their_own_steps_the_last_one_first(path: Path) -> None:
    """And what another changed since keeps that."""
    give(path, seen(path), [0, 1], "a", "Ana")
    give(path, seen(path), [2], "b", "Ana")
    give(path, seen(path), [1], "c", "Ben")
    last = labels.last(path, "Ana")
    assert last is not None
    labels.undo(path, "Ana", last.id)
    assert intents(path) == ["a", "c", "", "", ""]
    with pytest.raises(UsageError, match="Nothing of that step is left"):
        labels.undo(path, "Ana", last.id)
    first = labels.last(path, "Ana")
    assert first is not None
    labels.undo(path, "Ana", first.id)
    assert intents(path) == ["", "c", "", "", ""]
    assert labels.last(path, "Ana") is None
    ben = labels.last(path, "Ben")
    assert ben is not None
    labels.undo(path, "Ben", ben.id)
    assert intents(path)[1] == "a"


def test_nothing_left_to_take_back_is_said(path: Path) -> None:
    """Where others changed all of it."""
    given = give(path, seen(path), [0], "a", "Ana")
    give(path, seen(path), [0], "b", "Ben")
    assert given.step is not None
    assert labels.last(path, "Ana") is None
    with pytest.raises(UsageError, match="Nothing of that step is left"):
        labels.undo(path, "Ana", given.step.id)
    assert intents(path)[0] == "b"


def test_a_line_that_was_cut_off_hides_no_step(path: Path) -> None:
    """The process may have been killed while it wrote one."""
    given = give(path, seen(path), [0], "a", "Ana")
    with path.with_name(labels.STEPS).open("a") as file:
        file.write('{"id": "cut\n[1]\n{"undone": [1]}\n')
    assert labels.last(path, "Ana") == given.step


def test_a_sample_that_was_drawn_again_is_not_labelled_by_mistake(path: Path) -> None:
    """The messages of a page that someone has open may be gone."""
    with pytest.raises(UsageError, match="drawn again"):
        labels.give(path, {"0" * 16: "x"}, {"0" * 16: Mark("a", "Ana")}, "Ana")


def test_what_came_into_the_corpus_is_noted_unless_it_changed(path: Path) -> None:
    """A sample that was moved away is left alone."""
    looked = seen(path)
    give(path, looked, [0, 1], "a", "Ana")
    first, second, *_ = looked
    labels.put_taken(path, {first: "a", second: "b"})
    assert [one.taken for one in labels.read(path)] == [True, False, False, False, False]
    labels.put_taken(path.with_name("gone.csv"), {})
    assert not path.with_name("gone.csv").exists()
