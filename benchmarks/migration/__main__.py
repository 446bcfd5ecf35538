"""Bring Rasa projects over and play their test stories with both: `python -m benchmarks.migration DIR…`.

For each folder: `ratchet init --from`, with its seconds, messages and what was left behind; with `--release` also
`ratchet retrain`. Then the project's own test stories, with intents given and in full, by Ratchet's fast pipeline and,
with `--tensorflow PYTHON` (an environment with the group `tensorflow`), by the original (`rasa train` on the project's
own configuration, domain and dialogue) and by `--pipeline own`. All three are trained on the same messages: those that
the corpus took.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.migration.lost import excused, lost_lines
from benchmarks.migration.original import original
from benchmarks.migration.trained import Outcome, own, ratchet

RATCHET = [str(Path(sys.executable).with_name("ratchet"))]
HEAD = "| project | seconds | messages taken, left | left behind | released | original | fast | own |"


def parse() -> argparse.Namespace:
    """Arguments of the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.migration", description=__doc__)
    parser.add_argument("projects", nargs="+", type=Path, metavar="DIR")
    parser.add_argument(
        "--tensorflow", type=Path, metavar="PYTHON", help="train the originals too, in this environment"
    )
    parser.add_argument("--own", action="store_true", help="train `--pipeline own` too")
    parser.add_argument("--release", action="store_true", help="also run `ratchet retrain`")
    parser.add_argument("--keep", type=Path, help="keep the workspaces in this folder")
    return parser.parse_args()


def main() -> None:
    """Print one row a project, and each story that the original passes and Ratchet does not."""
    arguments = parse()
    lines, lost = [HEAD, "|" + " --- |" * 8], list[str]()
    with tempfile.TemporaryDirectory(prefix="ratchet-migration-") as scratch:
        folder = arguments.keep or Path(scratch)
        for project in arguments.projects:
            line, more = one(project.absolute(), folder / project.name, arguments)
            lines.append(line)
            lost += more
            print("\n".join([*lines[:2], line, *more]), flush=True)
    print("\n".join(["", *lines, "", *lost]))


def one(project: Path, workspace: Path, arguments: argparse.Namespace) -> tuple[str, list[str]]:
    """Return the row of a project and its lost stories."""
    shutil.rmtree(workspace, ignore_errors=True)
    started = time.perf_counter()
    done = subprocess.run(
        [*RATCHET, "init", str(workspace), "--from", str(project), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        return (
            f"| {project.name} | {seconds:.0f} | refused: {done.stderr.strip().splitlines()[-1]} | | | | | |",
            [],
        )
    brought = json.loads(done.stdout)
    released = release(workspace) if arguments.release else "not asked"
    fast = ratchet(workspace)
    theirs = (
        original(project, workspace, arguments.tensorflow) if arguments.tensorflow else Outcome("not trained")
    )
    mine = (
        own(workspace, arguments.tensorflow)
        if arguments.tensorflow and arguments.own
        else Outcome("not trained")
    )
    left = sorted({row["what"] for row in brought["rows"] if row["kind"] == "left"})
    cells = [
        project.name,
        f"{seconds:.0f}",
        f"{brought['messages']}, {brought['faulty']}",
        ", ".join(left) or "nothing",
        released,
        str(theirs),
        str(fast),
        str(mine),
    ]
    found = lost_lines(project.name, theirs, fast)
    if found and not excused(theirs, fast):
        found.append(
            f"{project.name}: a story was lost to something else than TEDPolicy or UnexpecTEDIntentPolicy"
        )
    return "| " + " | ".join(cells) + " |", found


def release(workspace: Path) -> str:
    """Run `ratchet retrain`, stop what it serves, and say whether the model was released."""
    done = subprocess.run([*RATCHET, "retrain"], cwd=workspace, capture_output=True, text=True, check=False)
    subprocess.run([*RATCHET, "stop"], cwd=workspace, capture_output=True, check=False)
    said = (done.stdout + done.stderr).strip().splitlines()
    return "yes" if done.returncode == 0 else f"no: {said[-1][:120] if said else done.returncode}"


if __name__ == "__main__":
    main()
