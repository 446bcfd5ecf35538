"""What a release on a swarm costs: `.venv/bin/python benchmarks/release/run.py`.

In a new workspace with BANKING77 and on this machine's Docker engine, which has to manage a swarm, it measures the
whole `ratchet retrain` with its steps, the build of a model layer, the size of the image, and `ratchet rollback`, each
at least three times. The first release, which builds the runtime image and starts proxy and store, is shown apart.
"""

from __future__ import annotations

import argparse
import json
import os
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
STACK, PORT = "ratchet-benchmark", 15405
FLEET = {
    "RATCHET_TARGET": "swarm",
    "RATCHET_STACK": STACK,
    "RATCHET_PORT": str(PORT),
    "RATCHET_OPERATION_PORT": str(PORT + 1),
}


def ratchet(workspace: Path, *words: str) -> tuple[float, dict[str, float]]:
    """Run a command; return its duration and those of its steps, in seconds."""
    started = time.perf_counter()
    argv = [str(RATCHET), "--workspace", str(workspace), *words]
    done = subprocess.run(
        argv, env={**os.environ, **FLEET}, text=True, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    if done.returncode:
        raise SystemExit(done.stderr)
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
            ratchet(workspace, "ingest", str(arguments.data))
            measure(workspace, arguments.repeats)
        finally:
            ratchet(workspace, "stop")
    return 0


def measure(workspace: Path, repeats: int) -> None:
    """Print the medians."""
    first, steps = ratchet(workspace, "retrain")
    print(
        f"first release: {first:.0f} s, of it package {steps['package']:.1f} s, stage {steps['stage']:.1f} s"
    )
    wholes, all_steps, rollbacks, backs = [], [], [], []
    params = workspace / "params.yaml"
    for number in range(repeats):
        text = re.sub(r"^  seed: .*$", f"  seed: {number + 2}", params.read_text(), flags=re.MULTILINE)
        params.write_text(text)
        whole, steps = ratchet(workspace, "retrain")
        wholes.append(whole)
        all_steps.append(steps)
        whole, steps = ratchet(workspace, "rollback")
        rollbacks.append(whole)
        backs.append(steps["deploy"])
    print("\n| figure | median | worst |\n| --- | --- | --- |")
    row("`ratchet retrain --target swarm`, 13k messages, whole", wholes)
    for name in ("train", "evaluate", "package", "stage", "deploy"):
        row(f"… {name}", [steps[name] for steps in all_steps])
    row("`ratchet rollback`, whole command", rollbacks)
    row("… deploy: every replica back", backs)
    print(f"\nimage: {image_size() / 1e9:.2f} GB; load average at the end: {os.getloadavg()[0]:.1f}")


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
    raise SystemExit(main())
