"""Personal data in messages: e-mail addresses, phone numbers, payment cards and bank accounts (IBAN).

Patterns find candidates, libraries know the numbers: phonenumbers the world's numbering plans, python-stdnum the check
digits and the IBAN of each country. An order number, a date or an amount is not personal data.
See docs/decisions/personal-data.md.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

Span = tuple[int, int]

EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
"""Looked for where a word begins, so a long text without an `@` is read once, not once from each of its letters."""
IBAN = re.compile(r"(?<![^\W_])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}(?![^\W_])", re.IGNORECASE | re.ASCII)
CARD = re.compile(r"(?<![\d.,])(?<![A-Z]{2}\d\d )(?=[2-6]|8[12]|9792)\d(?:[ -]?\d){12,18}(?![\d.,]*\d)")
"""Numbers that begin as the cards of some issuer do: 978… is a book; what follows DE89 is an account."""

GAP = r"[ \N{NO-BREAK SPACE}./\N{HYPHEN}-\N{EN DASH}-]"
START, END = r"(?<![\w.,-])(?<!\d[ ])", r"(?![\w-]|[.,]\d|[ ]\d)"
GROUPED = re.compile(
    rf"""{START}(?:
        \(?0\d{{1,4}}\)?{GAP}\d{{2,4}}(?:{GAP}?\d{{2,4}}){{1,3}}      # with the trunk's 0: 030 123 45 67
      | \([1-9]\d{{1,4}}\){GAP}?\d{{3,5}}{GAP}?\d{{2,5}}              # an area code in brackets: (11) 91234-5678
    ){END}""",
    re.VERBOSE,
)
NORTH_AMERICAN = re.compile(rf"{START}\(?[2-9]\d{{2}}\)?{GAP}?[2-9]\d{{2}}{GAP}\d{{4}}{END}")
UNGROUPED = re.compile(rf"{START}0[1-9]\d{{8,9}}{END}")
OTHER = re.compile(
    r"\d{1,2}([./ -])\d{1,2}\1(?:19|20)\d\d(?!\d)|(?:19|20)\d\d([./ -])\d{1,2}\2\d{1,2}(?!\d)"
    r"|(?<![)\d])(?<!\) )\d{5}-\d{4}\b"
)
"""What is grouped like a phone number but is not one: dates, and the ZIP codes of the United States."""
AMOUNT = re.compile(r"[+＋]\d{1,3}(?:[ .]\d{3})+")
ABROAD = re.compile(r"(?<![\w.,+-])00(?=[1-9]\d)")
PLUS = re.compile("[+＋]")
PHONE_DIGITS = range(8, 16)
"""How many digits a number with its area code has (ITU-T E.164 allows 15)."""
WITH_TRUNK_ZERO = ("GB", "FR", "DE", "NL", "IT", "AU", "JP", "ZA")
"""Numbering plans by which ten or eleven digits in a row, the first 0, are judged: they have the usual forms."""

TELLING = re.compile(r"[@\d]")
"""Without one of these a text holds nothing that is looked for."""
MANY_DIGITS = re.compile(r"\d(?:\W{0,3}\d){6}")
"""Without this many digits near each other a text holds no phone number."""


GAPS = re.compile(r"[\s()./\N{HYPHEN}-\N{EN DASH}-]+")


@dataclass(frozen=True)
class Found:
    """One piece of personal data in a text: its kind and where it is."""

    kind: str
    start: int
    end: int


def mails(text: str) -> Iterator[Span]:
    """Find e-mail addresses."""
    return (match.span() for match in EMAIL.finditer(text))


def ibans(text: str) -> Iterator[Span]:
    """Find bank accounts of their country's form that pass the IBAN's check, modulo 97 (ISO 13616)."""
    for match in IBAN.finditer(text):
        from stdnum import iban

        whole = match[0]
        gaps = (place for place in range(len(whole) - 1, 0, -1) if whole[place] in " -")
        for end in (len(whole), *gaps):  # words may follow the number
            if iban.is_valid(whole[:end], check_country=False):
                yield match.start(), match.start() + end
                break


def cards(text: str) -> Iterator[Span]:
    """Find numbers of a card's beginning and length that pass Luhn's check (ISO/IEC 7812-1)."""
    for match in CARD.finditer(text):
        from stdnum import luhn

        if luhn.is_valid(re.sub(r"\D", "", match[0])):
            yield match.span()


def phones(text: str) -> Iterator[Span]:
    """Find phone numbers: those with a country's code anywhere, the others in forms that little else has."""
    if MANY_DIGITS.search(text):
        for start, end in (*international(text), *national(text)):
            opened = text[start] == "(" and ")" not in text[start:end]
            yield start + opened, end


def national(text: str) -> Iterator[Span]:
    """Find numbers without a country's code."""
    others = [match.span() for match in OTHER.finditer(text)]
    for pattern, holds in (
        (GROUPED, is_long),
        (NORTH_AMERICAN, is_north_american),
        (UNGROUPED, has_trunk_zero),
    ):
        for match in pattern.finditer(text):
            if not overlaps(match.span(), others) and holds(match[0]):
                yield match.span()


def international(text: str) -> Iterator[Span]:
    """Find numbers after `+` or 00 that their country's plan can have; in an amount's form, or after 00, does have."""
    written = ABROAD.sub(" +", text)
    if not PLUS.search(written):
        return
    from phonenumbers import Leniency, PhoneNumberMatcher, ValidationResult
    from phonenumbers import is_possible_number_with_reason as judged
    from phonenumbers import is_valid_number as valid

    for match in PhoneNumberMatcher(written, None, leniency=Leniency.POSSIBLE):
        zeros = text[match.start] == "0"
        strict = zeros or AMOUNT.fullmatch(match.raw_string)
        if judged(match.number) == ValidationResult.IS_POSSIBLE and (not strict or valid(match.number)):
            yield match.start - zeros, match.end


def is_long(number: str) -> bool:
    """Tell whether a number has as many digits as phone numbers have."""
    return sum(char.isdigit() for char in number) in PHONE_DIGITS


def is_north_american(number: str) -> bool:
    """Tell whether the area code exists."""
    import phonenumbers

    return phonenumbers.is_valid_number(phonenumbers.parse(number, "US"))


def has_trunk_zero(number: str) -> bool:
    """Tell whether a country whose numbers begin with 0 can have assigned this one."""
    import phonenumbers

    return any(phonenumbers.is_valid_number(phonenumbers.parse(number, region)) for region in WITH_TRUNK_ZERO)


def overlaps(span: Span, others: Iterable[Span]) -> bool:
    """Tell whether a piece shares a character with another."""
    return any(span[0] < end and start < span[1] for start, end in others)


KINDS: tuple[tuple[str, Callable[[str], Iterator[Span]]], ...] = (
    ("e-mail", mails),
    ("IBAN", ibans),
    ("card", cards),
    ("phone", phones),
)


def find(text: str, allowed: Iterable[str] = ()) -> list[Found]:
    """Return the personal data in a text, from left to right, without overlaps.

    `allowed` are pieces that may be in messages: the help desk's own number, a public address. A `*` in one is
    for any characters, so `*@example.com` allows a whole domain; in numbers, spaces and signs make no difference.
    """
    return [one for one in candidates(text) if not allowing(text[one.start : one.end], tuple(allowed))]


def let_through(text: str, allowed: Iterable[str]) -> list[str]:
    """Return the patterns that allow the pieces of personal data in a text, one for each piece."""
    patterns = tuple(allowed)
    found = [allowing(text[one.start : one.end], patterns) for one in candidates(text)]
    return [pattern for pattern in found if pattern]


def candidates(text: str) -> list[Found]:
    """Return all personal data in a text, what is allowed included."""
    if not TELLING.search(text):
        return []
    found: list[Found] = []
    for kind, pieces in KINDS:
        for start, end in pieces(text):
            place = bisect_left(found, start, key=lambda one: one.start)
            taken = overlaps(
                (start, end), ((one.start, one.end) for one in found[max(place - 1, 0) : place + 1])
            )
            if not taken:
                found.insert(place, Found(kind, start, end))
    return found


def allowing(piece: str, allowed: tuple[str, ...]) -> str:
    """Return the first pattern that allows a piece of personal data, "" where none does."""
    written = piece.casefold()
    for pattern, whole, bare in patterns_of(allowed):
        if whole.fullmatch(written) or ("@" not in written and bare.fullmatch(GAPS.sub("", written))):
            return pattern
    return ""


@lru_cache(maxsize=64)
def patterns_of(allowed: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]:
    """Return each pattern as two expressions: for the piece as it is written, and without spaces and signs."""

    def compiled(text: str) -> re.Pattern[str]:
        return re.compile(".*".join(re.escape(part) for part in text.split("*")))

    return tuple(
        (pattern, compiled(pattern.strip().casefold()), compiled(GAPS.sub("", pattern.casefold()) or "\0"))
        for pattern in allowed
    )


def mask(text: str, allowed: Iterable[str] = ()) -> str:
    """Return the text with each piece of personal data replaced by its kind: `call <phone>`."""
    parts, end = [], 0
    for one in find(text, allowed):
        parts += [text[end : one.start], f"<{one.kind}>"]
        end = one.end
    return "".join([*parts, text[end:]])
