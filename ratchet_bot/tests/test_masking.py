"""What is hidden of a conversation that a person reads."""

from __future__ import annotations

import pytest

from ratchet_bot.channel.masking import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to ana.b+x@mail.example.org!", "write to <e-mail>!"),
        ("call 030 1234567", "call <number>"),
        ("call +49 (30) 123-4567 now", "call <number> now"),
        ("card 4111 1111 1111 1111", "card <number>"),
        ("my account is DE89 3704 0044 0532 0130 00", "my account is <iban>"),
        ("room 12 on floor 3 costs 1,200.50", "room 12 on floor 3 costs 1,200.50"),
        ("order A1234567B stays", "order A1234567B stays"),
        ("", ""),
    ],
)
def test_addresses_and_numbers_that_name_somebody_are_hidden(text: str, masked: str) -> None:
    """Rooms and amounts are not."""
    assert mask(text) == masked
