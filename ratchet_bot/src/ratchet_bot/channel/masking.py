"""Hides personal data in what people read of a conversation: addresses, and numbers that name someone.

It errs towards hiding: this is for reading, and the text stays as it is. Corpus and harvest are masked by Ratchet
itself, which knows phone numbers by country and checks bank accounts.
"""

from __future__ import annotations

import re

MARKS = (
    (re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), "<e-mail>"),
    (re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{2,4}){3,8}\b"), "<iban>"),
    (re.compile(r"(?<![\w.])\+?\(?\d(?:[ ()/.-]{0,2}\d){6,18}(?!\w)"), "<number>"),
)
"""What is hidden, and the mark in its place. A number of seven digits and more may be a phone or an account."""


def mask(text: str) -> str:
    """Return a text with marks in place of e-mail addresses, bank accounts, and phone, card and account numbers."""
    for pattern, mark in MARKS:
        text = pattern.sub(mark, text)
    return text
