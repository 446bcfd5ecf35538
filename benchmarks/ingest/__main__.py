"""How long ingest takes and how much memory, from 13,000 to a million rows.

Run `python -m benchmarks.ingest [SCENARIO …]`; without names all, the million-row ones last. Writes
`results.json` beside this file.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import public
from benchmarks.ingest.growth import grow
from tests.corpora import data_workspace

HERE = Path(__file__).parent
NEW_ROWS = 1000
SCENARIOS = {
    "banking77": ("first ingest of BANKING77", 5, None),
    "clinc150": ("first ingest of CLINC150", 8, None),
    "100k": ("first ingest of 100,000 rows", 60, 100_000),
    "100k+1k": ("1,000 new rows into 100,000", 5, None),
    "1m": ("first ingest of 1,000,000 rows", 1800, 1_000_000),
    "1m+1k": ("1,000 new rows into 1,000,000", 40, None),
    "check": ("fetch, validate and split of BANKING77, after one new ingest", 2, None),
}
REPEATED = 3


def measure(workspace: Path, *words: str | Path) -> dict[str, Any]:
    """Measure in a process of its own."""
    argv = [sys.executable, "-m", "benchmarks.ingest.measure", str(workspace), *map(str, words)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, cwd=public.ROOT)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def new_workspace(folder: Path, name: str) -> Path:
    """Make a workspace without a corpus."""
    return data_workspace(folder / name).workspace


def first_ingests(folder: Path, name: str) -> list[dict[str, Any]]:
    """Ingest a public set into new workspaces."""
    return [
        measure(new_workspace(folder, f"{name}-{number}"), "ingest", public.path(name))
        for number in range(REPEATED)
    ]


def large(folder: Path, rows: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Ingest a generated corpus, then three times 1,000 more rows."""
    corpus = public.read("clinc150")[["text", "intent"]]
    grown = grow(corpus, rows + REPEATED * NEW_ROWS)
    file = folder / "corpus.csv"
    grown[:rows].to_csv(file, index=False)
    workspace = new_workspace(folder, f"rows-{rows}")
    first = measure(workspace, "ingest", file)
    more = []
    for number in range(REPEATED):
        part = grown[rows + number * NEW_ROWS : rows + (number + 1) * NEW_ROWS]
        part.to_csv(folder / "more.csv", index=False)
        more.append(measure(workspace, "ingest", folder / "more.csv"))
    return first, more


def checks(folder: Path) -> list[dict[str, Any]]:
    """Check BANKING77 after each of three growths, as a retrain does."""
    corpus = public.read("banking77")[["text", "intent"]]
    workspace = new_workspace(folder, "check")
    found = []
    for number in range(REPEATED + 1):
        corpus[: len(corpus) - 100 * (REPEATED - number)].to_csv(folder / "part.csv", index=False)
        measure(workspace, "ingest", folder / "part.csv")
        found.append(measure(workspace, "check"))
    return found[1:]


def main(names: list[str]) -> None:
    """Measure the named scenarios and print and keep the table."""
    results = json.loads((HERE / "results.json").read_text()) if (HERE / "results.json").exists() else {}
    with tempfile.TemporaryDirectory(prefix="ratchet-ingest-") as made:
        folder = Path(made)
        for name in ("banking77", "clinc150"):
            if name in names:
                results[name] = summary(first_ingests(folder, name))
        if "check" in names:
            results["check"] = summary(checks(folder))
        for rows, name in ((100_000, "100k"), (1_000_000, "1m")):
            if name in names:
                first, more = large(folder, rows)
                results |= {name: summary([first]), f"{name}+1k": summary(more)}
                (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    print(
        "| | limit | measured | processor time, with start-up | peak memory |\n| --- | --- | --- | --- | --- |"
    )
    for name, (title, limit, _) in SCENARIOS.items():
        if name in results:
            one = results[name]
            used = f"{one.get('cpu_seconds', float('nan')):.1f} s | {one['gigabytes']:.1f} GB"
            print(f"| {title} | {limit} s | {one['seconds']:.1f} s | {used} |")


def summary(measured: list[dict[str, Any]]) -> dict[str, Any]:
    """The run with the median of seconds."""
    totals = [sum(one["seconds"].values()) for one in measured]
    middle = measured[totals.index(statistics.median_low(totals))]
    seconds = middle["seconds"]
    return {**middle, "seconds": sum(seconds.values()), "steps": seconds}


if __name__ == "__main__":
    main(sys.argv[1:] or [name for name in SCENARIOS if "+" not in name])
