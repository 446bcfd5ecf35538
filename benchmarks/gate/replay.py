"""Replay ten weeks of builds through four gates, and count what each blocked and let pass.

Run from the repository: `uv run python -m benchmarks.gate.replay`. BANKING77 is looked for in the folder
that RATCHET_PUBLIC_DATA names, else in ../shared/data. Prints tables and writes docs/images/gate-replay.png.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import typer

from benchmarks.gate.builds import WEEKS, Build, Fault, Growth, builds
from benchmarks.gate.plot import draw
from ratchet.domain.corpus.changes import relabelled
from ratchet.domain.gate import paired, rules
from ratchet.domain.gate.evaluation import Evaluation, correctness, evaluate
from ratchet.domain.gate.ramp import RampPoint, RampPolicy, RampStatus, status
from ratchet.domain.gate.verdict import Decision, GatePolicy, decide, judge
from ratchet.domain.wording import percent

IMAGE = Path("docs/images/gate-replay.png")
GROWTHS = (Growth("30% to all of BANKING77", 0.3, 1.0), Growth("20% to 60% of BANKING77", 0.2, 0.6))
TRUE_LOSS = 0.02
BLOCKED = "good builds blocked"
PASSED = "harmful builds passed (true loss > 2 points)"
LOST = "builds that lost an intent, passed"


@dataclass(frozen=True)
class Gate:
    """A way to decide about a build, given the build that this gate last promoted."""

    name: str
    ramp: RampPolicy
    rules: Callable[[Build, Build, RampStatus], Decision]


def target_only(_: Build, __: Build, ramp: RampStatus) -> Decision:
    return decide([rules.target(ramp)])


def non_inferiority(build: Build, champion: Build, _: RampStatus) -> Decision:
    """No more than a point worse than the champion, by the point estimate."""
    policy = GatePolicy(drop_p=1.0, small_holdout_rows=0)
    old = correctness(build.holdout, champion.predictions(build.holdout))
    new = correctness(build.holdout, build.predictions(build.holdout))
    return decide([paired.accuracy(paired.Pair(new, old), policy)])


def ratchet(build: Build, champion: Build, ramp: RampStatus) -> Decision:
    return judge(
        build.holdout,
        build.predictions(build.holdout),
        champion.predictions(build.holdout),
        trained=build.trained,
        champion_trained=champion.trained,
        ramp=ramp,
        policy=GatePolicy(),
        relabelled=relabelled(build.holdout, champion.corpus),
    ).decision


GATES = (
    Gate("ramp", RampPolicy(compare="point", on_miss="reject"), target_only),
    Gate("ramp with tolerance", RampPolicy(compare="interval", on_miss="reject"), target_only),
    Gate("plain non-inferiority", RampPolicy(), non_inferiority),
    Gate("Ratchet", RampPolicy(), ratchet),
)


def replay(gate: Gate, weeks: list[Build], evaluations: list[Evaluation]) -> Iterable[dict[str, object]]:
    """One row for each build after the first, which every gate takes as its champion."""
    champion, history = weeks[0], []
    for build, evaluation in zip(weeks, evaluations, strict=True):
        ramp = status(gate.ramp, history, build.day, evaluation, data_grew=True)
        history.append(RampPoint(build.day, evaluation.accuracy, ramp.target, ramp.miss, data_grew=True))
        if build.week == 0:
            continue
        decision = gate.rules(build, champion, ramp)
        yield {
            "gate": gate.name,
            "week": build.week,
            "fault": build.fault,
            "decision": decision,
            "true_loss": champion.world.mean() - build.world.mean(),
            "accuracy": build.world.mean(),
            "target": ramp.target,
            "served": (build if decision is Decision.PROMOTE else champion).world.mean(),
        }
        if decision is Decision.PROMOTE:
            champion = build


def repeat(growth: Growth, seed: int) -> pd.DataFrame:
    """Every gate's decisions over one seed's ten weeks."""
    weeks = list(builds(growth, seed))
    scores = [evaluate(build.holdout, build.predictions(build.holdout), context=[]) for build in weeks]
    rows = [row for gate in GATES for row in replay(gate, weeks, scores)]
    return pd.DataFrame(rows).assign(growth=growth.name, seed=seed)


def shares(decisions: pd.DataFrame) -> pd.DataFrame:
    """One row for each gate: (hits, of how many builds) for each column."""

    def row(found: pd.DataFrame) -> dict[str, tuple[int, int]]:
        held = found["decision"] != Decision.PROMOTE
        good = found["fault"] == Fault.NONE
        harmful = ~good & (found["true_loss"] > TRUE_LOSS)
        lost = found["fault"] == Fault.LOST
        return {
            BLOCKED: (int((good & held).sum()), int(good.sum())),
            "of them for a person to decide": (
                int((good & (found["decision"] == Decision.ASK)).sum()),
                int(good.sum()),
            ),
            PASSED: (int((harmful & ~held).sum()), int(harmful.sum())),
            "faulty builds passed, harmful or not": (int((~good & ~held).sum()), int((~good).sum())),
            LOST: (int((lost & ~held).sum()), int(lost.sum())),
        }

    names = [gate.name for gate in GATES]
    return pd.DataFrame({name: row(decisions[decisions["gate"] == name]) for name in names}).T


def markdown(table: pd.DataFrame) -> str:
    """The table for people, each cell as 'hits of builds (share)'."""
    lines = [["gate", *table.columns], ["---"] * (len(table.columns) + 1)]
    for gate, row in table.iterrows():
        cells = [f"{hits} of {count} ({percent(hits / max(count, 1))})" for hits, count in row]
        lines.append([str(gate), *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(repeats: int = 40, jobs: int = 2, plot: Path = IMAGE) -> None:
    """Replay each growth `repeats` times."""
    begin = time.monotonic()
    runs = [(growth, seed) for growth in GROWTHS for seed in range(repeats)]
    with ProcessPoolExecutor(jobs) as pool:
        decisions = pd.concat(pool.map(repeat, *zip(*runs, strict=True)), ignore_index=True)
    tables = {growth.name: shares(decisions[decisions["growth"] == growth.name]) for growth in GROWTHS}
    for name, table in tables.items():
        print(f"\n{name}, {repeats} repeats\n\n{markdown(table)}")
    draw(tables, (BLOCKED, PASSED, LOST), plot)
    print(f"\n{len(runs) * WEEKS} builds judged by each gate in {time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    typer.run(main)
