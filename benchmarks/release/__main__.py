"""What a release, a fault and a rollback cost users: `python -m benchmarks.release`.

An open-loop load of 10 messages a second writes to a small bot on this machine's Docker engine, which has to manage a
swarm, while `ratchet` releases, is refused, or goes back. Each row is printed as soon as it is measured, beside the
figures of the fleet before two colours. `--only` takes rows by name, `--folder` keeps the workspace for the next call.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.release import nodes, talks
from benchmarks.release.bench import HEADER, Bench, Row, load_average
from benchmarks.release.cases import CASES, PROCESS, Case
from ratchet.domain.errors import RatchetError

SWARM: dict[str, Case] = {**CASES, "long conversation": talks.long}
NAMES = [*SWARM, "node lost", *PROCESS]


def main() -> int:
    """Parse the options and print the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", choices=NAMES, metavar="ROW", help="; ".join(NAMES))
    parser.add_argument("--folder", type=Path, help="keep the workspaces here, for the next call")
    arguments = parser.parse_args()
    print(HEADER, flush=True)
    with tempfile.TemporaryDirectory(prefix="ratchet-benchmark-") as folder:
        place = arguments.folder or Path(folder)
        for row in rows(place.absolute(), arguments.only or NAMES):
            print(f"{row.text()} <!-- {load_average()} -->", flush=True)
    return 0


def rows(folder: Path, names: Sequence[str]) -> Iterator[Row]:
    """Measure the cases of these names, one after the other."""
    yield from on(Bench(folder / "swarm"), {name: SWARM[name] for name in names if name in SWARM})
    if "node lost" in names:
        yield nodes.lost(folder / "lab")
    for row in on(
        Bench(folder / "process", "process"), {name: PROCESS[name] for name in names if name in PROCESS}
    ):
        row.name = f"process: {row.name}"
        yield row


def on(bench: Bench, cases: dict[str, Case]) -> Iterator[Row]:
    """Measure cases on one workspace, which is stopped at the end; one that breaks does not hide the others."""
    if not cases:
        return
    try:
        bench.open()
        for name, case in cases.items():
            try:
                yield case(bench)
            except (AssertionError, RatchetError) as error:
                print(f"| {name} | **not measured** | | | | | {str(error)[-300:]!r} |", flush=True)
    finally:
        bench.close()


if __name__ == "__main__":
    raise SystemExit(main())
