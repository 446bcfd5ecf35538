"""The page of a validation."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ratchet.adapters.report.validation import write_validation
from ratchet.domain.corpus.findings import Finding, ValidationReport

BROKEN = Finding(
    "empty text", ("a.csv:2", "b<i>.csv:7"), ("", "<script>alert(1)</script>"), 5, "5 rows have no text."
)


def test_a_finding_stands_on_the_page_with_its_rows_and_nothing_of_a_message_is_markup(
    tmp_path: Path,
) -> None:
    """What a file or a message holds is shown as text; rows that are not named are counted."""
    page = write_validation(tmp_path, ValidationReport(1200, 3, (BROKEN,), ()))
    text = page.read_text(encoding="utf-8")
    assert "Validation: refused" in text
    assert "1,200 messages of 3 intents. 1 kind of errors, 0 kinds of warnings." in text
    assert '<h2 class="error">error: empty text</h2>' in text
    assert "&lt;script&gt;alert(1)" in text
    assert "b&lt;i&gt;.csv:7" in text
    assert "<script" not in text
    assert "… and 3 more." in text
    assert json.loads((tmp_path / "validation.json").read_text())["errors"][0]["count"] == 5


def test_what_may_enter_is_accepted(tmp_path: Path) -> None:
    """Without a finding the page says so and has no table."""
    text = write_validation(tmp_path, ValidationReport(10, 1, (), ())).read_text(encoding="utf-8")
    assert "Validation: accepted" in text
    assert not re.search("<table|<h2", text)
