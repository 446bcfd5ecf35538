"""The page about a change of code that needs no training."""

from __future__ import annotations

from pathlib import Path

from ratchet.adapters.report.page import HEADLINES, templates
from ratchet.adapters.system.files import write_json, write_text
from ratchet.domain.gate.code_verdict import CodeVerdict

PAGE, CONTENT = "code.html", "code.json"


def write(judged: CodeVerdict, title: str, run: str, folder: Path) -> Path:
    """Write the page and what it is made of into a run's folder; returns the page's path."""
    page = folder / PAGE
    headline = HEADLINES[judged.verdict.decision]
    shown = (
        templates().get_template("code.html").render(judged=judged, title=title, run=run, headline=headline)
    )
    write_json(folder / CONTENT, judged.as_dict())
    write_text(page, shown)
    return page
