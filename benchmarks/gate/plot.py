"""The replay's shares as bars, small multiples by growth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import pandas as pd

mpl.use("Agg")
from matplotlib import pyplot

COLOURS = ("#5b7fb5", "#b3261e", "#d9923b")


def draw(tables: Mapping[str, pd.DataFrame], columns: Sequence[str], path: Path) -> None:
    """Write a PNG: for each table a panel, for each gate a bar of each column's share; short is good.

    The cells are (hits, builds).
    """
    figure, panels = pyplot.subplots(1, len(tables), figsize=(10, 4.4), sharey=True, layout="constrained")
    for panel, (title, table) in zip(panels, tables.items(), strict=True):
        for number, (column, colour) in enumerate(zip(columns, COLOURS, strict=False)):
            share = [100 * hits / max(builds, 1) for hits, builds in table[column]]
            places = [gate + (number - 1) * 0.26 for gate in range(len(table))]
            bars = panel.barh(places, share, height=0.24, color=colour, label=column)
            panel.bar_label(bars, [f"{one:.1f}%" for one in share], padding=3, fontsize=9)
        panel.set_title(title, fontsize=11)
        panel.set_xlim(0, 115)
        panel.set_xlabel("% of builds")
        panel.set_yticks(range(len(table)), table.index)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].invert_yaxis()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, dpi=110)
