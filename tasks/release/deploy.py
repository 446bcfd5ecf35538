"""deploy: bring a staged release to the whole fleet."""

from __future__ import annotations

from ratchet.adapters.run import Run
from ratchet.domain.release.manifest import Release
from tasks.step import say, step


@step(lambda url: f"serves at {url}")
def deploy(run: Run, release: Release) -> str:
    """Deploy; that it begins is noted first, so that the next run can settle what a crash leaves."""
    run.registry.begin(release)
    run.target.deploy(release, say)
    return run.target.url()
