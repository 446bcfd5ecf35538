"""What a retrain costs besides training, staging and evaluation: `python -m benchmarks.retrain`.

In a new workspace with BANKING77 it measures, at least three times each, a retrain with something new (another
seed) and one with nothing changed. Orchestration is the time of the whole command less the steps that wait for
Rasa: train, evaluate and stage. The first retrain, which sets MLflow's database up, is left out.
"""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks.workspace import main, new_workspace

WAITING = ("train", "evaluate", "stage")


def measure(data: Path, repeats: int) -> None:
    """Print the medians."""
    whole, orchestration, unchanged = [], [], []
    with new_workspace() as workspace:
        first, _ = workspace.ratchet("ingest", data)
        print(f"first ingest, with the start of the Prefect server: {first:.1f} s")
        workspace.ratchet("retrain")
        for number in range(repeats):
            workspace.new_seed(number + 2)
            took, steps = workspace.ratchet("retrain")
            whole.append(took)
            orchestration.append(took - sum(steps.get(name, 0.0) for name in WAITING))
            unchanged.append(workspace.ratchet("retrain")[0])
    print("| figure | median s | all |\n| --- | --- | --- |")
    for name, times in (
        ("retrain with a new seed, whole command", whole),
        ("of it orchestration", orchestration),
        ("retrain with nothing changed", unchanged),
    ):
        print(f"| {name} | {statistics.median(times):.1f} | {', '.join(f'{t:.1f}' for t in times)} |")


if __name__ == "__main__":
    raise SystemExit(main(__doc__ or "", measure))
