"""Personal data is found and masked, and numbers that only look like it are left alone."""

import pytest

from ratchet.domain.corpus.personal_data import find, mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to jane.doe+x@example.co.uk please", "write to <e-mail> please"),
        ("call +44 20 7946 0958 now", "call <phone> now"),
        ("call 030 1234 5678", "call <phone>"),
        ("(415) 555-0100 is mine", "<phone> is mine"),
        ("ring 415-555-0100.", "ring <phone>."),
        ("card 4111 1111 1111 1111 was stolen", "card <card> was stolen"),
        ("pay to DE89 3704 0044 0532 0130 00 today", "pay to <IBAN> today"),
        ("GB82WEST12345698765432", "<IBAN>"),
        ("a@b.com and c@d.org", "<e-mail> and <e-mail>"),
    ],
)
def test_personal_data_is_masked_by_its_kind(text: str, masked: str) -> None:
    """Each kind in the forms in which people write it."""
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "find the square root of 1243435",
        "my account number is 20905432",
        "ticket 4111 1111 1111 1112 is open",
        "order 1234567890123456",
        "0000 0000 0000 0000",
        "room 12-34, floor 5, 10:30",
        "it costs 1,000,000.00 dollars",
        "version 10.11.12.13",
        "on 2026-11-21 at 14:00",
        "DE89 3704 0044 0532 0130 01 fails its check",
        "mail me @ work",
        "no data at all",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    """Dates, amounts, versions, ticket numbers and numbers with a wrong check digit are no personal data."""
    assert find(text) == []


def test_allow_listed_pieces_are_spared() -> None:
    """The help desk's own address may stand in messages, in any case."""
    assert mask("ask help@corp.com or joe@corp.com", ["HELP@corp.com"]) == "ask help@corp.com or <e-mail>"
