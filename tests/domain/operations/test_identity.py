"""What a folder is to the state that it carries."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.operations.identity import (
    Here,
    Identity,
    Place,
    Standing,
    There,
    recognise,
    relocated,
    settle,
)

places = st.builds(Place, st.integers(0, 3), st.integers(0, 3))
KNOWN = Identity("a1", "/srv/bot", Place(1, 10))
HERE = Here("/srv/copy", Place(1, 20), Place(1, 21))


def test_a_workspace_where_it_was_used_last_is_at_home() -> None:
    """Also after a restore from a backup, when every inode is another."""
    assert recognise(KNOWN, replace(HERE, path="/srv/bot"), None) is Standing.HOME


def test_another_name_for_the_same_folder_is_no_copy() -> None:
    """A second mount, or a link that was resolved another way."""
    there = There(HERE.folder, KNOWN)
    assert recognise(KNOWN, HERE, there) is Standing.HOME


def test_a_copy_is_one_whose_original_is_still_there() -> None:
    """Both carry one identity, in two folders."""
    assert recognise(KNOWN, HERE, There(Place(1, 9), KNOWN)) is Standing.COPY


def test_a_copy_of_state_from_before_identities_is_recognised_too() -> None:
    """The original may have been given one since."""
    old = Identity("", "/srv/bot")
    assert recognise(old, HERE, There(Place(1, 9), KNOWN)) is Standing.COPY
    assert recognise(old, HERE, There(Place(1, 9), old)) is Standing.COPY


def test_a_moved_folder_keeps_its_inode() -> None:
    """Nothing is at the old path, or something else that was made there since."""
    here = replace(HERE, state=Place(1, 10))
    other = Identity("b2", "/srv/bot")
    for there in (None, There(Place(1, 9), None), There(Place(1, 9), other)):
        assert recognise(KNOWN, here, there) is Standing.MOVED


def test_what_cannot_be_seen_is_not_guessed() -> None:
    """Moved to another disk, or copied from another machine or from a folder that was deleted since."""
    assert recognise(KNOWN, HERE, None) is Standing.UNKNOWN
    assert recognise(Identity("", "/srv/bot"), HERE, None) is Standing.UNKNOWN


@given(places, places, places, places, st.sampled_from(["", "a1", "b2"]), st.booleans())
def test_two_folders_with_one_identity_are_never_both_at_home(
    one: Place, two: Place, state_one: Place, state_two: Place, drawn: str, noted: bool
) -> None:
    """Whatever was noted: of an original and its copy, both there, the one elsewhere is told from the one at home."""
    if one == two:
        return
    known = Identity(drawn, "/srv/bot", state_one if noted else None)
    original = recognise(known, Here("/srv/bot", one, state_one), There(one, known))
    copied = recognise(known, Here("/srv/copy", two, state_two), There(one, known))
    assert (original, copied) == (Standing.HOME, Standing.COPY)


@given(st.sampled_from(list(Standing)), st.sampled_from([None, Standing.COPY, Standing.MOVED]))
def test_a_person_is_believed_only_where_nothing_can_be_seen(seen: Standing, said: Standing | None) -> None:
    """What is seen holds; who says otherwise is contradicted."""
    settled = settle(seen, said)
    if seen is Standing.UNKNOWN:
        assert settled is (said or Standing.UNKNOWN)
    elif settled is None:
        assert said not in (None, seen)
    else:
        assert settled is seen


paths = st.text("ab/", min_size=1, max_size=6).map(lambda text: "/" + text.strip("/"))


@given(paths, paths, paths, st.sampled_from(["", "file://"]))
def test_an_address_goes_along_with_its_folder_and_back(old: str, new: str, below: str, scheme: str) -> None:
    """Under the old folder: the same below the new one. Elsewhere, and beside it with a longer name: untouched."""
    address = f"{scheme}{old}{below}"
    moved = relocated(address, old, new)
    assert moved == f"{scheme}{new}{below}"
    assert relocated(moved, new, old) == address
    for other in (f"{scheme}{old}x{below}", f"s3://bucket{below}", "mlflow-artifacts:/1"):
        assert relocated(other, old, new) == other
