"""Attempts to release, to go back or to serve while they run, and what is kept of those that fail.

The step of an attempt is in a file until its end, so that the next run can tell of one whose process was killed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from ratchet.adapters.registry import waiting
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import read_record, write_json
from ratchet.domain.errors import RatchetError
from ratchet.domain.release import attempt
from ratchet.domain.release.attempt import KILLED, Attempt, Verb
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.model import Model

Subject = TypeVar("Subject", Model, Release)


class Trying:
    """A running attempt: of what, and at which step it is. Where it has no `file`, another one keeps account."""

    def __init__(self, begun: Attempt, file: Path | None) -> None:
        self.made = begun
        self.file = file
        self.ended = False
        self._write()

    def of(self, subject: Subject) -> Subject:
        """Note what is to serve, as far as that is known by now, and return it."""
        self.made = self.made.about(subject)
        self._write()
        return subject

    def at(self, step: str) -> None:
        """Note which step begins; those that follow on its failure do not count."""
        if not self.ended:
            self.made = replace(self.made, step=step)
            self._write()

    def _write(self) -> None:
        if self.file:
            with contextlib.suppress(OSError):  # a full disk is told by what needs it
                write_json(self.file, self.made.as_dict())


going_on: ContextVar[Trying | None] = ContextVar("going_on", default=None)
"""The attempt that this process makes; steps note themselves in it."""


@contextlib.contextmanager
def trying(settings: Settings, name: str, begun: Attempt) -> Iterator[Trying]:
    """Let the steps of an attempt be noted until its end; within another attempt, that one's account stays as it is."""
    file = None if going_on.get() else folder(settings) / f"{name}.json"
    made = Trying(begun, file)
    token = going_on.set(made)
    try:
        yield made
    finally:
        going_on.reset(token)
        if file:
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)


def folder(settings: Settings) -> Path:
    """Where attempts in progress keep account."""
    return settings.state / "attempts"


def now() -> str:
    """Return the time as an attempt has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def settle(registry: Registry, name: str, undone: Release | None, live: Release | None) -> list[Attempt]:
    """Keep what was tried by processes that were killed, and return it.

    `name` is the own run's, `undone` the release that a killed process had begun, here or on another machine. An
    attempt whose release is `live` anyway did not fail, and what a process reported itself before it ended is not
    reported again. Only to be called by the holder of the workspace's lock: no other attempt can be in progress then.
    """
    known = registry.attempts()
    told = []
    for file in sorted(folder(registry.settings).glob("*.json")):
        if file.stem == name:
            continue
        left = None
        with contextlib.suppress(RatchetError):  # a damaged one tells nothing
            left = read_record(file, Attempt.from_dict, "")
        went_live = left and live and left.release == live.id
        if left and not went_live and not any(same(one, left) for one in known):
            told.append(keep(registry, replace(left, reason=KILLED)))
        file.unlink(missing_ok=True)
    if undone and undone.id not in {one.release for one in (*told, *known[-1:])}:
        told.append(keep(registry, attempt.killed(undone, now())))
    return told


def same(one: Attempt, left: Attempt) -> bool:
    """Say whether an attempt that is kept is the one that began as `left`."""
    return one.what == left.what and one.when >= left.when


def keep(registry: Registry, failed: Attempt) -> Attempt:
    """Keep a failed attempt, with the command that tries the same again where its remedy names none; returns it."""
    made = failed.advised(again(registry, failed))
    registry.note_attempt(made)
    return made


def again(registry: Registry, failed: Attempt) -> str:
    """Return the command that tries the same again where it is shorter or surer than the attempt's own, else ""."""
    if failed.verb is not Verb.RELEASE:
        return ""
    waits, champion = waiting.find(registry), registry.champion()
    if waits and waits.version == failed.version:
        return "ratchet release"
    return "ratchet release champion" if champion and champion.version == failed.version else ""
