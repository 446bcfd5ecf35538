"""The weeks as lines: what was true, what the labels said, what the holdout said."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import pandas as pd

mpl.use("Agg")
from matplotlib import pyplot

TRUTH, ESTIMATE, HOLDOUT, FROZEN = "#1d3557", "#d9923b", "#8a8a8a", "#b3261e"


def draw(weeks: pd.DataFrame, path: Path) -> None:
    """Write an SVG; the columns are those of `Week`."""
    mpl.rcParams["svg.hashsalt"] = "ratchet"
    figure, panel = pyplot.subplots(figsize=(8, 4.4), layout="constrained")
    x = weeks["week"]
    panel.plot(x, 100 * weeks["holdout"], color=HOLDOUT, linestyle="--", label="live model on its holdout")
    panel.plot(x, 100 * weeks["truth"], color=TRUTH, marker="o", label="live model on real traffic")
    below, above = weeks["estimate"] - weeks["low"], weeks["high"] - weeks["estimate"]
    panel.errorbar(
        x + 0.12,
        100 * weeks["estimate"],
        yerr=[100 * below, 100 * above],
        color=ESTIMATE,
        marker="s",
        linestyle="none",
        capsize=3,
        label="estimated from 200 labels, 95% interval",
    )
    panel.plot(x, 100 * weeks["frozen"], color=FROZEN, linestyle=":", label="first model, never retrained")
    panel.set_xlabel("week")
    panel.set_ylabel("right answers, %")
    panel.set_xticks(list(x))
    panel.grid(axis="y", alpha=0.3)
    panel.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
