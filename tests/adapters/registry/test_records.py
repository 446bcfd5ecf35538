"""Manifests as they lie in the registry."""

from __future__ import annotations

import json

from ratchet.adapters.registry.records import read_release
from tests.workspaces import make_release


def test_a_manifest_of_before_that_says_which_test_stories_passed_is_read() -> None:
    """The gate plays them with both models now, so nothing looks at what it says of them."""
    release = make_release("sha256:a", "b")
    assert read_release(json.dumps(release.as_dict()), "a run") == release
    earlier = {**release.as_dict(), "stories": {"passed": ["a"], "failing": [], "full": 1}}
    assert read_release(json.dumps(earlier), "a run") == release
