"""The people who may sign in, by name."""

from __future__ import annotations

import re

import pytest

from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.people import People, Person, Role


def test_a_name_that_is_not_there_is_found_in_the_list() -> None:
    """The refusal names those there are, as `ratchet people list` shows them; each of them can be removed."""
    people = People((Person("ana", Role.RELEASE, "0" * 64), Person("ben", Role.READ, "1" * 64)))
    with pytest.raises(RatchetError, match="anna is not among the people: ana, ben") as refused:
        people.without("anna")
    assert re.findall(r"`([^`]+)`", refused.value.remedy) == ["ratchet people list"]
    for one in people.people:
        assert people.without(one.name).named(one.name) is None
