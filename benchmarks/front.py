"""The three pictures of the README: `python -m benchmarks.front` draws them from figures that are in the repository.

Nothing is measured here. Accuracy is a table of docs/decisions/sentence-encoder.md (`python -m benchmarks.bot`), leaks
are benchmarks/leakage/results.json (`python -m benchmarks.leakage`), faults the tables of docs/reliability.md
(`python -m benchmarks.release`, `make test-long`).
"""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
INK, ACCENT, WARN, QUIET = "#1d3557", "#d9923b", "#b3261e", "#8a8a8a"
SIZES = {
    "5 messages an intent": "5 per intent",
    "10 messages an intent": "10 per intent",
    "official split": "official split",
}
PEERS = {
    "Ratchet's default, with encoder": INK,
    "Ratchet's linear classifier": ACCENT,
    "Rasa's LogisticRegression": QUIET,
    "DIET, 100 epochs": WARN,
}
FAULTS = {
    "good release": "release",
    "replica SIGKILLed": "replica killed",
    "proxy SIGKILLed, one node": "proxy killed, one node",
    "node lost, of three": "node lost, of three",
}


def accuracy() -> dict[str, list[float | None]]:
    """Return the accuracy on BANKING77 in percent by size, of each of `PEERS`; None for one that was not measured."""
    found: dict[str, list[float | None]] = {}
    for line in (ROOT / "docs/decisions/sentence-encoder.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 1 + len(PEERS) and cells[0] in SIZES:
            found[cells[0]] = [float(cell.split("%")[0]) if cell else None for cell in cells[1:]]
    assert set(found) == set(SIZES), "docs/decisions/sentence-encoder.md has no table of Rasa's classifiers"
    return found


def leaks() -> dict[str, list[float]]:
    """Return the share of BANKING77's holdout that an earlier training had seen, in percent, week by week, by split."""
    results = json.loads((ROOT / "benchmarks/leakage/results.json").read_text(encoding="utf-8"))["banking77"]
    return {name: results[name]["trained_by_week"] for name in ("ledger", "seeded random", "Rasa's splitter")}


def faults() -> dict[str, tuple[int, int]]:
    """Return requests and failed ones by what happened."""
    text = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
    found = {}
    for start, name in FAULTS.items():
        row = re.search(rf"^\| {re.escape(start)}[^|]*\| ([\d,]+) \| \**([\d,]+)\** \|", text, re.MULTILINE)
        assert row, f"docs/reliability.md has no row {start}"
        found[name] = (int(row[1].replace(",", "")), int(row[2].replace(",", "")))
    return found


def draw() -> None:
    """Write the pictures."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    mpl.rcParams["svg.hashsalt"] = "ratchet"

    def panel(title: str) -> tuple[object, object]:
        figure, axes = pyplot.subplots(figsize=(4.6, 3.2), layout="constrained")
        axes.set_title(title, fontsize=10, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        figure.patch.set_facecolor("white")
        return figure, axes

    figure, axes = panel("Accuracy on BANKING77, %")
    found, width = accuracy(), 0.9 / len(PEERS)
    for place, (label, colour) in enumerate(PEERS.items()):
        at = [number + place * width for number, size in enumerate(SIZES) if found[size][place] is not None]
        values = [value for size in SIZES if (value := found[size][place]) is not None]
        bars = axes.bar(at, values, width * 0.95, color=colour, label=label)
        axes.bar_label(bars, [f"{value:.0f}" for value in values], fontsize=7)
    middle = (len(PEERS) - 1) * width / 2
    axes.set(
        ylim=(0, 135), xticks=[number + middle for number in range(len(SIZES))], yticks=range(0, 101, 20)
    )
    axes.set_xticklabels(SIZES.values())
    axes.legend(frameon=False, fontsize=7, loc="upper left", ncols=2)
    figure.savefig(IMAGES / "front-accuracy.svg", metadata={"Date": None})

    figure, axes = panel("Holdout rows that an earlier training had seen, %")
    for (name, weeks), colour, style in zip(
        leaks().items(), (INK, WARN, ACCENT), ("-", "-", "--"), strict=True
    ):
        label = "Ratchet's ledger" if name == "ledger" else name
        axes.plot(range(1, len(weeks) + 1), weeks, style, color=colour, label=label, linewidth=2)
    axes.set(xlabel="week", ylim=(-4, 100))
    axes.legend(frameon=False, fontsize=8, loc="center right")
    figure.savefig(IMAGES / "front-leaks.svg", metadata={"Date": None})

    figure, axes = panel("Requests sent and failed")
    rows = faults()
    axes.barh(list(rows), [sent for sent, _ in rows.values()], color=INK)
    axes.barh(list(rows), [failed for _, failed in rows.values()], color=WARN)
    for at, (sent, failed) in enumerate(rows.values()):
        axes.annotate(f" {sent:,} sent, {failed} failed", (sent, at), va="center", fontsize=8)
    axes.set(xlim=(0, 2700), xlabel="requests")
    axes.invert_yaxis()
    figure.savefig(IMAGES / "front-faults.svg", metadata={"Date": None})


if __name__ == "__main__":
    draw()
