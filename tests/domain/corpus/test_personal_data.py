"""Personal data is found and masked, and numbers that only look like it are left alone."""

import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.personal.planted import harmless, planted
from ratchet.domain.corpus.personal_data import find, let_through, mask

LONG = 400_000
"""So many characters take minutes where each letter, or each piece found, is compared with all the others."""


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", ["x", "1", ".", "-", " ", "+1", "00", "DE89", "a@", "(030)", "4-", "x."])
def test_a_long_text_is_read_once(piece: str) -> None:
    """A message as long as a book, as a faulty export has them, is read in a time that grows with its length."""
    assert find((piece * LONG)[:LONG] + "@ 1") == []


@pytest.mark.timeout(60)
def test_a_text_may_hold_many_pieces() -> None:
    """Each piece found is compared with its neighbours alone."""
    assert len(find("a@b.org " * 60_000)) == 60_000
    assert mask("a@b.org " * 60_000) == "<e-mail> " * 60_000


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
        ("dial 0044 20 7946 0958.", "dial <phone>."),
        ("+49 (0)30 1234567 is mine", "<phone> is mine"),
        ("mobile 07700900123", "mobile <phone>"),
        ("+34 612 345 678 is mine", "<phone> is mine"),
        ("ring (11) 91234-5678", "ring <phone>"),
        ("amex 3782-822463-10005", "amex <card>"),
        ("iban de89-3704-0044-0532-0130-00 is right", "iban <IBAN> is right"),
        ("BE68 5390 0754 7034 is short", "<IBAN> is short"),
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
        "from 01.02.2026 to 11-12-2026",
        "it paid +12 345 678 EUR",
        "ZIP 01234-5678",
        "978-3-161-48410-0 is a book",
        "article 0012345678",
        "no data at all",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    """Dates, amounts, versions, ticket numbers and numbers with a wrong check digit are no personal data."""
    assert find(text) == []


def test_allow_listed_pieces_are_spared() -> None:
    """The help desk's own address may stand in messages, in any case."""
    assert mask("ask help@corp.com or joe@corp.com", ["HELP@corp.com"]) == "ask help@corp.com or <e-mail>"


WHOLE = {
    "phone, +": 0.99,
    "phone, 00": 0.99,
    "phone, 0, grouped": 0.97,
    "card": 1.0,
    "IBAN": 1.0,
    "e-mail": 1.0,
}


@pytest.mark.parametrize(("form", "share"), WHOLE.items())
def test_planted_data_of_many_countries_is_found_whole(form: str, share: float) -> None:
    """Numbers of every region, IBANs of every country and cards of 16 issuers, in the forms that people write."""
    rows = [row for row in planted() if row[2].startswith(form)]
    whole = [
        any(message[one.start : one.end] == piece and form.startswith(one.kind) for one in find(message))
        for message, piece, _, _ in rows
    ]
    assert len(rows) >= 50
    assert sum(whole) / len(rows) >= share


def test_numbers_that_are_nobodys_are_seldom_taken() -> None:
    """Of 26 kinds of number at most 1% are found, of dates and of amounts written with words none."""
    taken = Counter(what for message, what in harmless() if find(message))
    assert sum(taken.values()) <= 0.01 * len(harmless())
    assert (
        not {"date", "date and time", "period", "amount", "amount, points", "amount, spaces"} & taken.keys()
    )


@given(st.text(alphabet="0123456789+＋()-./ @aDE\u00a0٣", max_size=60))
def test_pieces_lie_in_the_text_apart_and_in_order(text: str) -> None:
    """Whatever is written, the pieces can be replaced one by one."""
    found = find(text)
    ends = [0, *(one.end for one in found)]
    assert all(before <= one.start < one.end <= len(text) for before, one in zip(ends, found, strict=False))


def test_the_libraries_are_imported_at_the_first_candidate() -> None:
    """A command that reads no messages does not pay for numbering plans, nor does a message without a number."""
    code = (
        "import sys; from ratchet.domain.corpus.personal_data import find; find('where is bus 7, ana@example.org?'); "
        "assert not {'phonenumbers', 'stdnum'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("mail help@acme.example", "*@acme.example"),
        ("mail Ann.Lee@IT.acme.example now", "*@*.acme.example"),
        ("call +49 30 1234567", "+49301234*"),
        ("call 030/123 45 67", "030 1234*"),
        ("call +49-30-1234567", "+49 30 1234567"),
    ],
)
def test_a_pattern_allows_a_domain_or_numbers_however_they_are_written(text: str, pattern: str) -> None:
    """And what it let through can be counted; nothing else passes."""
    assert find(text), text
    assert find(text, [pattern]) == []
    assert let_through(text, ["nothing", pattern]) == [pattern]
    other = "or else to someone@other.example and +49 89 7654321"
    assert {one.kind for one in find(f"{text} {other}", [pattern])} == {"e-mail", "phone"}


def test_a_pattern_for_numbers_allows_no_address() -> None:
    """A `*` stands for characters of one piece only, and an allowed number opens no other."""
    assert find("call +49 30 7654321 or +49 30 1234567", ["+49 30 1*"])[0].start == 5
    assert find("ann@acme.example.evil.example", ["*@acme.example"])
