"""Pages by kind, answers within three clicks of the README, and a site that knows every page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.docs.reading import ROOT, links

DOCS = ROOT / "docs"
OWN = sorted(path for path in DOCS.glob("*.md"))
OPENING = re.compile(r"^\*(Tutorial|Guide|Concept|Reference) for ([^:*]+): ([^*]+)\*$", re.MULTILINE)
QUESTIONS = re.findall(
    r"^\| (.+\?(?: What .+)?) \| \[[^\]]+\]\(([^)]+)\) \|$",
    (DOCS / "questions.md").read_text(encoding="utf-8"),
    re.M,
)


def kind_of(page: Path) -> str:
    """Return the kind that a page's opening names."""
    found = OPENING.search(page.read_text(encoding="utf-8"))
    assert found, f"{page.name} does not open with its kind, whom it is for, and what they get"
    return found[1]


def clicks(start: Path, most: int, left_out: Path) -> dict[Path, int]:
    """Return the pages that links lead to, with the number of clicks; `left_out` is not followed."""
    known, now = {start: 0}, [start]
    for number in range(1, most + 1):
        new = []
        for page in now:
            for link in links(page):
                target = (page.parent / link.partition("#")[0]).resolve()
                page_link = not re.match(r"[a-z]+:", link) and target.suffix == ".md" and target.exists()
                if page_link and target not in known and target != left_out:
                    known[target] = number
                    new.append(target)
        now = new
    return known


@pytest.mark.parametrize("page", OWN, ids=lambda page: page.stem)
def test_a_page_says_whom_it_is_for(page: Path) -> None:
    """In the paragraph after its title: kind, reader, what they get."""
    assert OPENING.match(page.read_text(encoding="utf-8").split("\n\n")[1].split("\n")[0]), page.name
    kind_of(page)


def test_the_index_lists_each_page_under_its_kind() -> None:
    """Every page of docs/, once under the heading of its kind."""
    sections = re.split(r"^## ", (DOCS / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    listed = {
        name: section.split("\n", 1)[0].removesuffix("s")
        for section in sections
        for name in re.findall(r"\]\(([\w-]+\.md)\)", section)
    }
    assert listed == {page.name: kind_of(page) for page in OWN if page.name != "README.md"}


def test_twenty_five_questions_are_answered_within_three_clicks() -> None:
    """From the README, also without the page of questions itself; that the headings exist is tested elsewhere."""
    assert len(QUESTIONS) == 25
    near = clicks(ROOT / "README.md", 3, DOCS / "questions.md")
    for question, link in QUESTIONS:
        assert (DOCS / link.partition("#")[0]).resolve() in near, question
    assert (DOCS / "questions.md").resolve() in clicks(ROOT / "README.md", 2, DOCS)


def test_the_site_has_every_page() -> None:
    """mkdocs.yml's navigation names each page of docs/ and its references once."""
    text = re.sub(r"!!python\S+ ", "", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))

    def names(nav: object) -> list[str]:
        if isinstance(nav, str):
            return [nav]
        below = nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else []
        return [name for one in below for name in names(one)]

    listed = names(yaml.safe_load(text)["nav"])
    pages = [path.relative_to(DOCS).as_posix() for path in (*DOCS.glob("*.md"), *DOCS.glob("reference/*.md"))]
    assert sorted(set(pages) - set(listed)) == []
    assert len(listed) == len(set(listed))
