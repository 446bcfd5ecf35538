"""Tests of `ratchet.domain.wording`."""

import pytest

from ratchet.domain.wording import size


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (12_345_678, "12.3 MB"),
        (999_960, "1.0 MB"),
        (5_400_000_000, "5.4 GB"),
        (7 * 10**15, "7000.0 TB"),
    ],
)
def test_bytes_are_written_as_people_say_them(count: int, said: str) -> None:
    """One digit after the point, in thousands."""
    assert size(count) == said
