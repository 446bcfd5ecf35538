"""The report of a validation as a page and as JSON."""

from __future__ import annotations

from pathlib import Path

from ratchet.adapters.report.page import templates
from ratchet.adapters.system.files import write_json, write_text
from ratchet.domain.corpus.findings import ValidationReport


def write_validation(folder: Path, report: ValidationReport) -> Path:
    """Write the report into a run's folder as `validation.json` and `validation.html`; returns the page."""
    write_json(folder / "validation.json", report.as_dict())
    page = folder / "validation.html"
    write_text(page, templates().get_template("validation.html").render(report=report))
    return page
