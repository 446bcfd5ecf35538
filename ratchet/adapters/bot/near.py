"""Asks the bot's environment for the training messages nearest to some messages."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ratchet.adapters.bot import encoders, rasa, trial
from ratchet.adapters.settings import Settings
from ratchet.domain.gate.nearest import Nearest

if TYPE_CHECKING:
    import pandas as pd

COUNT = 3
SECONDS = 1800.0


def find(
    settings: Settings,
    encoder: str,
    known: pd.DataFrame,
    texts: Sequence[str],
    on_line: Callable[[str], None],
) -> dict[str, tuple[Nearest, ...]]:
    """Return the nearest training messages of each text, nearest first; {} where nothing is asked.

    `encoder` is a digest, `known` the training messages (text, intent). What was encoded before is not encoded again.
    Raises `RatchetError` where the encoder is not here or cannot run.
    """
    asked = list(dict.fromkeys(texts))
    if not asked or known.empty:
        return {}
    encoders.files_of(settings, encoder)
    with tempfile.TemporaryDirectory(prefix="ratchet-nearest-") as name:
        data, ask, out = (Path(name) / f"{one}.jsonl" for one in ("known", "asked", "found"))
        write(
            data,
            [
                {"text": text, "intent": intent}
                for text, intent in zip(known["text"], known["intent"], strict=True)
            ],
        )
        write(ask, [{"text": text} for text in asked])
        files = ("--data", data, "--ask", ask, "--out", out, "--count", str(COUNT))
        argv = rasa.tool(
            settings, settings.bot, "nearest", "--encoder", encoder, *files, locked=trial.locked(settings)
        )
        rasa.run_tool(settings, settings.bot, argv, SECONDS, on_line)
        lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    return {
        text: tuple(Nearest.from_dict(one) for one in found) for text, found in zip(asked, lines, strict=True)
    }


def write(path: Path, rows: Sequence[dict[str, str]]) -> None:
    """Write JSON Lines."""
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
