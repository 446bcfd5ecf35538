"""The documentation as data: pages, their blocks of code, links and headings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        ROOT / "examples/empty/bot/tests/conversations/README.md",
    ]
)
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
SHELL = ("sh", "")


@dataclass(frozen=True)
class Block:
    """A fenced block; `language` is what stands behind the fence, `line` where its text begins."""

    page: Path
    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, without what they are indented by."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            found[2],
            re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE),
            text.count("\n", 0, found.start()) + 2,
        )
        for found in FENCE.finditer(text)
    ]


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def inline_code(page: Path) -> list[str]:
    """Return what stands between backticks in a page's prose, also across a line break."""
    return [" ".join(found.split()) for found in re.findall(r"`([^`]+)`", prose(page))]


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    return {
        re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", "")).replace(" ", "-")
        for heading in HEADING.findall(prose(page))
    }


def links(page: Path) -> list[str]:
    """Return where the links and pictures of a page lead."""
    return LINK.findall(prose(page))
