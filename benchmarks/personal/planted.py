"""Messages with planted personal data of many countries' forms, and messages whose numbers are none; all seeded.

Numbers are of a country's shape and carry right check digits. No one's data is copied: digits are drawn.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import phonenumbers
from phonenumbers import PhoneNumberFormat as Form
from phonenumbers import PhoneNumberType as Type
from stdnum import iban, luhn, numdb

FRAMES = (
    "my number is {}",
    "{} is mine, please check",
    "please use {}.",
    "I gave you {}, why again?",
    "({})",
)
PLAIN_FRAMES = ("what about {}", "I have {} here", "it says {}.", "{} does not work, why?", "is {} right?")
DRAWN = 4
"""How many last digits of each country's example number are drawn."""


def phones(rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """Two kinds of line of every region, as (text, form, region)."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for line in (Type.FIXED_LINE, Type.MOBILE):
            example = phonenumbers.example_number_for_type(region, line)
            if example is None:
                continue
            number = redrawn(example, rng)
            whole, national = (
                phonenumbers.format_number(number, form) for form in (Form.INTERNATIONAL, Form.NATIONAL)
            )
            yield whole, "phone, +, spaces", region
            yield phonenumbers.format_number(number, Form.E164), "phone, +, digits only", region
            yield whole.replace(" ", "-"), "phone, +, hyphens", region
            yield "00" + whole[1:], "phone, 00", region
            if national.startswith("0"):
                yield national, "phone, 0, grouped", region
                yield digits(national), "phone, 0, digits only", region
            elif national == digits(national):
                yield national, "phone, national, digits only", region
            else:
                yield national, "phone, national, grouped", region
                yield digits(national), "phone, national, digits only", region


def redrawn(example: phonenumbers.PhoneNumber, rng: random.Random) -> phonenumbers.PhoneNumber:
    """Draw the last digits of a number again, so that it stays one that the country gives out."""
    for _ in range(50):
        number = phonenumbers.PhoneNumber()
        number.merge_from(example)
        base = 10**DRAWN
        number.national_number = example.national_number // base * base + rng.randrange(base)
        if phonenumbers.is_valid_number(number):
            return number
    return example


def digits(text: str) -> str:
    """Keep the digits of a text."""
    return "".join(char for char in text if char.isdigit())


ISSUERS = (
    "4",
    "51",
    "55",
    "2221",
    "34",
    "37",
    "36",
    "38",
    "6011",
    "65",
    "3530",
    "62",
    "2200",
    "9792",
    "50",
    "60",
)


def cards(rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """Cards of many issuers, as (text, form, issuer)."""
    for issuer in ISSUERS:
        for _ in range(10):
            length = {"34": 15, "37": 15, "36": 14, "38": 14}.get(issuer, 16)
            number = issuer + "".join(rng.choices(string.digits, k=length - len(issuer) - 1))
            number += luhn.calc_check_digit(number)
            sizes = {15: (4, 6, 5), 14: (4, 6, 4)}.get(length, (4, 4, 4, 4))
            yield number, "card, digits only", issuer
            yield grouped(number, sizes, " "), "card, spaces", issuer
            yield grouped(number, sizes, "-"), "card, hyphens", issuer


def grouped(text: str, sizes: tuple[int, ...], separator: str) -> str:
    """Cut a text into groups of these sizes, the last of which may be shorter."""
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    return separator.join(text[start : start + size] for start, size in zip(starts, sizes, strict=True))


def ibans(rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """IBANs of every country of the register, as (text, form, country)."""
    classes = {"n": string.digits, "a": string.ascii_uppercase, "c": string.digits + string.ascii_uppercase}
    database = numdb.get("iban")
    for country in sorted(a + b for a in string.ascii_uppercase for b in string.ascii_uppercase):
        found = database.info(country + "00")[0][1].get("bban")
        for _ in range(4 if found else 0):
            parts = [
                part.split("!")
                for part in found.replace("c", "c ").replace("n", "n ").replace("a", "a ").split()
            ]
            account = "".join("".join(rng.choices(classes[kind], k=int(size))) for size, kind in parts)
            number = country + iban.calc_check_digits(f"{country}00{account}") + account
            fours = tuple([4] * -(-len(number) // 4))
            yield number, "IBAN, compact", country
            yield number.lower(), "IBAN, lower case", country
            yield grouped(number, fours, " "), "IBAN, spaces", country
            yield grouped(number, fours, "-"), "IBAN, hyphens", country
            yield f"{number[:4]} {number[4:8]} {number[8:]}", "IBAN, other groups", country


NAMES = ("ana", "j.doe", "li_wei", "o-brien", "müller", "user+tag", "x", "Ana.Garcia", "иван", "99bottles")
HOSTS = (
    "example.org",
    "mail.example.co.uk",
    "exämple.de",
    "EXAMPLE.COM",
    "a-b.example.museum",
    "example.technology",
)


def mails(rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """E-mail addresses, as (text, form, domain)."""
    for name in NAMES:
        for host in HOSTS:
            yield f"{name}{rng.choice(('', '7', '.x'))}@{host}", "e-mail", host


def planted(seed: int = 1) -> list[tuple[str, str, str, str]]:
    """All that is planted: (message, the piece, form, region)."""
    rng = random.Random(seed)
    rows = [row for make in (phones, cards, ibans, mails) for row in make(rng)]
    return [(rng.choice(FRAMES).format(piece), piece, form, region) for piece, form, region in rows]


def harmless(seed: int = 1, each: int = 300) -> list[tuple[str, str]]:
    """Messages with numbers that belong to no person: (message, what the number is)."""
    rng = random.Random(seed)
    return [
        (rng.choice(PLAIN_FRAMES).format(make(rng)), name)
        for name, make in KINDS.items()
        for _ in range(each)
    ]


def day(rng: random.Random) -> date:
    """A day of our time."""
    return date(1990, 1, 1) + timedelta(days=rng.randrange(14_600))


def ordered(rng: random.Random, *lengths: int) -> str:
    """A number of one of these lengths."""
    length = rng.choice(lengths)
    return str(rng.randrange(10 ** (length - 1), 10**length))


KINDS: dict[str, Callable[[random.Random], str]] = {
    "order number": lambda r: "order " + ordered(r, 6, 7, 8, 9, 10, 11, 12),
    "long number": lambda r: "tracking number " + ordered(r, 13, 14, 15, 16, 18, 20),
    "account number": lambda r: "account number " + ordered(r, 8, 9, 10),
    "number with zeros": lambda r: f"article {r.randrange(10**8):0{r.choice((9, 10, 12))}}",
    "ticket": lambda r: f"{r.choice(('INC', 'REQ', 'CHG', 'SR'))}-{day(r).year}-{r.randrange(10**6):06}",
    "ticket, digits": lambda r: f"{r.choice(('INC', '#', 'no. '))}{r.randrange(10**7, 10**10)}",
    "invoice": lambda r: f"invoice {day(r).year}-{r.randrange(10**4):04}-{r.randrange(10**3):03}",
    "part number": lambda r: f"part {r.randrange(10**3):03}-{r.randrange(10**4):04}-{r.randrange(10**2):02}",
    "date": lambda r: day(r).strftime(r.choice(("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d-%m-%Y", "%d %m %Y"))),
    "date, compact": lambda r: day(r).strftime("%Y%m%d"),
    "date and time": lambda r: day(r).strftime("%Y-%m-%d ") + f"{r.randrange(24):02}:{r.randrange(60):02}",
    "period": lambda r: f"{day(r):%d.%m.%Y} - {day(r):%d.%m.%Y}",
    "amount": lambda r: f"{r.randrange(10**3, 10**9):,}.{r.randrange(100):02} dollars",
    "amount, points": lambda r: (
        f"{r.randrange(10**3, 10**9):,}".replace(",", ".") + f",{r.randrange(100):02} EUR"
    ),
    "amount, spaces": lambda r: f"{r.randrange(10**3, 10**9):,} SEK".replace(",", " "),
    "amount, signed": lambda r: f"{r.choice('+-')}{r.randrange(10**3, 10**9):,} EUR".replace(",", " "),
    "version": lambda r: ".".join(str(r.randrange(40)) for _ in range(4)),
    "address": lambda r: ".".join(str(r.randrange(256)) for _ in range(4)),
    "book number": lambda r: (
        f"978-{r.randrange(10)}-{r.randrange(100, 999)}-{r.randrange(10**5):05}-{r.randrange(10)}"
    ),
    "coordinates": lambda r: f"{r.uniform(-90, 90):.5f}, {r.uniform(-180, 180):.5f}",
    "ZIP": lambda r: f"{r.randrange(10**5):05}-{r.randrange(10**4):04}",
    "list": lambda r: " ".join(str(r.randrange(1, 60)) for _ in range(6)),
    "hexadecimal": lambda r: f"{r.randrange(16**16):016x}",
    "UUID": lambda r: (
        f"{r.randrange(16**8):08x}-{r.randrange(16**4):04x}-4{r.randrange(16**3):03x}-"
        f"a{r.randrange(16**3):03x}-{r.randrange(16**12):012x}"
    ),
    "licence key": lambda r: "-".join(
        "".join(r.choices(string.ascii_uppercase + string.digits, k=5)) for _ in range(5)
    ),
    "social handle": lambda r: f"@user{r.randrange(10**5)} said so",
}
