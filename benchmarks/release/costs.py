"""What a release on a swarm costs: `python -m benchmarks.release.costs`.

In a new workspace with BANKING77 and on this machine's Docker engine, which has to manage a swarm, it measures the
whole `ratchet retrain` with its steps, the build of a model layer, the size of the image, and `ratchet rollback`, each
at least three times. The first release, which builds the runtime image and starts proxy and store, is shown apart.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from pathlib import Path

from benchmarks.workspace import main, new_workspace

STACK, PORT = "ratchet-benchmark", 15405
FLEET = {
    "RATCHET_TARGET": "swarm",
    "RATCHET_STACK": STACK,
    "RATCHET_PORT": str(PORT),
    "RATCHET_OPERATION_PORT": str(PORT + 1),
}


def measure(data: Path, repeats: int) -> None:
    """Print the medians."""
    wholes, all_steps, rollbacks, backs = [], [], [], []
    with new_workspace(FLEET) as workspace:
        workspace.ratchet("ingest", data)
        first, steps = workspace.ratchet("retrain")
        package, stage = steps["package"], steps["stage"]
        print(f"first release: {first:.0f} s, of it package {package:.1f} s, stage {stage:.1f} s")
        for number in range(repeats):
            workspace.new_seed(number + 2)
            whole, steps = workspace.ratchet("retrain")
            wholes.append(whole)
            all_steps.append(steps)
            whole, steps = workspace.ratchet("rollback")
            rollbacks.append(whole)
            backs.append(steps["revert"])
        size = image_size()
    print("\n| figure | median | worst |\n| --- | --- | --- |")
    row("`ratchet retrain --target swarm`, 13k messages, whole", wholes)
    for name in ("train", "evaluate", "package", "stage", "deploy"):
        row(f"… {name}", [steps[name] for steps in all_steps])
    row("`ratchet rollback`, whole command", rollbacks)
    row("… revert: all traffic back, while the release before is warm", backs)
    print(f"\nimage: {size / 1e9:.2f} GB; load average at the end: {os.getloadavg()[0]:.1f}")


def row(name: str, seconds: list[float]) -> None:
    """Print one row."""
    print(f"| {name} | {statistics.median(seconds):.1f} s | {max(seconds):.1f} s |")


def image_size() -> int:
    """Bytes of the image that was released last."""
    found = subprocess.run(
        ["docker", "image", "inspect", f"{STACK}:latest"], check=True, capture_output=True, text=True
    )
    return int(json.loads(found.stdout)[0]["Size"])


if __name__ == "__main__":
    raise SystemExit(main(__doc__ or "", measure))
