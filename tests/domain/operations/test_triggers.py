"""What a change in Git asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.operations.triggers import (
    CODE_CHANGED,
    DATA_CHANGED,
    Change,
    Cursor,
    code_changed,
    data_changed,
    events,
    file_dropped,
    is_data,
    is_served,
    to_send,
)


@pytest.mark.parametrize(
    "path",
    [
        "bot/domain.yml",
        "bot/config.yml",
        "bot/vendor/ratchet_bot-0.2.0-py3-none-any.whl",
        "ratchet_bot/src/ratchet_bot/components/classifier.py",
        "bot/uv.lock",
        "directory.csv",
        "deployments/bot/Dockerfile",
    ],
)
def test_what_the_fleet_runs_on_is_served(path: str) -> None:
    """Everything that reaches the image or the stack counts as code."""
    assert is_served(path)


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "docs/service.md",
        "bot/README.md",
        "bot/tests/conversations/leave.yml",
        "data.dvc",
        "params.yaml",
        "deployments/prefect.yaml",
        ".github/workflows/ci.yml",
        "robot/domain.yml",
    ],
)
def test_documentation_tests_and_policy_are_not_served(path: str) -> None:
    """What no replica ever sees starts no release."""
    assert not is_served(path)


def test_only_the_pointer_is_data() -> None:
    """A file elsewhere that is called data.dvc is not the corpus."""
    assert is_data("data.dvc")
    assert not is_data("old/data.dvc")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change(), []),
        (Change(data="c1"), [data_changed("c1")]),
        (Change(code="c1"), [code_changed("c1", retrain=False)]),
        (Change(code="c1", shaping=True), [code_changed("c1", retrain=True)]),
        (Change(data="c1", code="c1", shaping=True), [data_changed("c1", with_code=True)]),
        (Change(data="c2", code="c1"), [data_changed("c2"), code_changed("c1", retrain=False)]),
    ],
)
def test_each_kind_of_change_has_its_own_work(change: Change, expected: list[object]) -> None:
    """Data retrains, code releases, shaping code retrains, both together are one retrain."""
    assert events(change) == expected


def test_payloads_are_strings() -> None:
    """Prefect's triggers match strings only."""
    made = [data_changed("c", True), code_changed("c", False), file_dropped("s3://b/f.csv", "e1")]
    assert all(isinstance(value, str) for event in made for value in event.payload.values())


def test_the_id_names_the_happening() -> None:
    """Who announces a commit does not matter; which commit and which kind does."""
    assert data_changed("c1").id == data_changed("c1", with_code=True).id
    assert len({data_changed("c1").id, data_changed("c2").id, code_changed("c1", True).id}) == 3
    assert file_dropped("a.csv", "1").id != file_dropped("a.csv", "2").id


def test_a_data_change_within_the_gap_waits_and_code_does_not() -> None:
    """The gap holds data back without holding back a release."""
    cursor = Cursor("c0", (), data_at=100.0)
    found = [data_changed("c1"), code_changed("c1", retrain=False)]
    ready, waits = to_send(found, cursor, now=130.0, gap=60.0)
    assert [event.name for event in ready] == [CODE_CHANGED]
    assert waits
    later = cursor.after(ready, cursor.commit, 130.0)
    ready, waits = to_send(found, later, now=160.0, gap=60.0)
    assert [event.name for event in ready] == [DATA_CHANGED]
    assert not waits


@given(st.lists(st.floats(0, 60), min_size=5, max_size=5).map(sorted))
def test_five_pushes_within_a_minute_make_at_most_two_announcements(times: list[float]) -> None:
    """Looking every second, the last push is always announced, and never more than two of the five."""
    cursor, sent = Cursor("c", (), data_at=-1000.0), []
    for now in range(180):
        pushed = [index for index, at in enumerate(times) if at <= now]
        if not pushed or cursor.commit == str(pushed[-1]):
            continue
        head = str(pushed[-1])
        ready, waits = to_send([data_changed(head)], cursor, float(now), 60.0)
        sent += [event.subject for event in ready]
        cursor = cursor.after(ready, cursor.commit if waits else head, float(now))
    assert len(sent) <= 2
    assert sent[-1] == "4"


@given(st.lists(st.sampled_from(["c1", "c2", "c3"]), max_size=20))
def test_an_event_goes_out_once(commits: list[str]) -> None:
    """Whatever is found again, after a restart for instance, is not announced again."""
    cursor, sent = Cursor(), []
    for commit in commits:
        ready, _ = to_send([code_changed(commit, retrain=False)], cursor, 1e9, 60.0)
        sent += [event.id for event in ready]
        cursor = cursor.after(ready, commit, 1e9)
    assert len(sent) == len(set(sent)) == len(set(commits))
