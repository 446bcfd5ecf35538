"""The public data sets that benchmarks and tests run on; their rows are never copied into the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]


def folder() -> Path:
    """The folder of the public sets: RATCHET_PUBLIC_DATA, else `shared/data` beside the repository."""
    return Path(os.environ.get("RATCHET_PUBLIC_DATA") or ROOT.parent / "shared" / "data")


def path(name: str) -> Path:
    """The file of a public set."""
    return folder() / f"{name}.csv"


def read(name: str) -> pd.DataFrame:
    """Read `text` and `intent` of a public set, and the split that its authors published."""
    return pd.read_csv(path(name), dtype="str", keep_default_na=False)
