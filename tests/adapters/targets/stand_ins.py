"""Releases of the stand-in for the bot's server on the `process` target."""

from __future__ import annotations

from typing import Any

from ratchet.adapters.system.files import sha256
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.domain.release.manifest import Release
from tests.workspaces import make_release


def packaged(target: ProcessTarget, content: bytes, fault: str = "") -> Release:
    """Package a model archive of some bytes; `fault` makes the server misbehave."""
    archive = target.settings.workspace / "model.tar.gz"
    archive.write_bytes(content)
    (target.settings.bot / "ratchet_bot" / "tools" / "FAULT").write_text(fault)
    digest = target.package(archive, sha256(archive), {}, print)
    return make_release(digest, sha256(archive))


def released(target: ProcessTarget, content: bytes, fault: str = "") -> Release:
    """Package, stage and deploy."""
    release = packaged(target, content, fault)
    target.stage(release, print)
    target.deploy(release, print)
    return release


def with_policy(target: ProcessTarget, **rollout: Any) -> ProcessTarget:
    """The same target under another policy."""
    params = target.settings.params
    changed = params.model_copy(update={"rollout": params.rollout.model_copy(update=rollout)})
    return ProcessTarget(target.settings.model_copy(update={"params": changed}))
