"""Texts that try to become more than text on a page, built on the fuzz tests' bytes."""

from __future__ import annotations

from tests.fuzz.fuzzing import NASTY

MARK = "x7gq"
"""Stands in each of them: where it is found, the text around it is looked at."""
MARKUP = (
    f"<script>alert('{MARK}')</script>",
    f"<img src=x onerror=alert('{MARK}')>",
    f"\"'><svg/onload=alert('{MARK}')>",
    f"javascript:alert('{MARK}')",
    f"{{{{ 7*7 }}}}{MARK}",
    f"</title></textarea></select></pre><b {MARK}>",
    f'" hx-get=/x hx-trigger=load {MARK}="',
    f"' autofocus onfocus=alert('{MARK}') '",
    f"&lt;b&gt;{MARK}&amp;",
    f"<!-- {MARK} -->",
    f"\u202e{MARK}\u2028\u0000",
)
TEXTS = (*MARKUP, *(f"{MARK}{one[:500].decode('utf-8', 'replace')}<i>" for one in NASTY))


def tags(page: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return the elements of a page as a browser reads them, each with the names of its attributes."""
    from html.parser import HTMLParser

    found: list[tuple[str, tuple[str, ...]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, tuple(name for name, _ in attrs)))

    Reader().feed(page)
    return found
