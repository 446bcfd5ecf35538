"""Rollouts over many replicas in simulated time, judged by the product's own function."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass

from ratchet.domain.release.rollout import ServiceState, Task, Update, Wanted, outcome

OLD, NEW = Wanted("image@old", "old"), Wanted("image@new", "new")
BEFORE, UPDATING, COMPLETED = Update(), Update("updating", "now"), Update("completed", "now")
ROLLED_BACK = Update("rollback_completed", "now")


@dataclass(frozen=True)
class Speed:
    """Seconds until a replica is healthy (mean, spread), of the engine's watch after that, and between batches."""

    healthy: float
    spread: float
    monitor: float
    pause: float


@dataclass(frozen=True)
class Ended:
    """How a rollout ended, after how many simulated seconds, and what one judgement took."""

    outcome: str
    seconds: float
    judged_ms: float


def rollout(replicas: int, parallelism: int, speed: Speed, failing: float, seed: int) -> Ended:
    """Change all replicas, `parallelism` at a time; a replica fails with probability `failing`, and none may."""
    rng, clock, done, failed = random.Random(seed), 0.0, 0, False
    while done < replicas and not failed:
        batch = min(parallelism, replicas - done)
        ready = max(rng.gauss(speed.healthy, speed.spread) for _ in range(batch))
        failed = any(rng.random() < failing for _ in range(batch))
        clock += max(ready, 0) + speed.monitor + speed.pause
        done += batch
    if failed:
        clock += math.ceil(done / parallelism) * (speed.healthy + speed.monitor)
        return judge(replicas, 0, ROLLED_BACK, clock)
    return judge(replicas, replicas, COMPLETED, clock)


def judge(replicas: int, new: int, update: Update, clock: float) -> Ended:
    """Ask the product how a fleet is of which `new` replicas are changed."""
    tasks = tuple(
        Task(str(n), f"bot.{n}", "node", wanted.image, wanted.release, "running", "running")
        for n in range(replicas)
        for wanted in [NEW if n < new else OLD]
    )
    started = time.perf_counter()
    said = outcome(ServiceState(replicas, update, tasks), NEW, BEFORE)
    return Ended(said, clock, 1000 * (time.perf_counter() - started))
