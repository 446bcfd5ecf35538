"""The report of a run: one self-contained page of HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ratchet.adapters.report import whole_bot
from ratchet.adapters.report.charts import HistoryPoint, confusion_matrix, history_chart
from ratchet.adapters.system.files import read_record, write_json, write_text
from ratchet.domain.corpus.changes import DataChanges
from ratchet.domain.corpus.coverage import Uncovered
from ratchet.domain.corpus.renames import Succession
from ratchet.domain.corpus.retirement import Retired
from ratchet.domain.corpus.wear import Wear
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.attribution import Attribution
from ratchet.domain.gate.comparison import Comparison
from ratchet.domain.gate.dialogue import Dialogue
from ratchet.domain.gate.evaluation import Evaluation, IntentScore, SliceScore
from ratchet.domain.gate.nearest import Nearest
from ratchet.domain.gate.override import Override
from ratchet.domain.gate.ramp import RampStatus
from ratchet.domain.gate.suspects import Suspect
from ratchet.domain.gate.verdict import Decision, Verdict
from ratchet.domain.gate.whole import Whole
from ratchet.domain.operations.sampling import Estimate
from ratchet.domain.record import Record
from ratchet.domain.wording import measured, p_value, percent

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

WIDE, NARROW = (880, 300), (380, 260)
MOST_EXAMPLES = 200
PAGE, CONTENT = "report.html", "report.json"
"""The page's file, and the one that it is written from again after a person's decision."""


@dataclass(frozen=True)
class Report(Record):
    """All that the page shows.

    `history` ends with this run; `traffic` are the estimates from labelled harvests, oldest first, `rated` how many
    answers users rated up, and down, in the days of a harvest; `links` are (label, address) pairs; `unattributed` says
    why there is no attribution where one was tried; `unjudged` are the
    intents without a holdout row, `retired` the rows that left the holdout since the champion; `whole` is what was
    found of the bot besides its intents; `nearest` has the nearest training messages of those that are shown,
    by their text, where a sentence encoder is used.
    """

    title: str
    run: str
    made_at: datetime
    data_revision: str
    code_commit: str
    training_rows: int
    verdict: Verdict
    candidate: Evaluation
    champion: Evaluation | None
    champion_version: str
    ramp: RampStatus
    history: tuple[HistoryPoint, ...]
    comparison: Comparison | None = None
    data: DataChanges | None = None
    suspects: tuple[Suspect, ...] = ()
    wear: Wear | None = None
    attribution: Attribution | None = None
    override: Override | None = None
    traffic: tuple[Estimate, ...] = ()
    rated: tuple[int, int] = (0, 0)
    links: tuple[tuple[str, str], ...] = ()
    unattributed: str = ""
    unjudged: tuple[Uncovered, ...] = ()
    retired: tuple[Retired, ...] = ()
    whole: Whole = field(default_factory=Whole)
    entity_attribution: Attribution | None = None
    dialogue: Dialogue | None = None
    successions: tuple[Succession, ...] = ()
    nearest: dict[str, tuple[Nearest, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class IntentRow:
    """One line of the table of intents; `change` is the recall's, None where the champion has none."""

    score: IntentScore
    change: float | None


@dataclass(frozen=True)
class SliceRow:
    """One line of the table of context values; `change` is the accuracy's."""

    score: SliceScore
    change: float | None


def render(report: Report) -> str:
    """The page as HTML."""
    return (
        templates()
        .get_template("report.html")
        .render(
            report=report,
            headline=HEADLINES[report.verdict.decision],
            intents=intent_rows(report),
            slices=slice_rows(report),
            entities=whole_bot.entity_rows(report.whole.entities),
            costs=whole_bot.cost_rows(report.whole.costs),
            matrix=confusion_matrix(report.candidate.confusions),
            charts_by_width={
                "wide": history_chart(report.history, report.ramp.floor, *WIDE),
                "narrow": history_chart(report.history, report.ramp.floor, *NARROW),
            },
            most_examples=MOST_EXAMPLES,
        )
    )


def render_markdown(report: Report) -> str:
    """The verdict, its rules and the key figures as Markdown, for places that show no HTML."""
    return (
        templates()
        .get_template("report.md")
        .render(report=report, headline=HEADLINES[report.verdict.decision])
    )


def write(report: Report, folder: Path) -> Path:
    """Write the page, the same as Markdown and what both are made of into a folder; returns the page's path."""
    page = folder / PAGE
    write_text(page.with_suffix(".md"), render_markdown(report))
    write_json(folder / CONTENT, report.as_dict())
    write_text(page, render(report))
    return page


def read(path: Path) -> Report:
    """Return what a page was made of; raises `RatchetError` if Ratchet did not write the file."""
    report = read_record(path, Report.from_dict, "Restore it from a backup.")
    if report is None:
        raise RatchetError(f"{path} was cut off.", "Restore it from a backup.")
    return report


def render_plots(report: Report) -> dict[str, str]:
    """The page's charts as SVG files by name, for the registry."""
    chart = history_chart(report.history, report.ramp.floor, *WIDE)
    template = templates().get_template("plot.svg")
    return {
        "accuracy.svg": template.render(kind="history", chart=chart, report=report),
        "calibration.svg": template.render(kind="calibration", report=report),
    }


HEADLINES = {
    Decision.PROMOTE: "Promoted: the candidate may replace the champion",
    Decision.REJECT: "Rejected: the champion stays",
    Decision.ASK: "A person decides: the champion stays until then",
}


def intent_rows(report: Report) -> list[IntentRow]:
    """The candidate's intents, those that lost most first, then the worst recognised."""
    before = {score.intent: score.recall for score in report.champion.intents} if report.champion else {}
    rows = [
        IntentRow(score, score.recall - before[score.intent] if score.intent in before else None)
        for score in report.candidate.intents
    ]
    return sorted(rows, key=lambda row: (row.change or 0.0, row.score.recall, row.score.intent))


def slice_rows(report: Report) -> list[SliceRow]:
    """The candidate's context values, in the order of their fields."""
    slices = report.champion.slices if report.champion else ()
    before = {(score.field, score.value): score.accuracy for score in slices}
    return [
        SliceRow(
            score,
            score.accuracy - was if (was := before.get((score.field, score.value))) is not None else None,
        )
        for score in report.candidate.slices
    ]


def marked(sentence: str) -> Markup:
    """A sentence as HTML, what is in backticks as code."""
    from markupsafe import Markup, escape

    parts = enumerate(sentence.split("`"))
    return Markup().join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in parts
    )


def breakable(name: str) -> Markup:
    """A name as HTML that may continue in the next line after each underscore."""
    from markupsafe import Markup, escape

    return Markup("_<wbr>").join(escape(part) for part in name.split("_"))


def signed(difference: float) -> str:
    """A change of a share in points, with its sign: 0.018 → '+1.8', nothing → '0.0'."""
    return "0.0" if abs(difference) < 0.0005 else f"{100 * difference:+.1f}".replace("-", "−")


@cache
def templates() -> Environment:
    """The templates beside this file, which refuse a name that they are not given, and their filters."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("ratchet.adapters.report", "templates"),
        autoescape=select_autoescape(("html", "svg")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=percent,
        signed=signed,
        p_value=p_value,
        marked=marked,
        breakable=breakable,
        spans=whole_bot.spans,
    )
    environment.globals["measured"] = measured
    return environment
