"""What is wrong with a workspace that runs: each fault with the command that repairs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ratchet.domain.record import Record
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.serving import everywhere, right
from ratchet.domain.wording import listed, size

MEND = "Run `ratchet doctor --mend`."
SERVE = "Run `ratchet serve`."
LEAST_FREE = 2_000_000_000
"""Bytes that have to be free: a training, an image and its copies need about as many."""
LEAST_SHARE = 0.03
"""… or this share of the disk, where that is less: a small disk is not full at once."""


class Name(StrEnum):
    """The faults that are looked for on every target; a target's own have names of its own."""

    REGISTRY = "registry"
    ALIASES = "aliases"
    UNFINISHED = "unfinished release"
    BUNDLE = "bundle"
    SERVING = "serving"
    TARGET = "target"
    DISK = "disk"
    POINTER = "data pointer"
    REMOTE = "data remote"
    SERVICE = "service"
    CONVERSATIONS = "conversations"


@dataclass(frozen=True)
class Fault(Record):
    """One thing that is wrong: its name, the fact, and what to do, both in whole sentences.

    `mendable` says that `ratchet doctor --mend` repairs it. `subject` distinguishes faults of one name: it is the
    release, the file or the process to repair.
    """

    name: str
    fact: str
    remedy: str
    mendable: bool = False
    subject: str = ""


@dataclass(frozen=True)
class Answer:
    """What one replica says: its name, whether it is ready, and the release that it serves."""

    name: str
    ready: bool
    release: str


def aliases(live: Release, champion: str | None, previous: str | None, expected: str | None) -> list[Fault]:
    """Return whether `champion` and `previous` name other model versions than the recorded releases do.

    `expected` is the version that served before the live one, None where there was none; then `previous` is not judged.
    """
    found = []
    wanted = {"champion": live.model_version, **({"previous": expected} if expected else {})}
    named = {"champion": champion, "previous": previous}
    for alias, version in wanted.items():
        if named[alias] != version:
            now = f"names version {named[alias]}" if named[alias] else "names nothing"
            found.append(
                Fault(
                    Name.ALIASES,
                    f"The alias `{alias}` {now}, and by the recorded releases it is version {version}.",
                    MEND,
                    True,
                    alias,
                )
            )
    return found


def serving(live: Release, target: str, answers: Sequence[Answer]) -> list[Fault]:
    """Return whether the live release serves on every replica of the target that releases go to now."""
    if live.target != target:
        fact = f"Release {live.id} is live on the target {live.target}, and the settings name {target}."
        remedy = f"Bring it to {target} with `ratchet release champion`, or set RATCHET_TARGET={live.target}."
        return [Fault(Name.SERVING, fact, remedy)]
    if everywhere(live, answers):
        return []
    wrong = [one for one in answers if one not in right(live, answers)]
    said = listed(
        f"{one.name} {'serves ' + one.release if one.ready and one.release else 'is not ready'}"
        for one in wrong
    )
    fact = f"Release {live.id} is live and does not serve: {said or 'no replica runs'}."
    return [Fault(Name.SERVING, fact, SERVE, True)]


def unfinished(begun: Release | None) -> list[Fault]:
    """Return whether a release was begun by a run that is gone."""
    if begun is None:
        return []
    fact = f"Release {begun.id} was begun and neither finished nor given up: its run was killed."
    return [Fault(Name.UNFINISHED, fact, SERVE, True, begun.id)]


def disk(where: str, free: int, total: int) -> list[Fault]:
    """Return whether a disk is nearly full; sizes in bytes."""
    if free >= min(LEAST_FREE, int(total * LEAST_SHARE)):
        return []
    fact = f"The disk of {where} has {size(free)} left of {size(total)}."
    return [Fault(Name.DISK, fact, "Make room: `du -sh .ratchet/*` shows what takes it.")]


def pointer(state: str) -> list[Fault]:
    """Return whether `data.dvc` has changes that no commit has; `state` is what Git says of it in two letters."""
    if not state.strip():
        return []
    how = "is not in Git" if "?" in state else "has changes that are not committed"
    fact = f"data.dvc {how}: no other machine gets this data, and a release names a commit without it."
    return [Fault(Name.POINTER, fact, "Run `git add data.dvc && git commit -m 'Newest data' data.dvc`.")]


def service(process: int) -> list[Fault]:
    """Return that the service was started and its process has gone without being stopped."""
    fact = f"The service was started and does not run: its process {process} ended without `ratchet down`."
    return [Fault(Name.SERVICE, fact, "Start it with `ratchet up --detach`.", True)]


def bundle_gone(release: Release, role: str) -> Fault:
    """Return that what a release starts from is not there; `role` is "live" or "last good"."""
    what = "bundle" if release.target == "process" else "image"
    how = "is gone or was changed" if what == "bundle" else "is gone, or not where every node can have it"
    fact = f"The {what} of release {release.id}, the {role} one, {how}."
    return Fault(
        Name.BUNDLE, fact, f"Build it again from its manifest: {MEND[:1].lower()}{MEND[1:]}", True, release.id
    )
