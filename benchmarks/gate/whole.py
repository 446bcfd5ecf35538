"""How good is the gate for the whole bot? Builds with intents, entities and conversations, a quarter of them faulty.

Run from the repository: `uv run python -m benchmarks.gate.whole`. Ten weeks each: honest builds get a little better,
faulty ones lose what a fault takes; the champion is what the gate promoted last. What a build is worth is measured on
20,000 messages that the gate never sees. Every decision is made by the gate's own code with the policy as it comes.
Prints tables and writes docs/images/gate-whole.png.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

from benchmarks.gate.plot import draw as draw_plot
from benchmarks.gate.population import (
    INTENTS,
    LABELS,
    Answers,
    Messages,
    Skill,
    ask,
    draw,
    predictions,
    talks,
    understood,
    worth,
)
from benchmarks.gate.replay import markdown
from ratchet.domain.corpus.annotations import label
from ratchet.domain.gate import conversations, entity_rules, entity_sheet
from ratchet.domain.gate.conversations import Met
from ratchet.domain.gate.evaluation import evaluate
from ratchet.domain.gate.played import Outcome
from ratchet.domain.gate.ramp import RampPolicy, status
from ratchet.domain.gate.rules import Rule
from ratchet.domain.gate.verdict import Decision, GatePolicy, TrainingFacts, Verdict, judge
from ratchet.domain.wording import percent

IMAGE = Path("docs/images/gate-whole.png")
WORLD, WEEKS, FAULTY_SHARE, TRUE_LOSS = 20_000, 10, 0.25, 0.02
GROWTH = 0.04, 0.02
"""What a week adds to the skill, and how much that varies."""
FACTS = TrainingFacts({f"intent_{number}": 100 for number in range(INTENTS)}, "simulated")
BESIDE = ("entit", "conversation")
"""How the rules begin that a gate for intents alone has not."""
BLOCKED, ASKED = "good builds blocked", "of them for a person to decide"
PASSED = "losses over 2 points passed"
FAULTS: dict[str, Callable[[np.random.Generator], Skill]] = {
    "all intents worse": lambda random: Skill(intents=-random.uniform(0.1, 1.0)),
    "all entities worse": lambda random: Skill(entities=-random.uniform(0.1, 1.0)),
    "one label missed": lambda random: Skill(
        missing={names()[random.integers(len(LABELS))]: random.uniform(0.2, 1.0)}
    ),
    "roles confused": lambda random: Skill(confused=random.uniform(0.1, 0.6)),
    "synonyms lost": lambda _: Skill(bare=True),
}


@dataclass(frozen=True)
class Build:
    """One week's candidate: its fault ("" for none), what it answers to the holdout, what it is worth in the world.

    `talks` says which conversations go as written in full.
    """

    week: int
    fault: str
    answers: Answers
    worth: tuple[float, float]
    talks: NDArray[np.bool_]


PARTS: tuple[Callable[[Messages, Build, Build, GatePolicy], list[Rule]], ...] = (
    lambda holdout, new, old, policy: entity_rules.found(lined_up(holdout, new, old), policy),
    lambda _, new, old, policy: conversations.understood(met(new, old), policy),
)
"""What the gate looks at besides the intents; each returns its rules on a candidate and a champion."""


def names() -> list[str]:
    """The labels by name."""
    return [label(*one) for one in LABELS]


def lined_up(holdout: Messages, new: Build, old: Build) -> entity_sheet.Sheet:
    """The sheet of entities of two builds."""
    said = (predictions(holdout, build.answers) for build in (new, old))
    return entity_sheet.sheet(holdout.frame, *said, known={})


def met(new: Build, old: Build) -> list[Met]:
    """The conversations of two builds: with their intents given all go as written, because the code is the same."""
    fine, wrong = Outcome(), Outcome(("misunderstood",))
    pairs = zip(new.talks, old.talks, strict=True)
    return [
        Met("conversation", "", str(number), fine, fine, fine if now else wrong, fine if then else wrong)
        for number, (now, then) in enumerate(pairs)
    ]


def builds(rows: int, seed: int) -> tuple[Messages, Iterator[Build]]:
    """The holdout, and the builds of weeks 0 to 10, the first of them sound."""
    random = np.random.default_rng([seed, rows])
    holdout, world = draw(rows, random), draw(WORLD, random)
    talking = np.random.default_rng([seed, rows, 1])
    turns = talks(talking)

    def made() -> Iterator[Build]:
        level = Skill()
        for week in range(WEEKS + 1):
            grown = Skill(level.intents + random.normal(*GROWTH), level.entities + random.normal(*GROWTH))
            fault = str(random.choice(list(FAULTS))) if week and random.random() < FAULTY_SHARE else ""
            skill = grown
            if fault:
                taken = FAULTS[fault](random)
                skill = replace(
                    taken, intents=grown.intents + taken.intents, entities=grown.entities + taken.entities
                )
            answers, told = ask(holdout, skill, random), understood(turns, skill, talking)
            yield Build(week, fault, answers, worth(world, ask(world, skill, random)), told)
            level = grown

    return holdout, made()


def decide(holdout: Messages, build: Build, champion: Build, policy: GatePolicy) -> Verdict:
    """The gate's verdict."""
    said = predictions(holdout, build.answers)
    ramp = status(
        RampPolicy(),
        [],
        date(2026, 1, 5) + timedelta(weeks=build.week),
        evaluate(holdout.frame, said, context=[]),
        True,
    )
    return judge(
        holdout.frame,
        said,
        predictions(holdout, champion.answers),
        trained=FACTS,
        champion_trained=FACTS,
        ramp=ramp,
        policy=policy,
        beside=[rule for part in PARTS for rule in part(holdout, build, champion, policy)],
    )


def repeat(rows: int, seed: int) -> pd.DataFrame:
    """The decisions over one seed's ten weeks, by the gate and by the gate that looks at intents alone."""
    found = []
    holdout, made = builds(rows, seed)
    weeks = list(made)
    for gate in ("intents alone", "Ratchet"):
        champion = weeks[0]
        for build in weeks[1:]:
            verdict = decide(holdout, build, champion, GatePolicy())
            if gate == "intents alone":
                kept = [rule for rule in verdict.rules if not rule.name.startswith(BESIDE)]
                verdict = Verdict(
                    Decision.REJECT if any(r.outcome == "reject" for r in kept) else Decision.PROMOTE,
                    tuple(kept),
                )
            loss = max(old - new for old, new in zip(champion.worth, build.worth, strict=True))
            found.append({"gate": gate, "fault": build.fault, "decision": verdict.decision, "loss": loss})
            if verdict.decision is Decision.PROMOTE:
                champion = build
    return pd.DataFrame(found).assign(rows=rows, seed=seed)


def shares(decisions: pd.DataFrame) -> pd.DataFrame:
    """One row for each gate: (hits, of how many builds) for each column."""

    def row(found: pd.DataFrame) -> dict[str, tuple[int, int]]:
        held, good = found["decision"] != Decision.PROMOTE, found["fault"] == ""
        harmful = ~good & (found["loss"] > TRUE_LOSS)
        asked = good & (found["decision"] == Decision.ASK)
        return {
            BLOCKED: (int((good & held).sum()), int(good.sum())),
            ASKED: (int(asked.sum()), int(good.sum())),
            PASSED: (int((harmful & ~held).sum()), int(harmful.sum())),
        }

    return pd.DataFrame({str(gate): row(found) for gate, found in decisions.groupby("gate", sort=False)}).T


def main(repeats: int = 100, jobs: int = 2, plot: Path = IMAGE) -> None:
    """Simulate ten weeks `repeats` times for each size of the holdout."""
    begin = time.monotonic()
    runs = [(rows, seed) for rows in (600, 1600) for seed in range(repeats)]
    with ProcessPoolExecutor(jobs) as pool:
        decisions = pd.concat(pool.map(repeat, *zip(*runs, strict=True)), ignore_index=True)
    tables = {f"{rows:,} holdout messages": shares(part) for rows, part in decisions.groupby("rows")}
    for name, table in tables.items():
        print(f"\n{name}, {repeats} repeats\n\n{markdown(table)}")
    passed = decisions[
        (decisions["gate"] == "Ratchet") & (decisions["fault"] != "") & (decisions["loss"] > TRUE_LOSS)
    ]
    for (rows, fault), part in passed.groupby(["rows", "fault"]):
        through = part[part["decision"] == Decision.PROMOTE]["loss"]
        largest = f", the largest of {100 * through.max():.1f} points" if len(through) else ""
        print(
            f"{rows:,}, {fault}: {len(through)} of {len(part)} passed ({percent(len(through) / len(part))}){largest}"
        )
    draw_plot(tables, (BLOCKED, PASSED), plot)
    print(f"\n{len(runs) * WEEKS:,} builds judged in {time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    typer.run(main)
