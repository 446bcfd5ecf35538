"""A workspace with a corpus, a bot's files and a sample of messages to label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ratchet.adapters.monitoring import harvest
from ratchet.adapters.settings import Settings, load_settings

PARAMS = "corpus:\n  context:\n    role: [manager, intern]\n"
INTENTS = ("laptop", "leave")
BOT = {
    "domain.yml": "intents:\n- leave\n- laptop\nresponses:\n  utter_leave:\n  - text: Ask.\n",
    "rules.yml": "rules:\n- rule: leave\n  steps:\n  - intent: leave\n  - action: utter_leave\n",
}
MESSAGES = (
    ("my laptop is broken", "manager", "laptop", 0.2),
    ("the laptop is broken again", "intern", "laptop", 0.3),
    ("may I go home", "", "leave", 0.4),
    ("where is my parcel", "", "leave", 0.5),
)
SAMPLE = "2026-W47"


def shop(settings: Settings, messages: Sequence[tuple[str, str, str, float]] = MESSAGES) -> Settings:
    """Fill a workspace; ten messages of each intent are in its corpus."""
    workspace = settings.workspace
    (workspace / "params.yaml").write_text(PARAMS, encoding="utf-8")
    (workspace / "data").mkdir(exist_ok=True)
    rows = [f"{intent} number {number},{intent},,seed" for intent in INTENTS for number in range(10)]
    (workspace / "data" / "utterances.csv").write_text(
        "\n".join(["text,intent,role,source", *rows]) + "\n", encoding="utf-8"
    )
    for name, text in BOT.items():
        (settings.bot / name).write_text(text, encoding="utf-8")
    made = load_settings(workspace)
    draw(made, messages)
    return made


def draw(settings: Settings, messages: Sequence[tuple[str, str, str, float]], name: str = SAMPLE) -> Path:
    """Write a sample of (text, role, guess, confidence)."""
    frame = pd.DataFrame(
        [
            {
                "text": text,
                "intent": "",
                "role": role,
                "source": "production",
                "guess": guess,
                "candidate": "",
                "suggestions": f"{guess}|leave",
                "confidence": f"{confidence:.4f}",
                "stratum": 0,
                "drawn": 1,
                "known": "",
                "nearest": f"{text.replace('|', '/')} ({guess})",
            }
            for text, role, guess, confidence in messages
        ]
    )
    path = harvest.folder(settings) / name / harvest.SAMPLE
    path.parent.mkdir(parents=True, exist_ok=True)
    harvest.save(path, frame)
    return path
