"""Two panels: what a corpus costs as it grows, and what a rollout takes as the fleet grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot

INK, ACCENT, WARN = "#1d3557", "#d9923b", "#b3261e"


def draw(found: dict[str, Any], path: Path) -> None:
    """Write an SVG; extrapolated parts are dotted."""
    mpl.rcParams["svg.hashsalt"] = "ratchet"
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9.5, 4), layout="constrained")
    ingest = found["ingest"]
    points = sorted((int(rows), cpu / 60) for rows, (cpu, _) in ingest["first"].items())
    left.loglog(*zip(*points, strict=True), marker="o", color=INK, label="first ingest, measured")
    far = [points[-1], (10_000_000, 60 * ingest["first_10m_hours"])]
    left.loglog(
        *zip(*far, strict=True),
        linestyle=":",
        marker="o",
        markerfacecolor="white",
        color=INK,
        label="extrapolated",
    )
    left.set(xlabel="messages in the corpus", ylabel="processor time, minutes")
    for parallel, colour in zip((1, 10, 50), (INK, ACCENT, WARN), strict=True):
        line = [
            (one["replicas"], one["seconds"]) for one in found["rollouts"] if one["parallelism"] == parallel
        ]
        right.loglog(*zip(*line, strict=True), marker="o", color=colour, label=f"{parallel} at a time")
    right.axhline(300, color="#8a8a8a", linestyle="--", linewidth=1)
    right.annotate("deploy_timeout_seconds", (2.2, 330), fontsize=8, color="#5a5a5a")
    right.set(xlabel="replicas", ylabel="rollout, seconds (simulated)")
    for panel in (left, right):
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
        panel.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
