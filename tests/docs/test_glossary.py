"""The glossary has the words of the design, and the pages use them instead of others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ratchet.domain.corpus.ledger import Side
from ratchet.domain.gate.verdict import Decision
from tests.docs.reading import PAGES, ROOT, prose

WORDS = [
    "corpus",
    "ledger",
    "holdout",
    "candidate",
    "champion",
    "verdict",
    "override",
    "release",
    "fleet",
    "target",
    "flow",
    "task",
    "domain",
    "adapter",
    "gate",
    "ramp",
    "manifest",
    "registry",
    "replica",
    "workspace",
    "fingerprint",
    "near-duplicate",
    "harvest",
    "drift",
    "wear",
    "canary",
    "hand-off",
    "trial",
]
SYNONYMS = {
    r"\bincumbents?\b": "champion",
    r"\bchallengers?\b": "candidate",
    r"\bgolden set\b": "holdout",
    r"\bhold-out\b": "holdout",
    r"\broll-back\b": "rollback",
    r"(?<!\*)\broll back\b(?! (?:to|from))": "rollback (noun), go back (verb)",
}
"""Words that have one of the glossary's in their place, everywhere."""


def entries() -> list[str]:
    """Return the words that the glossary explains, in its order."""
    return re.findall(r"^\| ([^|]+?) \|", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)[2:]


def test_every_word_of_the_design_is_explained() -> None:
    """Also the names of the ledger's sides and of the verdicts appear."""
    text = (ROOT / "docs" / "glossary.md").read_text()
    assert set(WORDS) <= set(entries())
    assert all(str(name.value) in text for name in (*Decision, *Side))


def test_the_words_are_in_order_and_short() -> None:
    """In the alphabet's order, once each, a line or two each."""
    found = entries()
    assert found == sorted(found, key=lambda word: word.replace("-", " "))
    assert len(found) == len(set(found))
    assert max(map(len, (ROOT / "docs" / "glossary.md").read_text().splitlines())) < 260


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_use_the_words_and_no_synonyms(page: Path) -> None:
    """A small list: only words that never mean anything else here."""
    text = prose(page)
    wrong = [
        f"{found[0]}: write {word}"
        for word_, word in SYNONYMS.items()
        if (found := re.search(word_, text, re.I))
    ]
    assert not wrong, wrong
