"""Say how long tests took.

    python .ci/seconds.py fast                   after a run: its 20 slowest tests, and the sums by folder
    python .ci/seconds.py --part check=31 …      after all runs: one table, and the skipped tests with their reasons

A run of pytest leaves `.ratchet/tests/NAME.xml` (JUnit); this makes `NAME.json` of it, which has the run's seconds
and for each test its seconds (set-up and end included), outcome, and the reason of a skip. The table ends with exit
code 1 where a test on a real engine was skipped: a promise without its proof.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

FOLDER = Path(__file__).resolve().parents[1] / ".ratchet" / "tests"
SLOWEST = 20
RUNS = ("fast", "bot", "engines", "bot-engines")
ENGINES = ("engines", "bot-engines")
OUTCOMES = {"error": "failed", "failure": "failed", "skipped": "skipped"}
"""What JUnit's elements mean, the worst first."""


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and print; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", nargs="?", help="name of the run that just ended")
    parser.add_argument("--part", action="append", default=[], metavar="NAME=SECONDS", help="for the table")
    parser.add_argument("--folder", type=Path, default=FOLDER, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.run:
        run = read(args.folder / f"{args.run}.xml")
        (args.folder / f"{args.run}.json").write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
        print("\n".join(slowest(run)))
        return 0
    files = {name: args.folder / f"{name}.json" for name in RUNS}
    runs = {name: json.loads(file.read_text("utf-8")) for name, file in files.items() if file.exists()}
    parts = {name: float(seconds) for name, _, seconds in (part.partition("=") for part in args.part)}
    print("\n".join(table(parts, runs)))
    wrong = [f"Not run: {name}" for name in RUNS if name not in runs]
    wrong += [f"Not proved here: {test}" for name in ENGINES if name in runs for test in skipped(runs[name])]
    print("\n".join(wrong))
    return 1 if wrong else 0


def read(file: Path) -> dict[str, Any]:
    """Return what a JUnit file says: `seconds` of the run, and of each test `seconds`, `outcome` and `reason`."""
    suite = ElementTree.parse(file).getroot().find("testsuite")  # noqa: S314 (pytest has just written it)
    assert suite is not None, file
    tests = {f"{case.get('classname')}::{case.get('name')}": test(case) for case in suite.iter("testcase")}
    return {"seconds": float(suite.get("time", 0)), "tests": tests}


def test(case: ElementTree.Element) -> dict[str, Any]:
    """Return the record of one test."""
    ends = {child.tag: child.get("message", "") for child in case}
    outcome = next((OUTCOMES[tag] for tag in OUTCOMES if tag in ends), "passed")
    return {
        "seconds": float(case.get("time", 0)),
        "outcome": outcome,
        "reason": ends["skipped"] if outcome == "skipped" else "",
    }


def slowest(run: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines on one run."""
    tests = sorted(run["tests"].items(), key=lambda item: -item[1]["seconds"])
    yield f"\nThe {min(SLOWEST, len(tests))} slowest of {len(tests)} tests ({run['seconds']:.0f} s by the clock):"
    for name, found in tests[:SLOWEST]:
        yield f"{found['seconds']:7.1f} s  {name}"
    sums: dict[str, float] = defaultdict(float)
    for name, found in tests:
        sums["/".join(name.partition("::")[0].split(".")[:-1])] += found["seconds"]
    yield "Sums by folder:"
    for folder, seconds in sorted(sums.items(), key=lambda item: -item[1]):
        yield f"{seconds:7.1f} s  {folder or '.'}"


def table(parts: Mapping[str, float], runs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the table of all parts, the total last, and the reasons of skips with their counts."""
    rows: dict[str, tuple[float, list[str]]] = {name: (seconds, []) for name, seconds in parts.items()}
    reasons: Counter[tuple[str, str]] = Counter()
    for name, run in runs.items():
        counts = Counter(found["outcome"] for found in run["tests"].values())
        rows[name] = run["seconds"], [f"{counts[outcome]:,}" for outcome in ("passed", "failed", "skipped")]
        reasons.update((name, found["reason"]) for found in run["tests"].values() if found["reason"])
    yield f"\n{'part':<14}{'time':>12}{'passed':>9}{'failed':>9}{'skipped':>9}"
    for name in sorted(rows, key=lambda name: name == "total"):
        seconds, cells = rows[name]
        clock = f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"
        yield f"{name:<14}{clock:>12}" + "".join(f"{cell:>9}" for cell in cells)
    for (name, reason), count in sorted(reasons.items()):
        yield f"skipped in {name}: {count} × {reason}"


def skipped(run: Mapping[str, Any]) -> list[str]:
    """Return the skipped tests of a run with their reasons."""
    tests = run["tests"].items()
    return [f"{name}: {found['reason']}" for name, found in tests if found["outcome"] == "skipped"]


if __name__ == "__main__":
    sys.exit(main())
