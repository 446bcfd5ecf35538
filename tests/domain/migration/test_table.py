"""The table as a page and as lines."""

from __future__ import annotations

from ratchet.domain.migration.table import Kind, Row, counts, markdown

ROWS = [
    Row(Kind.TAKEN, "3 messages", after="the corpus"),
    Row(Kind.LEFT, "TEDPolicy", "config.yml:9", before="epochs: 5", why="needs a|b", todo="Do this."),
]


def test_each_kind_has_a_part_with_the_columns_that_it_uses() -> None:
    """An empty kind says so; a bar in a text is no column."""
    page = markdown("their-bot", ROWS)
    assert "## Taken\n\n| what | after |" in page
    assert "## Changed\n\nNothing." in page
    assert "| TEDPolicy | config.yml:9 | epochs: 5 | needs a\\|b | Do this. |" in page


def test_a_row_is_one_sentence() -> None:
    """What, where, before and after, why, and what to do."""
    assert ROWS[1].sentence() == "TEDPolicy (config.yml:9): epochs: 5; needs a|b. Do this."
    assert counts(ROWS) == {"taken": 1, "changed": 0, "left": 1}
