"""What a retrain costs besides Rasa's work, and what a quick command costs: `python -m benchmarks.retrain`.

In a new workspace with BANKING77 it measures, at least three times each, a retrain with something new (another
seed), one with nothing changed, `ratchet status`, `ratchet history` and `import prefect` alone, by turns, so that all
meet the same load of the machine. Orchestration is the time of the whole command less the steps that wait for Rasa:
train, evaluate and stage. The first retrain, which sets MLflow's database up, is left out.

Evaluation is the step `evaluate`, in which candidate and champion answer the holdout and all else that the gate looks
at; it is printed for the example too, and beside its bound on two quiet cores.
"""

from __future__ import annotations

import statistics
import subprocess
import time
from collections import defaultdict
from pathlib import Path

from benchmarks import public
from benchmarks.workspace import main, new_workspace

WAITING = ("train", "evaluate", "stage")
PYTHON = public.ROOT / ".venv" / "bin" / "python"
PREFECT, UNCHANGED = "import prefect", "retrain with nothing changed"
EXAMPLE = "helpdesk"
EVALUATIONS = defaultdict(
    lambda: "evaluation",
    helpdesk="evaluation of the example, bound 10 s",
    banking77="evaluation of BANKING77, bound 15 s",
)


def measure(data: Path, repeats: int) -> None:
    """Print the medians, and those of the quick commands as multiples of `import prefect`."""
    times: dict[str, list[float]] = {}

    def note(name: str, seconds: float) -> None:
        times.setdefault(name, []).append(seconds)

    with new_workspace(example=EXAMPLE) as workspace:
        workspace.ratchet("retrain")
        for number in range(repeats):
            workspace.new_seed(number + 2)
            note(EVALUATIONS[EXAMPLE], workspace.ratchet("retrain")[1]["evaluate"])
    with new_workspace() as workspace:
        first, _ = workspace.ratchet("ingest", data)
        print(f"first ingest, with the start of the Prefect server: {first:.1f} s")
        workspace.ratchet("retrain")
        for number in range(repeats):
            workspace.new_seed(number + 2)
            took, steps = workspace.ratchet("retrain")
            note("retrain with a new seed, whole command", took)
            note(EVALUATIONS[data.stem], steps["evaluate"])
            note("of it orchestration", took - sum(steps.get(name, 0.0) for name in WAITING))
            note(PREFECT, import_prefect())
            note(UNCHANGED, workspace.ratchet("retrain")[0])
            note("status", workspace.ratchet("status")[0])
            note("history", workspace.ratchet("history")[0])
    print("| figure | median s | all |\n| --- | --- | --- |")
    for name, taken in times.items():
        print(f"| {name} | {statistics.median(taken):.1f} | {', '.join(f'{t:.1f}' for t in taken)} |")
    print("\n| command | times `import prefect`, median of each turn's ratio |\n| --- | --- |")
    for name in ("status", "history", UNCHANGED):
        ratios = [one / base for one, base in zip(times[name], times[PREFECT], strict=True)]
        print(f"| {name} | {statistics.median(ratios):.2f} |")


def import_prefect() -> float:
    """Return the seconds that a Python takes which imports Prefect and does nothing."""
    started = time.perf_counter()
    subprocess.run([PYTHON, "-c", "import prefect"], check=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    raise SystemExit(main(__doc__ or "", measure))
