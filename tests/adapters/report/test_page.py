"""The report is one page that needs nothing but itself, says what it was given, and trusts no message."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from ratchet.adapters.report.charts import HistoryPoint, confusion_matrix, history_chart
from ratchet.adapters.report.page import Report, intent_rows, marked, render, render_markdown, render_plots
from ratchet.domain.gate.attribution import Recipe, attribute
from ratchet.domain.gate.comparison import compare
from ratchet.domain.gate.evaluation import Confusion, evaluate
from ratchet.domain.gate.override import make
from ratchet.domain.gate.suspects import Suspect
from ratchet.domain.gate.verdict import Decision
from ratchet.domain.operations.sampling import Estimate
from tests.domain.judging import answers, holdout, on_the_ramp, verdict

MADE_AT = datetime(2026, 3, 9, 6, 2, tzinfo=UTC)
ROWS = 400


@cache
def report(text: str = "my laptop is broken") -> Report:
    """A rejected run: the candidate lost 40 of 400 rows, every one of the intent `b`."""
    truth = holdout(["a", "b"] * (ROWS // 2), role=["hr", "it"] * (ROWS // 2))
    truth["text"] = text
    champion = answers(list(truth["intent"]))
    right = [not (number % 2 and number < 80) for number in range(ROWS)]
    candidate = answers([intent if ok else "a" for intent, ok in zip(truth["intent"], right, strict=True)])
    score = evaluate(truth, candidate, context=["role"])
    ramp = on_the_ramp(truth, candidate)
    return Report(
        title="helpdesk",
        run="run-7",
        made_at=MADE_AT,
        data_revision="d" * 32,
        code_commit="c" * 40,
        training_rows=1200,
        verdict=verdict(truth, right, [True] * ROWS, ramp=ramp, context=["role"]),
        candidate=score,
        champion=evaluate(truth, champion, context=["role"]),
        champion_version="6",
        ramp=ramp,
        history=(point(0, 0.9, release="v6"), point(1, score.accuracy, decision="reject")),
        comparison=compare(truth, candidate, champion, context=["role"]),
        suspects=(Suspect(text, "a", "b", 0.02, 0.9),),
    )


def point(week: int, accuracy: float, *, decision: str = "promote", release: str = "") -> HistoryPoint:
    day = date(2026, 1, 5) + timedelta(weeks=week)
    return HistoryPoint(
        day, accuracy, (accuracy - 0.02, accuracy + 0.02), 0.8 + week / 100, decision, release
    )


class Page(HTMLParser):
    """The words, tags and addresses of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attributes if name in ("src", "href", "srcset")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))


def test_the_verdict_and_its_reasons_come_first() -> None:
    """Before any figure the page says what was decided and why."""
    text = Page(render(report())).text
    headline, why = text.index("Rejected: the champion stays"), text.index("of 400 holdout rows")
    assert headline < why < text.index("Accuracy over the weeks")
    assert "The intent b went from 200 to 160 right answers of 200" in text


def test_the_page_needs_no_network() -> None:
    """Nothing is loaded, and the page forbids itself to try."""
    page = Page(render(report()))
    assert page.addresses == []
    assert not {"link", "iframe", "img", "object"} & set(page.tags)
    assert "default-src 'none'" in render(report())


def test_links_are_shown_where_there_are_some() -> None:
    """The run's places in other tools can be clicked."""
    assert Page(render(replace(report(), links=(("The bot", "http://127.0.0.1:5005"),)))).addresses == [
        "http://127.0.0.1:5005"
    ]


def test_a_message_cannot_act_on_the_page() -> None:
    """Markup in a message is shown, not run."""
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    page = Page(render(report(hostile)))
    assert page.tags.count("script") == Page(render(report())).tags.count("script")
    assert "img" not in page.tags
    assert hostile in page.text


def test_intents_that_lost_most_come_first() -> None:
    """The table starts with what went wrong, and an intent that the champion lacks has no change."""
    rows = intent_rows(report())
    assert [(row.score.intent, round(row.change or 0, 2)) for row in rows] == [("b", -0.2), ("a", 0.0)]
    assert [row.change for row in intent_rows(replace(report(), champion=None))] == [None, None]


def test_a_first_model_has_a_page_too() -> None:
    """Without champion, comparison and history before this run, the page is whole."""
    first = replace(report(), champion=None, comparison=None, champion_version="", history=(point(0, 0.9),))
    text = Page(render(first)).text
    assert "Accuracy, candidate" in text
    assert "Accuracy, champion" not in text
    assert "gained and lost" not in text


def test_override_and_attribution_are_shown() -> None:
    """Who overrode the verdict, why and until when; and what moved the accuracy."""
    override = make(
        model_sha256="a" * 64, version="7", by="Mira", reason="client demo", expires="7d", now=MADE_AT
    )
    old, new = Recipe("d1", "c1", "e1", "1"), Recipe("d2", "c1", "e1", "1")
    shown = replace(report(), override=override, attribution=attribute(old, new, {old: 0.95, new: 0.9}))
    text = Page(render(shown)).text
    assert "Mira decided “promote”" in text
    assert "until 16 March 2026, 06:02 UTC: client demo" in text
    assert "data -5.0" in text


@pytest.mark.parametrize("decision", list(Decision))
def test_each_decision_has_its_headline(decision: Decision) -> None:
    """The page and its Markdown open with the same words."""
    changed = replace(report(), verdict=replace(report().verdict, decision=decision))
    headline = render_markdown(changed).splitlines()[0].removeprefix("# ")
    assert headline in Page(render(changed)).text


def test_markdown_has_value_and_limit_of_each_rule() -> None:
    """Where no HTML is shown, each rule still has its number beside its threshold."""
    lines = render_markdown(report()).splitlines()
    assert "| accuracy | reject | 10.0 points | 1.0 point | < 0.001 |" in lines
    assert "| training rows | pass | 0.0% | 10.0% |  |" in lines


def test_plots_are_whole_svg_files() -> None:
    """Each plot stands by itself: parsed as XML, with its colours inside."""
    plots = render_plots(report())
    assert set(plots) == {"accuracy.svg", "calibration.svg"}
    for plot in plots.values():
        root = ET.fromstring(plot)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "--accent" in plot


def test_words_in_backticks_become_code() -> None:
    """And everything else is escaped."""
    assert str(marked("`a<b` & c")) == "<code>a&lt;b</code> &amp; c"


class TestHistoryChart:
    def test_everything_lies_within_the_frame(self) -> None:
        """Intervals and targets are drawn between the chart's edges, and so is a floor that is near."""
        points = [point(week, 0.80 + week / 100) for week in range(11)]
        chart = history_chart(points, 0.77, 880, 300)
        assert chart.low <= 0.77
        assert chart.high >= 0.92
        places = [chart.y(share) for each in points for share in (*each.interval, each.target)]
        assert all(chart.top <= place <= chart.height - chart.bottom for place in places)
        assert [chart.x(number) for number in range(11)] == sorted(chart.x(number) for number in range(11))

    def test_a_single_run_stands_in_the_middle(self) -> None:
        """One point is no line, and no division by zero."""
        chart = history_chart([point(0, 0.9)], 0.77, 400, 300)
        assert chart.x(0) == pytest.approx(chart.left + 20 + (400 - chart.left - chart.right - 40) / 2)

    def test_runs_of_one_day_stand_side_by_side(self) -> None:
        """Three retrains on one day are three points."""
        chart = history_chart([point(0, 0.9), point(0, 0.91), point(0, 0.92)], 0.77, 400, 300)
        assert len({chart.x(number) for number in range(3)}) == 3

    def test_labels_do_not_touch(self) -> None:
        """Of a hundred runs only some have their day written, the last one always."""
        chart = history_chart([point(week, 0.9) for week in range(100)], 0.77, 380, 260)
        places = [chart.x(number) for number in chart.labelled]
        assert chart.labelled[-1] == 99
        assert all(right - left >= 60 for left, right in pairwise(places))


def test_the_matrix_holds_only_the_most_confused_intents() -> None:
    """The most frequent pairs are kept until the limit, and the rest is counted."""
    pairs = [Confusion("a", "b", 9), Confusion("c", "d", 5), Confusion("e", "f", 2), Confusion("a", "d", 1)]
    matrix = confusion_matrix(pairs, limit=2)
    assert (matrix.given, matrix.predicted) == (("a", "c"), ("b", "d"))
    assert matrix.cells == ((9, 1), (0, 5))
    assert (matrix.shown, matrix.total) == (15, 17)


def test_what_labels_say_of_real_traffic_stands_beside_the_holdouts_figure() -> None:
    """The newest week first; without labelled harvests there is no such section."""
    weeks = tuple(
        Estimate(f"2026-W{number}", 1000, 200, 0.8, (0.75, 0.85), ("6", "7"), 0.91) for number in (10, 11)
    )
    shown = replace(report(), traffic=weeks)
    words = " ".join("".join(Page(render(shown)).words).split())
    assert words.index("2026-W11") < words.index("2026-W10")
    assert "75.0% to 85.0%" in words
    assert "On real traffic in 2026-W11: 80.0%" in render_markdown(shown)
    assert "On real traffic" not in render(report())


def test_a_missing_attribution_is_said() -> None:
    """The champion's data is lost: the reader learns why nothing stands there."""
    missing = replace(report(), unattributed="Data revision abc is lost.")
    for page in (render(missing), render_markdown(missing)):
        assert "not known: Data revision abc is lost." in page
    assert "not known" not in render(report())
