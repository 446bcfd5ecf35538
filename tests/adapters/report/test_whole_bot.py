"""What the report shows of the bot besides its intents, and that no table runs off a page."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

from ratchet.adapters.report.page import Report, render
from ratchet.adapters.report.whole_bot import cost_rows, entity_rows, spans
from ratchet.domain.corpus.annotations import Span
from ratchet.domain.gate.attribution import Attribution, Share
from ratchet.domain.gate.cost import Cost
from ratchet.domain.gate.entities import Entities, EntityConfusion, EntityExample, EntityScore
from ratchet.domain.gate.must import Miss, Must, Musts
from ratchet.domain.gate.recent import Changed, IntentShift, Recent
from ratchet.domain.gate.robustness import Variant
from ratchet.domain.gate.whole import Whole
from ratchet.domain.operations.sampling import Estimate
from tests.adapters.report.test_page import Page, report

LONG = "utter_" + "very_" * 12 + "long_name"
CITY = Span(11, 14, "city", "to", value="munich")
HOSTILE = "<b>fly</b> muc & back"
WHOLE = Whole(
    entities=Entities(
        messages=40,
        right=30,
        champion_right=39,
        candidate=(EntityScore("city (to)", 30, 22, 20), EntityScore("dish", 10, 10, 10)),
        champion=(EntityScore("city (to)", 30, 30, 29), EntityScore("dish", 10, 10, 10)),
        confusions=(EntityConfusion("city (to)", "", 8), EntityConfusion("city (to)", "city (to)", 2)),
        gained=(),
        lost=(EntityExample(HOSTILE, (CITY,), (CITY,), ()),),
        unjudged=(("number", 12),),
        reannotated=3,
    ),
    musts=Musts(3, (Miss(Must("the lab is on fire", "report_incident"), "small_talk", (), (), True),)),
    recent=Recent(
        200,
        7,
        30,
        10,
        4,
        2,
        (IntentShift(LONG, 5, 25, 20, 0, False),),
        (Changed("mail <e-mail>", "a", LONG, 0.8, False),),
    ),
    variants=(Variant("typos", 400, 300, 320), Variant("plain", 400, 390, None)),
    costs={
        "candidate": Cost(1.2, 3.4, 12_300_000, None),
        "champion": Cost(1.1, 3.1, 12_000_000, 250_000_000),
    },
)


def whole() -> Report:
    """A report with every part."""
    return replace(
        report(),
        whole=WHOLE,
        entity_attribution=Attribution(
            0.975,
            0.75,
            (Share("data", "a" * 32, "b" * 32, -0.225),),
            "The share of messages with all entities right",
        ),
        attribution=Attribution(0.9, 0.9, (Share("data", "a" * 32, "b" * 32, 0.0),)),
        traffic=(Estimate("2026-W47", 1000, 200, 0.9, (0.85, 0.94), ("1", "2"), 0.91),),
    )


def test_every_part_is_shown_and_read_back() -> None:
    """Table by type with roles, examples with their spans, misses, real messages, variants and costs."""
    text = Page(render(whole())).text
    assert "In 30 of 40 messages with entities" in text
    assert "city (to)" in text
    assert "number (12)" in text
    assert "3 have another annotation" in text
    assert "the same, with other borders or another value" in text
    assert "“the lab is on fire”: report_incident, answered small_talk" in text
    assert "30 are answered differently (15.0" in text
    assert "mail <e-mail>" in text
    assert "one typing error in each message" in text
    assert "12.3 MB" in text
    assert "not measured" in text
    assert "The share of messages with all entities right fell by 22.5 points" in text
    assert Report.from_dict(whole().as_dict()) == whole()


def test_parts_that_were_not_looked_at_are_not_shown() -> None:
    """A bot without entities has no heading for them."""
    text = Page(render(report())).text
    for heading in (
        "Entities",
        "must never go wrong",
        "newest real messages",
        "Written in a hurry",
        "What it costs",
    ):
        assert heading not in text


def test_entities_are_marked_in_their_message_and_nothing_in_it_acts() -> None:
    """Two that overlap are both named."""
    marked = str(spans(HOSTILE, (CITY, Span(11, 13, "dish"))))
    assert marked.startswith(
        "&lt;b&gt;fly&lt;/b&gt; <mark>muc <small>city (to)=munich</small></mark> <small>dish"
    )
    assert "<b>" not in marked
    assert marked.endswith(" &amp; back")


def test_the_label_that_lost_most_comes_after_the_sum() -> None:
    """The first row is all of them."""
    rows = entity_rows(WHOLE.entities)
    assert [row.score.label for row in rows] == ["all", "city (to)", "dish"]
    assert [round(row.change or 0, 3) for row in rows] == [-0.225, -0.3, 0.0]
    assert entity_rows(None) == []
    assert [row.champion for row in cost_rows({"candidate": WHOLE.costs["candidate"]})] == [""] * 4


class Tables(HTMLParser):
    """Whether each table lies in an element that scrolls by itself."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.outside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        classes = dict(attributes).get("class") or ""
        if tag == "table" and not any("scroll" in names.split() for _, names in self.open):
            self.outside.append(classes)
        if tag not in {"meta", "link", "input", "br", "wbr"}:
            self.open.append((tag, classes))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass


def test_no_table_runs_off_the_page() -> None:
    """Each lies in a box that scrolls; the table of rules becomes a list on a phone."""
    assert set(Tables(render(whole())).outside) == {"rules"}
    style = re.search(r"@media \(max-width: 640px\) \{(.*?)\n\}", render(whole()), re.DOTALL)
    assert style is not None
    assert ".rules td, .rules th { display: block" in style[1]


def test_a_word_without_end_breaks_instead_of_widening_the_page() -> None:
    """A message, a file's name or an answer may be one long word; opened in a browser, 360 to 1,280 pixels wide."""
    page = render(whole())
    assert re.search(r"body \{[^}]*overflow-wrap: break-word", page)
    assert ".rules .text { overflow-wrap: anywhere; }" in page
