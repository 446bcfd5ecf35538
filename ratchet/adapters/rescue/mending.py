"""What the doctor repairs itself; starting the live release again is the flow `serve`'s part."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.rescue.collect import CONVERSATIONS
from ratchet.adapters.settings import Settings
from ratchet.adapters.targets import rebuild
from ratchet.adapters.targets.optional import Examined, Remembering
from ratchet.adapters.targets.target import Say, Target
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.doctor import Fault, Name

BY_SERVING = (Name.SERVING, Name.UNFINISHED)
"""Repaired by starting the live release, which first settles what a killed run left."""
BY_COMMAND = (Name.SERVICE,)
"""Repaired by the command itself: a service outlives the run that repairs."""
COMMON = frozenset(map(str, Name))


def mend(
    settings: Settings, registry: Registry, target: Target, faults: Sequence[Fault], say: Say
) -> list[tuple[Fault, str]]:
    """Repair what can be repaired; returns the rest, each with its reason. A failure does not stop the others."""
    failed = []
    for fault in faults:
        if not fault.mendable or fault.name in (*BY_SERVING, *BY_COMMAND):
            continue
        try:
            mend_one(settings, registry, target, fault, say)
        except RatchetError as error:
            failed.append((fault, str(error)))
    return failed


def mend_one(settings: Settings, registry: Registry, target: Target, fault: Fault, say: Say) -> None:
    """Put one fault right; raises `RatchetError` where that cannot be done."""
    if fault.name == Name.ALIASES:
        registry.set_aliases()
        say("the aliases name what the releases say")
    elif fault.name == Name.BUNDLE:
        for release in {one.id: one for one in registry.releases()}.values():
            if release.id == fault.subject:
                rebuild.ensured(settings, registry, target, release, say)
    elif fault.name == Name.CONVERSATIONS:
        put_back(settings, target, say)
    elif fault.name not in COMMON and isinstance(target, Examined):
        target.mend(fault, say)


def put_back(settings: Settings, target: Target, say: Say) -> None:
    """Give the target the conversations that a restore has laid down; they are kept until it has taken them."""
    folder = settings.workspace / CONVERSATIONS
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not isinstance(target, Remembering):
        raise RatchetError(
            f"The target {target.name} takes no conversations.", f"Delete {folder} if you do not need them."
        )
    say(f"conversations: {target.conversations().load(folder, say)}")
    shutil.rmtree(folder)
