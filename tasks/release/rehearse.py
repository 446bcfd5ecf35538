"""rehearse: go back and forth once after a release, so that the way back is known before it is needed."""

from __future__ import annotations

import time
from dataclasses import replace

from ratchet.adapters.run import Run
from ratchet.adapters.targets import locust_load, rebuild
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.rollout import Rehearsal
from tasks.release.stage import sample
from tasks.step import say, step

SAMPLE = 50


def describe(release: Release) -> str:
    """Say how long it took, and what it cost."""
    if release.rehearsal is None:
        return "there is no release before it to go back to"
    seen = Rehearsal.from_dict(release.rehearsal)
    return (
        f"back in {seen.back_seconds:.1f} s, forth in {seen.forth_seconds:.1f} s, "
        f"{seen.load.errors} of {seen.load.requests} requests failed"
    )


@step(describe)
def rehearse(run: Run, release: Release) -> Release:
    """Bring the release before and then this one again, under light load; the times go to the manifest."""
    old = run.registry.live()
    if old is None or old.target != run.target.name:
        return release
    old = rebuild.ensured(run.settings, run.registry, run.target, old, say)
    messages = sample(run, SAMPLE)
    with locust_load.light(run.settings, run.target.url(), messages, run.folder):
        back = bring(run, old)
        forth = bring(run, release)
    load = locust_load.read(run.folder).candidate
    return replace(release, rehearsal=Rehearsal(back, forth, load).as_dict())


def bring(run: Run, release: Release) -> float:
    """Bring a recorded release to the fleet and return how many seconds it took."""
    started = time.monotonic()
    if not run.target.switch_back(release, say):
        if run.target.needs_staging:
            run.target.stage(release, say)
        run.target.deploy(release, say)
    return round(time.monotonic() - started, 1)
