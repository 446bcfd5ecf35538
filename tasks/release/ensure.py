"""ensure: see that a release can be started, and build it again from its manifest where its bundle or image is gone."""

from __future__ import annotations

from ratchet.adapters.run import Run
from ratchet.adapters.targets import rebuild
from ratchet.domain.release.manifest import Release
from tasks.step import say, step


@step(lambda release: f"release {release.id} is there, bundle {release.bundle.removeprefix('sha256:')[:12]}")
def ensure(run: Run, release: Release) -> Release:
    """Return the release as it can be started; raises `RatchetError` where nothing that is left is its code."""
    return rebuild.ensured(run.settings, run.registry, run.target, release, say)
