"""What a retrain costs besides training, staging and evaluation: `.venv/bin/python benchmarks/retrain/run.py`.

In a new workspace with BANKING77 it measures, at least three times each, a retrain with something new (another
seed) and one with nothing changed. Orchestration is the time of the whole command less the steps that wait for
Rasa: train, evaluate and stage. The first retrain, which sets MLflow's database up, is left out.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RATCHET = ROOT / ".venv" / "bin" / "ratchet"
LINE = re.compile(r"^✓ (\w+) +([\d.]+) s", re.MULTILINE)
WAITING = ("train", "evaluate", "stage")


def ratchet(workspace: Path, *words: str) -> tuple[float, dict[str, float]]:
    """Run a command; return its duration and those of its steps, in seconds."""
    started = time.perf_counter()
    argv = [str(RATCHET), "--workspace", str(workspace), *words]
    done = subprocess.run(argv, check=True, text=True, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started, {name: float(took) for name, took in LINE.findall(done.stderr)}


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "banking77.csv")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    if not arguments.data.exists():
        print(f"error: {arguments.data} does not exist. Name a CSV with --data.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="ratchet-benchmark-") as folder:
        workspace = Path(folder) / "banking"
        subprocess.run([str(RATCHET), "init", str(workspace)], check=True, stdout=subprocess.DEVNULL)
        try:
            measure(workspace, arguments.data, arguments.repeats)
        finally:
            subprocess.run([str(RATCHET), "--workspace", str(workspace), "stop"], check=False)
    return 0


def measure(workspace: Path, data: Path, repeats: int) -> None:
    """Print the medians."""
    first, _ = ratchet(workspace, "ingest", str(data))
    print(f"first ingest, with the start of the Prefect server: {first:.1f} s")
    ratchet(workspace, "retrain")
    params = workspace / "params.yaml"
    orchestration, whole, unchanged = [], [], []
    for number in range(repeats):
        text = re.sub(r"^  seed: .*$", f"  seed: {number + 2}", params.read_text(), flags=re.MULTILINE)
        params.write_text(text)
        took, steps = ratchet(workspace, "retrain")
        whole.append(took)
        orchestration.append(took - sum(steps.get(name, 0.0) for name in WAITING))
        unchanged.append(ratchet(workspace, "retrain")[0])
    print("| figure | median s | all |\n| --- | --- | --- |")
    for name, times in (
        ("retrain with a new seed, whole command", whole),
        ("of it orchestration", orchestration),
        ("retrain with nothing changed", unchanged),
    ):
        print(f"| {name} | {statistics.median(times):.1f} | {', '.join(f'{t:.1f}' for t in times)} |")


if __name__ == "__main__":
    sys.exit(main())
