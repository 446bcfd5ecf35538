"""The report of a validation as a page and as JSON."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment

from ratchet.adapters.system.files import write_json, write_text
from ratchet.domain.corpus.findings import ValidationReport

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Validation</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100% } td { padding: .2rem .6rem; border-top: 1px solid #ddd }
td:first-child { white-space: nowrap; color: #666; width: 1% }
h2 { margin-top: 2rem } .error { color: #b00020 } .warning { color: #8a5a00 }
</style>
<h1>Validation: {{ "accepted" if report.ok else "refused" }}</h1>
<p>{{ "{:,}".format(report.rows) }} messages of {{ report.intents }} intents. {{ report.summary() }}.</p>
{% for kind, findings in [("error", report.errors), ("warning", report.warnings)] %}{% for one in findings %}
<h2 class="{{ kind }}">{{ kind }}: {{ one.rule }}</h2>
<p>{{ one.sentence }}</p>
<table>{% for place, text in one.lines() %}<tr><td>{{ place }}</td><td>{{ text }}</td></tr>{% endfor %}</table>
{% if one.count > one.rows | length and one.rows %}<p>… and {{ one.count - one.rows | length }} more.</p>{% endif %}
{% endfor %}{% endfor %}
</html>
"""


def write_validation(folder: Path, report: ValidationReport) -> Path:
    """Write the report into a run's folder as `validation.json` and `validation.html`; returns the page."""
    write_json(folder / "validation.json", report.as_dict())
    page = folder / "validation.html"
    write_text(page, Environment(autoescape=True).from_string(PAGE).render(report=report))
    return page
