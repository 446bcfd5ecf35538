"""A second bot for *Try it*: a registered model with its own code, or the live one with the answers that are changed.

It runs on a free loopback port, for no one but the page.

One at a time, without traffic; what the page asks is a check, and in no event. It ends after a while in which no one
asks, with the page, and with `ratchet down`.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ratchet.adapters.bot import channel
from ratchet.adapters.page import drafts
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import write_json
from ratchet.adapters.system.lock import hold
from ratchet.adapters.system.processes import (
    Replica,
    alive,
    await_ready,
    read_replica,
    terminate,
)
from ratchet.adapters.targets import memory, server
from ratchet.domain.errors import RatchetError, UsageError
from ratchet.domain.release.model import Model

IDLE_SECONDS = 15 * 60.0
START_SECONDS = 120.0
PATIENCE_SECONDS = 150.0
STAGED = "second-bot.json"


@dataclass
class Beside:
    """The second bot of one page; `asked` is when it was asked last, of the monotonic clock."""

    settings: Settings
    asked: float = 0.0

    def __post_init__(self) -> None:
        """End what a page of before has left."""
        self.file = self.settings.state / "page" / STAGED
        self.guard = threading.Lock()
        self.watched = False

    def url(self, version: str) -> str:
        """Return the address of a bot with a version of the model, started at its first use.

        Raises `RatchetError` where there is no such version, its archive or code was changed, the memory does not hold
        it, or it does not start.
        """
        if not re.fullmatch(r"\d{1,9}", version):
            raise UsageError(f"{version!r} is no version.", "Choose one of the list.")

        def code(registry: Registry, model: Model) -> Path:
            return registry.code(model)  # its digest and the archive's were compared by the registry

        return self.ready(name_of(version), lambda: self.start(name_of(version), version, code))

    def changed_url(self) -> str:
        """Return the address of the live model with the answers that are changed and not published.

        Raises as `url` does, and `UsageError` where no answer is changed, or nothing is live.
        """
        live = Registry(self.settings).live()
        if live is None:
            raise UsageError("Nothing was released yet.", "Retrain first.")
        version, digest = live.model_version, drafts.digest(self.settings)
        name = name_of(f"{version}-{digest}")
        return self.ready(
            name, lambda: self.start(name, version, lambda *_: drafts.code(self.settings, digest))
        )

    def ready(self, name: str, start: Callable[[], Replica]) -> str:
        """Return the address of the bot of a name, which `start` starts in the place of another one."""
        lock = self.settings.state / "page" / "beside.lock"
        with hold(lock, "The start of a bot to try", PATIENCE_SECONDS):
            self.asked = time.monotonic()
            running = read_replica(self.file)
            if running and alive(running) and running.release == name:
                return running.url
            if running:
                terminate(running)
            found = start()
        self.watch()
        return found.url

    def start(self, name: str, version: str, code: Callable[[Registry, Model], Path]) -> Replica:
        """Start a bot with a version's model and the code that `code` returns, and wait until it is ready."""
        registry = Registry(self.settings)
        model = registry.model(version)
        live = read_replica(self.settings.state / "process" / "live.json")
        if live and alive(live):
            memory.require(live, None, model.lineage.encoder)
        log = self.settings.state / "page" / f"beside-{version}.log"
        given = server.Given(name, model.version, model.sha256, registry.archive(model))
        replica = server.run(self.settings, given, code(registry, model), log)
        write_json(self.file, replace(replica, env=()).as_dict())
        try:
            await_ready(replica, lambda: channel.serves(replica.url, replica.release), START_SECONDS, log)
        except RatchetError as error:
            self.end()
            raise RatchetError(
                f"Version {version} cannot be tried: its bot does not start.", error.remedy
            ) from error
        return replica

    def watch(self) -> None:
        """End it once no one has asked for a while."""
        with self.guard:
            if self.watched:
                return
            self.watched = True

        def look() -> None:
            while time.monotonic() - self.asked < IDLE_SECONDS:
                time.sleep(30)
            with self.guard:
                self.watched = False
            self.end()

        threading.Thread(target=look, daemon=True).start()

    def end(self) -> None:
        """End it."""
        running = read_replica(self.file)
        if running:
            terminate(running)
        with contextlib.suppress(FileNotFoundError):
            self.file.unlink()


def name_of(version: str) -> str:
    """Name what such a bot says that it serves."""
    return f"try-{version}"
