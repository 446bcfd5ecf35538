"""Personal data in messages: e-mail addresses, phone numbers, payment cards and bank accounts (IBAN).

Numbers that carry a check digit are verified, so that an order number is not taken for a card.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", re.IGNORECASE)
CARD = re.compile(r"(?<![\d.,])\d(?:[ -]?\d){12,18}(?![\d.,]*\d)")
PHONE = re.compile(
    r"""(?<![\w.,-])(?<!\d[ ])(?:
        (?:\+|00)[1-9]\d{0,2}(?:[ ./-]?\(?\d{1,5}\)?){2,6}     # international: +44 20 7946 0958
      | \(?0\d{1,4}\)?[ ./-]\d{2,4}(?:[ ./-]?\d{2,4}){1,3}     # national: 030 123 45 67
      | \(?[2-9]\d{2}\)?[ .-]?[2-9]\d{2}[ .-]\d{4}             # North American: (415) 555-0100
    )(?![\w-]|[.,]\d|[ ]\d)""",
    re.VERBOSE,
)
TELLING = re.compile(r"[@\d]")
"""Without one of these a text holds nothing that is looked for."""

PHONE_DIGITS = range(8, 16)


@dataclass(frozen=True)
class Found:
    """One piece of personal data in a text: its kind and where it stands."""

    kind: str
    start: int
    end: int


def is_card(digits: str) -> bool:
    """Tell whether a number of a card's length passes Luhn's check (ISO/IEC 7812-1)."""
    numbers = [int(digit) for digit in reversed(re.sub(r"\D", "", digits))]
    doubled = [sum(divmod(2 * number, 10)) for number in numbers[1::2]]
    return len(set(numbers)) > 1 and (sum(numbers[::2]) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """Tell whether a text passes the IBAN's check, modulo 97 (ISO 13616)."""
    letters = text.replace(" ", "").upper()
    return (
        15 <= len(letters) <= 34
        and int("".join(str(int(c, 36)) for c in letters[4:] + letters[:4])) % 97 == 1
    )


def is_phone(text: str) -> bool:
    """Tell whether a number has as many digits as phone numbers have (ITU-T E.164)."""
    return sum(char.isdigit() for char in text) in PHONE_DIGITS


KINDS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("e-mail", EMAIL, lambda _: True),
    ("IBAN", IBAN, is_iban),
    ("card", CARD, is_card),
    ("phone", PHONE, is_phone),
)


def find(text: str, allowed: Iterable[str] = ()) -> list[Found]:
    """Return the personal data in a text, from left to right, without overlaps.

    `allowed` are literal pieces that may stand in messages: the help desk's own number, a public address.
    """
    if not TELLING.search(text):
        return []
    spared = {piece.casefold() for piece in allowed}
    found: list[Found] = []
    for kind, pattern, holds in KINDS:
        for match in pattern.finditer(text):
            overlaps = any(match.start() < other.end and other.start < match.end() for other in found)
            if not overlaps and match[0].casefold() not in spared and holds(match[0]):
                found.append(Found(kind, match.start(), match.end()))
    return sorted(found, key=lambda one: one.start)


def mask(text: str, allowed: Iterable[str] = ()) -> str:
    """Return the text with each piece of personal data replaced by its kind: `call <phone>`."""
    for one in reversed(find(text, allowed)):
        text = f"{text[: one.start]}<{one.kind}>{text[one.end :]}"
    return text
