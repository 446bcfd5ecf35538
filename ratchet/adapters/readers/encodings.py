"""The encoding of a text file: what it says itself, or the one reading that is words; never a bare guess.

Libraries that guess need long texts: charset-normalizer reads `wo ist mein büro` as Big5. Here a reading must be
words: letters of one language's alphabet, capitals only where words have them, no signs inside words. If two encodings
give different words, a person has to say which. See docs/decisions/encodings.md.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence
from itertools import combinations

WEST = (
    "àâæçéèêëîïôœùûüÿ",
    "äöüß",
    "áéíóúüñ",
    "áâãàçéêíóôõú",
    "àèéìíîòóùú",
    "åäöéæøü",
    "áéíóúýþæðö",
    "àçéèíïóòúü",
)
CENTRAL = (*("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîșțşţ", "čćđšž", "äöüß"),)
BALTIC = ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž")
TURKISH = ("çğıiöşüâîû",)
CYRILLIC = (
    *("абвгдежзийклмнопрстуфхцчшщъыьэюяё", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"),
    *("абвгдежзийклмнопрстуфхцчшщъьюя", "абвгдђежзијклљмнњопрстћуфхцчџш"),
)
GREEK = ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋ",)
HEBREW = ("אבגדהוזחטיךכלםמןנסעףפץצקרשת",)

KNOWN: dict[str, tuple[str, ...]] = {
    "Windows-1252": WEST,
    "Windows-1250": CENTRAL,
    "Windows-1251": CYRILLIC,
    "Windows-1253": GREEK,
    "Windows-1254": TURKISH,
    "Windows-1255": HEBREW,
    "Windows-1257": BALTIC,
    "mac-roman": WEST,
    "cp850": WEST,
    "ISO-8859-2": CENTRAL,
    "cp852": CENTRAL,
    "mac-latin2": CENTRAL,
    "KOI8-R": CYRILLIC,
    "cp866": CYRILLIC,
    "ISO-8859-5": CYRILLIC,
    "ISO-8859-7": GREEK,
}
"""Encodings by the names that `--encoding` takes, with the alphabets of the languages that are written in them."""

MARKS: tuple[tuple[bytes, str, str | None], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig", None),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
"""The marks at the beginning of a file, the codec, and what a person calls it where it is worth a word."""

SIGNS = set("“”‘’„‚–—…€«»°§£©®™·•´¿¡¼½¾²³ªº×\u00a0\u00ad")
INSIDE = set("’·´\u00a0\u00ad–—‘…")
"""Signs that may be between two letters."""
WORD = re.compile(r"[^\W\d_]+")
FINAL = set("ςךםןףץ")
"""Letters that Greek and Hebrew have at the end of a word only."""
MOST_FOREIGN = 0.4
"""The largest share of letters with accents in a text of a Latin alphabet: Czech and Vietnamese reach a third."""
READ = 200_000
"""Bytes that the judgement of an encoding reads."""


def marked(content: bytes) -> tuple[str, str | None] | None:
    """Return codec and name of the encoding that a file's first bytes tell, None where they tell none."""
    for mark, codec, name in MARKS:
        if content.startswith(mark):
            return codec, name
    start = content[:400]
    even, odd = start[::2].count(0), start[1::2].count(0)
    if len(start) >= 8 and max(even, odd) > 0.35 * len(start) / 2 and min(even, odd) == 0:
        return ("utf-16-be", "UTF-16") if even else ("utf-16-le", "UTF-16")
    return None


def nearly_utf8(content: bytes) -> int | None:
    """Return the first line that is not UTF-8 in a file that otherwise is, None for other files."""
    text = content.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    whole = sum(char > "\x7f" and char != "\ufffd" for char in text)
    if whole <= 4 * broken:
        return None
    return text[: text.index("\ufffd")].count("\n") + 1


def readings(content: bytes) -> dict[str, str]:
    """Return the texts that a file may be, by encoding: those of the best rank, each different text once.

    One entry is a safe reading; several are for a person to choose from; none means that no known encoding fits.
    """
    ranked: dict[str, tuple[int, str]] = {}
    for name, alphabets in KNOWN.items():
        try:
            text = content[:READ].decode(name)
        except UnicodeDecodeError:
            continue
        rank = judge(text, alphabets)
        if rank is not None:
            ranked[name] = rank, text
    best = min((rank for rank, _ in ranked.values()), default=0)
    found: dict[str, str] = {}
    for name, (rank, text) in ranked.items():
        if rank == best and text not in found.values():
            found[name] = text
    return found


def judge(text: str, alphabets: Sequence[str]) -> int | None:
    """Return how far a text is from words of one language (0 is best), None where it is no words at all."""
    strange = [place for place, char in enumerate(text) if char > "\x7f"]
    letters = {
        text[place].lower()[0] for place in strange if text[place].isalpha() and text[place] not in "ªº"
    }
    for place in strange:
        char = text[place]
        if not char.isalpha() or char in "ªº":
            between = text[place - 1 : place].isalpha() and text[place + 1 : place + 2].isalpha()
            if char not in SIGNS or (between and char not in INSIDE):
                return None
    words = [word for word in WORD.findall(text) if not word.isascii()]
    if any(not sane(word) for word in words):
        return None
    latin = all(unicodedata.name(char, "").startswith("LATIN") for char in letters)
    if not latin and any(any(char < "\x80" for char in word) for word in words):
        return None
    written = sum(map(len, WORD.findall(text)))
    if latin and written and sum(text[place].isalpha() for place in strange) > MOST_FOREIGN * written:
        return None
    shouted = len(words) > 1 and all(word.isupper() for word in words)
    for languages in (1, 2):
        for some in combinations(alphabets, languages):
            if letters <= set("".join(some)):
                return languages - 1 + shouted
    return None


def sane(word: str) -> bool:
    """Tell whether capitals and letters for a word's end are where words have them."""
    if any(letter in FINAL for letter in word[:-1]) or word[-1] == "σ":
        return False
    return word.islower() or word.isupper() or (word[0].isupper() and word[1:].islower()) or not cased(word)


def cased(word: str) -> bool:
    """Tell whether a word's letters have capitals at all: Hebrew and Arabic ones have none."""
    return word.lower() != word.upper()
