"""What a training's page in Prefect shows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from ratchet.domain.gate.rules import Rule
from ratchet.domain.gate.verdict import Decision, Verdict
from tasks.training.publish import links, rows

RULES = (
    Rule("accuracy", "pass", 0.004, 0.01, "Accuracy fell by 0.4 points.", p_value=0.3, unit="points"),
    Rule("vanished intents", "reject", 2, 0, "2 intents are gone.", unit="count"),
)


def test_the_verdicts_table_fits_a_phone() -> None:
    """Three columns, of which the value has its threshold beside it."""
    table = rows(Verdict(Decision.REJECT, RULES))
    assert [list(row) for row in table] == [["rule", "value (threshold)", "in words"]] * 2
    assert [row["rule"] for row in table] == ["pass: accuracy", "reject: vanished intents"]
    assert table[0]["value (threshold)"].startswith("0.4 points (1.0 point), p ")
    assert table[1]["value (threshold)"] == "2 (0)"


def test_a_page_leads_to_report_model_and_bot() -> None:
    """A trial has neither model nor bot of its own."""
    run = SimpleNamespace(
        registry=SimpleNamespace(
            page=lambda one, name: f"mlflow/{name}", model_page=lambda one: "mlflow/model"
        ),
        target=SimpleNamespace(url=lambda: "http://127.0.0.1:5005"),
    )
    model = cast(Any, SimpleNamespace(version="3"))
    assert links(cast(Any, run), model, False).splitlines() == [
        "- [The report](mlflow/report.html)",
        "- [The model](mlflow/model)",
        "- [The bot](http://127.0.0.1:5005)",
    ]
    assert links(cast(Any, run), cast(Any, SimpleNamespace(version="")), True) == ""
