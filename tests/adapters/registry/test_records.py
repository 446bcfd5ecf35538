"""Manifests as tags of their runs."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ratchet.adapters.registry.records import release_of, release_tags
from ratchet.domain.release.stories import Stories
from tests.workspaces import make_release

DIGESTS = st.lists(st.integers(0, 16**12 - 1).map(lambda number: f"{number:012x}"), max_size=60).map(tuple)


@given(st.none() | st.builds(Stories, DIGESTS, DIGESTS, st.integers(0, 100)))
def test_a_manifest_comes_back_with_its_test_stories(stories: Stories | None) -> None:
    """Whatever was played, or nothing."""
    release = replace(make_release("sha256:a", "b"), stories=stories)
    assert release_of(release_tags(release), "a run") == release


def test_thousands_of_test_stories_fit() -> None:
    """MLflow keeps at most 8,000 characters in a tag."""
    many = Stories(tuple(f"{number:012x}" for number in range(3_000)), (), 5)
    release = replace(make_release("sha256:a", "b"), stories=many)
    tags = release_tags(release)
    assert max(map(len, tags.values())) <= 8_000
    assert release_of(tags, "a run") == release
