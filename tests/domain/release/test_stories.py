"""What passed in a released model has to pass from then on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.release.stories import Played, Stories, broken, promised, refusal, summed


def played(**results: bool) -> list[Played]:
    """Stories by digest, each passing or not."""
    return [
        Played(
            "tests/t.yml",
            f"story {name}",
            name,
            given,
            given,
            "" if given else "expected a, RulePolicy gave b",
        )
        for name, given in results.items()
    ]


def test_what_fails_at_the_first_release_does_not_block() -> None:
    """It is known to fail; what passed there must pass from then on."""
    first = summed(played(a=True, b=False))
    assert not broken(played(a=True, b=False), [])
    assert (first.passed, first.failing) == (("a",), ("b",))
    assert [one.digest for one in broken(played(a=False, b=False), [None, first])] == ["a"]
    assert not broken(played(a=True, b=True, c=False), [first])


def test_a_story_that_a_person_let_fail_is_known_to_fail_until_it_passes_again() -> None:
    """A release with the failure exists only through an override."""
    released = [summed(played(a=True)), summed(played(a=False))]
    assert not broken(played(a=False), released)
    assert broken(played(a=False), [*released, summed(played(a=True))])


def test_the_refusal_names_stories_files_and_the_first_turn() -> None:
    """Enough to begin with."""
    said = refusal(played(a=False))
    assert said == (
        "1 test story that a released model passed fails now, with the intents given: story a (tests/t.yml):"
        " expected a, RulePolicy gave b."
    )


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.booleans()), max_size=6))
def test_only_what_passed_last_is_promised(releases: list[dict[str, bool]]) -> None:
    """The newest release that had a story decides about it."""
    newest: dict[str, bool] = {}
    for release in releases:
        newest |= release
    done = promised(summed(played(**release)) for release in releases)
    assert done == {name for name, passed in newest.items() if passed}


def test_a_summary_goes_through_json() -> None:
    """It travels in the manifest."""
    stories = Stories(("a", "b"), ("c",), 1)
    assert Stories.from_dict(stories.as_dict()) == stories
    assert stories.sentence() == "2 of 3 test stories passed (1 in full), 1 known failing"
