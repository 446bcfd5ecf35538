"""The `process` target: releases as Rasa servers on loopback, for machines without a Docker engine.

A release switches in one step from one server to another beside it; the one that is left stays warm for a while, so
that the way back is a switch too.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from ratchet.adapters.bot import channel
from ratchet.adapters.bot.bot_code import is_whole
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import write_json
from ratchet.adapters.system.processes import (
    Replica,
    alive,
    await_ready,
    ensure_supervisor,
    read_replica,
    tail,
    terminate,
)
from ratchet.adapters.targets import bundles, colours, memory, ports, process_faults, server
from ratchet.adapters.targets.optional import InMemory
from ratchet.adapters.targets.target import ReplicaStatus, Say, Warm
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.doctor import Fault
from ratchet.domain.release.manifest import Release

SETTLE_SECONDS = 0.2
"""After a switch: what was on its way to the old replica has reached it by then."""


class ProcessTarget:
    """Serves one replica behind a supervisor on `settings.port`."""

    name = "process"
    needs_staging = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = settings.state / "process"
        self.bundles = settings.state / "bundles"
        self._rollout = settings.params.rollout

    def check(self) -> None:
        """Refuse a port that another program listens on."""
        ports.require(self.settings, "port")

    def package(self, archive: Path, model_sha256: str, labels: dict[str, str], say: Say) -> str:
        """Copy model and code into a bundle named by their digest; one that exists is kept."""
        return bundles.make(self.bundles, self.settings.bot, archive, model_sha256, labels, say)

    def stage(self, release: Release, say: Say, measured: bool = False) -> str:
        """Start the bundle's server on a free port beside the live one and wait until it is ready.

        A warm replica is ended first: two at a time is what the machine has to hold. Raises `RatchetError`, before
        anything is started or ended, where its memory does not hold them.
        """
        colours.discard_staged(self.folder)
        bundle = self.bundles / release.bundle
        bundles.check(bundle, release)
        live, warm = self._live(), colours.kept(self.folder)
        if self._rollout.order == "two-colours" and live is not None:
            memory.require(live, warm.replica if warm else None, release.lineage.encoder)
        self.cool(say, now=True)
        log = self.folder / "logs" / f"{release.id}.log"
        replica = server.start(self.settings, release, bundle, log)
        try:
            write_json(self.folder / colours.STAGED, replica.as_dict())
            await_ready(
                replica,
                lambda: channel.serves(replica.url, release.id),
                self._rollout.start_timeout_seconds,
                log,
            )
        except BaseException:
            if not colours.discard_staged(self.folder):
                terminate(replica)  # a full disk did not take its note
            raise
        say(f"release {release.id} is ready at {replica.url}, beside the live one")
        return replica.url

    def deploy(self, release: Release, say: Say) -> None:
        """Switch all traffic to the staged replica in one step; the old one stays warm, or drains and stops."""
        staged = read_replica(self.folder / colours.STAGED)
        if staged is None or staged.release != release.id or not alive(staged):
            raise RatchetError(f"Release {release.id} is not staged.", "Run `ratchet release` again.")
        try:
            ports.require(self.settings, "port")
            ensure_supervisor(self.folder, self.settings.port)
        except RatchetError:
            colours.discard_staged(self.folder)
            raise
        minutes = self._minutes(say)
        left = colours.switch(self.folder, staged, minutes)
        (self.folder / colours.STAGED).unlink(missing_ok=True)
        self._leave(left, minutes, say)

    def warm(self) -> Warm | None:
        """Say which release served before the live one and still runs."""
        found = colours.kept(self.folder)
        if found is None or found.over:
            return None
        return Warm(found.replica.release, found.until.isoformat(timespec="seconds"))

    def switch_back(self, release: Release, say: Say) -> bool:
        """Switch all traffic to the replica of a release that is still warm; the live one may be in any state."""
        found = colours.kept(self.folder)
        if found is None or found.over or found.replica.release != release.id:
            return False
        if why := self._unfit(found.replica, release):
            say(f"the warm replica of {release.id} does not take over: {why}")
            return False
        ports.require(self.settings, "port")
        ensure_supervisor(self.folder, self.settings.port)
        minutes = self._minutes(say)
        switched, left = colours.switch_to_warm(self.folder, found.replica, minutes)
        self._leave(left, minutes, say)
        return switched

    def cool(self, say: Say, now: bool = False) -> None:
        """End the warm replica when its time is over, or `now`; without Ratchet the supervisor does the first."""
        ended = colours.cool(self.folder, now, self._rollout.drain_seconds)
        if ended is not None:
            say(f"stopped the replica of {ended.release}, which was still warm")

    def replicas(self) -> Sequence[ReplicaStatus]:
        """Ask the live replica itself, and only then the supervisor's address."""
        live = read_replica(self.folder / colours.LIVE)
        if live is None:
            return []
        said = channel.status(live.url) or {}
        through = (channel.status(self.url()) or {}) if said else {}
        ready = bool(said) and through.get("release") == said.get("release")
        return [
            ReplicaStatus(
                name=f"process-{live.pid}",
                node="this machine",
                url=live.url,
                ready=ready,
                release=str(said.get("release", "")),
                model_id=str(said.get("model_id", "")),
                since=str(said.get("started_at", "")),
            )
        ]

    def as_declared(self) -> bool:
        """Say whether what serves was started with today's settings and secrets."""
        live = self._live()
        return live is None or server.as_today(self.settings, live)

    def clean(self, live: Release | None, say: Say, went_live: Sequence[str] = ()) -> None:
        """Stop what an unfinished release left and what is warm no longer; delete bundles that no rollback needs."""
        if colours.discard_staged(self.folder):
            say("stopped a staged replica that an unfinished release had left")
        self.cool(say)
        for stray in colours.unnamed(self.folder, self.bundles):
            terminate(stray, self._rollout.drain_seconds)
            say(f"stopped process {stray.pid}, a replica that a killed run had left")
        needed = {Path(one.cwd).parent.name for one in colours.named(self.folder)}
        needed |= {live.bundle} if live else set()
        bundles.clean(self.bundles, went_live, self._rollout.keep_releases, needed)

    def url(self) -> str:
        """The supervisor's address."""
        return f"http://127.0.0.1:{self.settings.port}"

    def champion_url(self) -> str | None:
        """The live replica's own address."""
        live = self._live()
        return live.url if live else None

    def logs(self, lines: int) -> str:
        """The end of the live replica's log."""
        live = read_replica(self.folder / colours.LIVE)
        return tail(self.folder / "logs" / f"{live.release}.log", lines) if live else ""

    def stop(self, say: Say) -> None:
        """Stop supervisor and replicas; the release stays recorded as the live one."""
        for name in colours.stop_all(self.folder):
            say(f"stopped: {name}")

    def holds(self, release: Release) -> bool:
        """Say whether the release's bundle is there, and is what its name stands for."""
        return is_whole(self.bundles / release.bundle)

    def faults(self) -> Sequence[Fault]:
        """See `optional.Examined`."""
        return process_faults.faults(self.settings)

    def mend(self, fault: Fault, say: Say) -> None:
        """See `optional.Examined`."""
        process_faults.mend(self.settings, fault, say)

    def conversations(self) -> InMemory:
        """They end with the server."""
        return InMemory()

    def _live(self) -> Replica | None:
        """The live replica, where it runs."""
        live = read_replica(self.folder / colours.LIVE)
        return live if live and alive(live) else None

    def _minutes(self, say: Say) -> float:
        """Return for how long the replica that is left at a switch stays warm."""
        if self._rollout.order == "rolling" or not self._rollout.keep_warm_minutes:
            return 0
        if not colours.watched(self.folder):
            say(
                "the supervisor was started by an older Ratchet and keeps no replica warm; restart it with `ratchet "
                "stop`, then `ratchet serve`"
            )
            return 0
        return self._rollout.keep_warm_minutes

    def _leave(self, left: Replica | None, minutes: float, say: Say) -> None:
        """Keep the replica that is left at a switch, or end it once its requests in flight are answered."""
        if left is None:
            return
        if minutes:
            say(f"the replica of {left.release} stays warm for {minutes:g} minutes")
            return
        time.sleep(SETTLE_SECONDS)
        terminate(left, self._rollout.drain_seconds)
        say(f"stopped the replica of {left.release}")

    def _unfit(self, warm: Replica, release: Release) -> str:
        """Return why a warm replica cannot take the traffic again, "" where it can."""
        bundle = self.bundles / release.bundle
        try:
            bundles.check(bundle, release)
            told = colours.secrets_told(server.environment(self.settings, bundle / "bot"))
        except RatchetError as error:
            return error.fact
        if Path(warm.cwd).parent != bundle:
            return "It runs from another bundle."
        if warm.secrets != told:
            return "It was started with other secrets than today's."
        return "" if channel.serves(warm.url, release.id) else "It is not ready."
