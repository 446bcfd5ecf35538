"""Tests of `ratchet.domain.operations.backup`: what a manifest may say, and `.env` at the new place."""

from __future__ import annotations

import os.path
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.backup import (
    Manifest,
    Member,
    Part,
    Repository,
    colliding,
    require_sound,
    settings_text,
    wrong,
)

SHA = "a" * 64
REPOSITORY = Repository("c" * 40, "main", "", "f" * 40, (("remote.origin.url", "git@host:bot"),))


def manifest(*paths: str, **changes: object) -> Manifest:
    """A manifest of files."""
    members = tuple(Member(path, 3, SHA, Part.FILES) for path in paths)
    made = Manifest(
        1,
        "0.1.0",
        "abc",
        "bot",
        "/srv/bot",
        "2026-11-27T08:00:00+00:00",
        "process",
        "r1",
        "b1",
        members,
        REPOSITORY,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_manifest_survives_the_trip_through_json() -> None:
    """What is read equals what was written."""
    one = manifest(
        "bot/domain.yml", ".env", outside={"artifact_root": "/srv/a"}, variables={"RATCHET_PORT": "6000"}
    )
    assert Manifest.from_dict(one.as_dict()) == one
    require_sound(one)


def test_parts_are_counted() -> None:
    """How many files, and how many bytes."""
    assert manifest("a", "b").parts() == {Part.FILES: (2, 6)}
    assert manifest("a", "b").size == 6


@pytest.mark.parametrize(
    "path",
    [
        "../outside",
        "/etc/passwd",
        "a/../../b",
        "a//b",
        "./a",
        "",
        ".git/hooks/post-checkout",
        "sub/.GIT/config",
        "line\nbreak",
        "nul\0",
        "x" * 256,
        "half \ud83d",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    """Out of the folder, into Git's own files, or to no name at all; nothing is written then."""
    with pytest.raises(RatchetError, match=r"not one that Ratchet made.*Nothing was written"):
        require_sound(manifest("fine", path))


@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from(["..", ".", "", "a", ".git", "b c"]), max_size=5).map("/".join)
)
def test_what_is_allowed_stays_in_its_folder(path: str) -> None:
    """Whatever a path is made of: where it is let through, it names a file below the folder, and none of Git's."""
    if not wrong(path):
        there = os.path.normpath(os.path.join("/folder", path))
        assert there == f"/folder/{path}"
        assert ".git" not in path.lower().split("/")


@pytest.mark.parametrize("paths", [("a", "a"), ("a", "a/b"), ("x/y/z", "x/y")])
def test_two_files_in_one_place_are_refused(paths: tuple[str, ...]) -> None:
    """Also a file that another needs as its folder."""
    with pytest.raises(RatchetError, match="there twice"):
        require_sound(manifest(*paths))


@given(st.lists(st.sampled_from(["a", "a/b", "a/c", "b", "b/a/c"]), unique=True))
def test_a_collision_is_found_exactly_where_one_path_is_a_folder_of_another(paths: list[str]) -> None:
    """The quick way equals the obvious one."""
    assert bool(colliding(paths)) == any(two.startswith(f"{one}/") for one in paths for two in paths)


def test_sizes_digests_and_what_goes_are_checked_too() -> None:
    """Every word of a manifest that a file is made from."""
    for bad in (
        manifest("a", deleted=("../b",)),
        manifest("a", repository=replace(REPOSITORY, prefix="../x/")),
        manifest(members=(Member("a", -1, SHA, Part.FILES),)),
        manifest(members=(Member("a", 1, "short", Part.FILES),)),
        manifest(members=(Member("a", 1, SHA, Part.FILES, 0o4755),)),
    ):
        with pytest.raises(RatchetError):
            require_sound(bad)
    require_sound(manifest("a", repository=replace(REPOSITORY, prefix="bots/one/"), deleted=("b",)))


def test_settings_are_taken_over_and_what_is_elsewhere_becomes_a_comment() -> None:
    """A variable of the environment is added, but never over one that the file names."""
    text = "RATCHET_PORT=6000\n  export RATCHET_ARTIFACT_ROOT = /srv/a\n# a comment\n"
    new = settings_text(
        text,
        {"RATCHET_ARTIFACT_ROOT": "in .ratchet/artifacts since the restore"},
        {"RATCHET_PORT": "7000", "RATCHET_TARGET": "swarm", "RATCHET_ALERT_URLS": "json://a b'c"},
    )
    assert new == (
        "RATCHET_PORT=6000\n"
        "# in .ratchet/artifacts since the restore: export RATCHET_ARTIFACT_ROOT = /srv/a\n"
        "# a comment\n"
        "# Written by `ratchet restore`:\n"
        "RATCHET_ALERT_URLS='json://a b\\'c'\n"
        "RATCHET_TARGET=swarm\n"
    )
    assert settings_text(text, {}, {}) == text
    assert settings_text("", {}, {}) == ""
