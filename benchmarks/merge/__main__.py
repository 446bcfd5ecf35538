"""How long it takes, and how much memory, to merge 1,000 messages of two people into a large corpus.

Run `python -m benchmarks.merge [ROWS]`, by default a million. The messages are made from CLINC150
(`benchmarks.ingest`); the large corpus gets its sides from its keys, without looking for near-duplicates, which would
take a quarter of an hour and is not measured here. Each clone then has 500 messages of its own, with sides that the
ledger's rules gave.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from benchmarks import public
from benchmarks.ingest.growth import grow
from ratchet.adapters.corpus import data_folder, dvc, merges
from ratchet.adapters.settings import load_settings
from ratchet.adapters.system.threads import in_threads
from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.neighbours import Work
from ratchet.domain.corpus.questions import NONE
from tests.clones import Clone, team

EACH = 500


def put(clone: Clone, messages: pd.DataFrame, book: pd.DataFrame, commit: str) -> None:
    """Store a corpus and commit it."""
    folder = data_folder.staging(clone.workspace)
    data_folder.write(folder, messages, book, clone.settings.params.split)
    pointer = dvc.add(clone.workspace, folder)
    dvc.push(clone.workspace, pointer.revision)
    data_folder.swap(clone.workspace, pointer)
    clone.git("commit", "-qam", commit)


def prepare(folder: Path, rows: int) -> Clone:
    """Two clones that both took messages in; the one that pulled has a conflict in data.dvc."""
    one, other = team(folder)
    policy = one.settings.params.split
    grown = (
        grow(public.read("clinc150")[["text", "intent"]], rows + 2 * EACH).assign(source="x").astype("str")
    )
    base = grown[:rows]
    texts = ledger.distinct(base, policy, 2).sort_values("key")
    sides = ["test" if int(key[:2], 16) < 64 else "train" for key in texts["key"]]
    book = pd.DataFrame({"key": texts["key"], "side": sides, "first_seen": "2026-01-01"}, dtype="str")
    book = ledger.complete(book.assign(form=2))
    put(one, base, book, "Data: large")
    one.git("push", "-q")
    other.git("pull", "-q")
    for clone, start in ((other, rows), (one, rows + EACH)):
        frame = pd.concat([base, grown[start : start + EACH]], ignore_index=True)
        put(
            clone,
            frame,
            ledger.assign(frame, book, policy, "2026-01-02", Work(spread=in_threads)),
            "Data: 500",
        )
    other.git("push", "-q")
    assert one.try_git("pull", "-q") != 0
    return one


def measure(workspace: Path) -> None:
    """Merge, and print seconds by the clock and of processors, and the peak of memory in GB."""
    started = time.perf_counter()
    done = merges.merge(load_settings(workspace, target="process"), NONE, None, lambda text: None)
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    assert done.state == "merged", done
    figures = {
        "seconds": seconds,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "gigabytes": used.ru_maxrss / 1e6,
    }
    print(json.dumps({**figures, "account": done.account.as_dict() if done.account else {}}, indent=2))


def main(rows: int) -> None:
    """Prepare two clones and measure the merge."""
    with tempfile.TemporaryDirectory(prefix="ratchet-merge-") as made:
        clone = prepare(Path(made), rows)
        argv = [sys.executable, "-m", "benchmarks.merge", "--measure", str(clone.workspace)]
        subprocess.run(argv, check=True, cwd=public.ROOT)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
