"""What growth costs: `python -m benchmarks.growth [--measured FILE]` prints tables and writes docs/images/growth.svg.

Measured here: an event's bytes, the monitor's questions to a million events, a message's bytes. Measured by other
benchmarks, and read from their results: ingest, start of a replica. The rest is extrapolated or simulated, and says so.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from pathlib import Path
from typing import Any

from benchmarks import public
from benchmarks.growth import measure
from benchmarks.growth.rollouts import Speed, rollout
from ratchet.domain.wording import percent

RESULTS = Path(__file__).with_name("results.json")
PICTURE = public.ROOT / "docs" / "images" / "growth.svg"
INGEST = Path(__file__).parents[1] / "ingest" / "results.json"
CORPUS = {"banking77": 13_083, "clinc150": 23_700, "100k": 100_000, "1m": 1_000_000}
SPEED = Speed(healthy=4.35, spread=0.5, monitor=5.0, pause=1.0)
"""Two replicas took 18.7 s (docs/fleet.md), hence 9.35 s each with the 5 s of `monitor`; `delay` is 1 s."""
REPLICAS = (2, 10, 32, 100, 300, 1000)
PARALLEL = (1, 10, 50)
PEAK = 10
SEEDS = range(200)


def exponent(small: tuple[float, float], large: tuple[float, float]) -> float:
    """The power with which the second numbers of two points grow with the first."""
    return math.log(large[1] / small[1]) / math.log(large[0] / small[0])


def ingests() -> dict[str, Any]:
    """First ingests and updates as measured, and ten million rows by the power between the last two points."""
    known = json.loads(INGEST.read_text())
    first = {rows: known[name] for name, rows in CORPUS.items()}
    power = exponent((1e5, first[100_000]["cpu_seconds"]), (1e6, first[1_000_000]["cpu_seconds"]))
    updates = {
        rows: known[name]["cpu_seconds"] for rows, name in ((100_000, "100k+1k"), (1_000_000, "1m+1k"))
    }
    slope = (updates[1_000_000] - updates[100_000]) / 900_000
    memory = (first[1_000_000]["gigabytes"] - first[100_000]["gigabytes"]) / 900_000
    return {
        "first": {rows: [one["cpu_seconds"], one["gigabytes"]] for rows, one in first.items()},
        "power": power,
        "first_10m_hours": first[1_000_000]["cpu_seconds"] * 10**power / 3600,
        "update_10m_seconds": updates[1_000_000] + slope * 9_000_000,
        "memory_10m_gb": first[1_000_000]["gigabytes"] + memory * 9_000_000,
    }


def rollouts() -> list[dict[str, Any]]:
    """Simulated rollouts: seconds without failures, and how many of 200 go back when one start in 1,000 fails."""
    found = []
    for replicas in REPLICAS:
        for parallel in PARALLEL:
            if parallel > replicas:
                continue
            good = [rollout(replicas, parallel, SPEED, 0.0, seed) for seed in SEEDS]
            assert {one.outcome for one in good} == {"done"}
            bad = [rollout(replicas, parallel, SPEED, 0.001, seed) for seed in SEEDS]
            found.append(
                {
                    "replicas": replicas,
                    "parallelism": parallel,
                    "seconds": statistics.median(one.seconds for one in good),
                    "went_back": sum(one.outcome == "rolled back" for one in bad) / len(bad),
                    "judged_ms": statistics.median(one.judged_ms for one in good),
                }
            )
    return found


def simulate(measured: dict[str, Any]) -> dict[str, Any]:
    """All figures from what was measured."""
    last = measured["events"][-1]
    return {
        **measured,
        "event_bytes": last["bytes"] / last["rows"],
        "ingest": ingests(),
        "rollouts": rollouts(),
    }


def tables(found: dict[str, Any]) -> str:
    """The tables as Markdown."""
    lines = [
        "| messages a month | a second, at the peak | events, 30 days | replicas for the peak |",
        "| --- " * 4 + "|",
    ]
    for month in (100_000, 1_000_000, 10_000_000, 100_000_000):
        peak = PEAK * month / measure.MONTH
        replicas = max(2, math.ceil(peak / 50) + 1)
        size = month * found["event_bytes"] / 1e9
        lines.append(f"| {month:,} | {peak:,.1f} | {size:,.2f} GB | {replicas} |")
    lines += [
        "",
        "| rows in the events database | last 5 minutes | next window of drift |",
        "| --- " * 3 + "|",
    ]
    for one in found["events"]:
        asked = f"{1000 * one['window_seconds']:.0f} ms | {1000 * one['drift_seconds']:.0f} ms"
        lines.append(f"| {one['rows']:,} | {asked} |")
    ingest = found["ingest"]
    lines += ["", "| corpus | first ingest, processor | memory | data/ |", "| --- " * 4 + "|"]
    for rows, (cpu, memory) in ingest["first"].items():
        size = int(rows) * found["corpus_bytes"] / 1e6
        lines.append(f"| {int(rows):,} | {cpu:,.0f} s | {memory:.1f} GB | {size:,.0f} MB |")
    lines.append(
        f"| 10,000,000 (extrapolated) | {ingest['first_10m_hours']:.0f} h | {ingest['memory_10m_gb']:.0f} GB "
        f"| {10 * found['corpus_bytes']:,.0f} MB |"
    )
    lines.append(f"\n1,000 new rows into 10,000,000: {ingest['update_10m_seconds']:.0f} s (extrapolated).")
    lines += ["", "| replicas | parallelism | rollout | went back | one judgement |", "| --- " * 5 + "|"]
    for one in found["rollouts"]:
        figures = f"{one['seconds']:,.0f} s | {percent(one['went_back'], 0)} | {one['judged_ms']:.1f} ms"
        lines.append(f"| {one['replicas']:,} | {one['parallelism']} | {figures} |")
    return "\n".join(lines)


def main() -> None:
    """Measure unless told what was measured, simulate, print, draw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth")
    parser.add_argument("--measured", type=Path, help="results.json of an earlier run: measure nothing again")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.measured:
        known = json.loads(arguments.measured.read_text())
        measured = {name: known[name] for name in ("events", "corpus_bytes")}
    else:
        texts = public.read("clinc150")[["text", "intent"]].drop_duplicates("text")
        measured = {
            "events": measure.events(texts, arguments.seed),
            "corpus_bytes": measure.corpus_bytes(texts),
        }
    found = simulate(measured)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    print(tables(found))
    from benchmarks.growth.plot import draw

    draw(found, PICTURE)


if __name__ == "__main__":
    main()
