"""Messages as files, in the form that the bot's tools read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

KNOWN = ("key", "text", "intent", "source", "side", "first_seen")
"""Columns that are no context field."""


def write(rows: pd.DataFrame, path: Path) -> None:
    """Write messages as JSON Lines: key, text, intent, and the context fields that are known."""
    context = [name for name in rows.columns if name not in KNOWN]
    with path.open("w", encoding="utf-8") as file:
        for row in rows.to_dict("records"):
            known = {name: row[name] for name in context if row[name]}
            line = {"key": row["key"], "text": row["text"], "intent": row["intent"], "context": known}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
