"""The `process` target: releases as Rasa servers on loopback, for machines without a Docker engine.

A bundle, `.ratchet/bundles/<digest>/`, is to this target what an image is to a Swarm: the model and the bot's
code, immutable and named by their digest.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ratchet.adapters.bot import channel, rasa, traffic
from ratchet.adapters.bot.bot_code import bundle_name, code_digest, copy, is_whole
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import sha256, write_json
from ratchet.adapters.system.processes import (
    Replica,
    alive,
    await_ready,
    ensure_supervisor,
    free_port,
    launch,
    read_replica,
    stop_all,
    strays,
    switch,
    tail,
    terminate,
)
from ratchet.adapters.targets import ports, process_faults
from ratchet.adapters.targets.optional import InMemory
from ratchet.adapters.targets.target import ReplicaStatus, Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.doctor import Fault
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.rollout import kept


class ProcessTarget:
    """Serves one replica behind a supervisor on `settings.port`."""

    name = "process"
    needs_staging = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = settings.state / "process"
        self.bundles = settings.state / "bundles"

    def check(self) -> None:
        """Refuse a port that another program listens on."""
        ports.require(self.settings, "port")

    def package(self, archive: Path, model_sha256: str, labels: dict[str, str], say: Say) -> str:
        """Copy model and code into a bundle named by their digest; one that exists is kept."""
        digest = bundle_name(code_digest(self.settings.bot), model_sha256)
        final = self.bundles / digest
        if final.exists():
            say(f"bundle {digest[:12]} is there already")
            os.utime(final)
            return digest
        self.bundles.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=self.bundles, prefix=".new-"))
        try:
            copy(self.settings.bot, beside / "bot")
            shutil.copy2(archive, beside / "model.tar.gz")
            write_json(beside / "labels.json", labels)
            beside.rename(final)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return digest

    def stage(self, release: Release, say: Say) -> str:
        """Start the bundle's server on a free port beside the live one and wait until it is ready."""
        self._discard_staged()
        bundle = self.bundles / release.bundle
        self._check(bundle, release)
        log = self.folder / "logs" / f"{release.id}.log"
        replica = self._launch(release, bundle, log)
        write_json(self.folder / "staged.json", replica.as_dict())
        try:
            await_ready(
                replica,
                lambda: channel.serves(replica.url, release.id),
                self.settings.params.rollout.start_timeout_seconds,
                log,
            )
        except BaseException:
            self._discard_staged()
            raise
        say(f"release {release.id} is ready at {replica.url}, beside the live one")
        return replica.url

    def deploy(self, release: Release, say: Say) -> None:
        """Make the staged replica the live one, then drain and stop the old one."""
        staged = read_replica(self.folder / "staged.json")
        if staged is None or staged.release != release.id or not alive(staged):
            raise RatchetError(f"Release {release.id} is not staged.", "Run `ratchet release` again.")
        try:
            ports.require(self.settings, "port")
            ensure_supervisor(self.folder, self.settings.port)
        except RatchetError:
            self._discard_staged()
            raise
        old = switch(self.folder, staged)
        (self.folder / "staged.json").unlink(missing_ok=True)
        if old and old.pid != staged.pid and alive(old):
            terminate(old, self.settings.params.rollout.drain_seconds)
            say(f"stopped the replica of {old.release}")

    def replicas(self) -> Sequence[ReplicaStatus]:
        """Ask the live replica itself, and only then the supervisor's address."""
        live = read_replica(self.folder / "live.json")
        if live is None:
            return []
        said = channel.status(live.url) or {}
        through = channel.status(self.url()) or {}
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

    def clean(self, live: Release | None, say: Say, went_live: Sequence[str] = ()) -> None:
        """Stop a staged replica that an unfinished release left, and delete bundles that no rollback needs."""
        if self._discard_staged():
            say("stopped a staged replica that an unfinished release had left")
        serving = read_replica(self.folder / "live.json")
        for stray in strays(self.bundles, [serving.pid] if serving else []):
            terminate(stray, self.settings.params.rollout.drain_seconds)
            say(f"stopped process {stray.pid}, a replica that a killed run had left")
        if not self.bundles.exists():
            return
        for rest in self.bundles.glob(".new-*"):
            shutil.rmtree(rest, ignore_errors=True)
        if not went_live:
            return
        whole = sorted(
            (path for path in self.bundles.iterdir() if path.is_dir()), key=lambda path: -path.stat().st_mtime
        )
        keep = kept([path.name for path in whole], went_live, self.settings.params.rollout.keep_releases)
        for bundle in whole:
            if bundle.name not in keep and (live is None or bundle.name != live.bundle):
                shutil.rmtree(bundle, ignore_errors=True)

    def url(self) -> str:
        """The supervisor's address."""
        return f"http://127.0.0.1:{self.settings.port}"

    def champion_url(self) -> str | None:
        """The live replica's own address."""
        live = read_replica(self.folder / "live.json")
        return live.url if live and alive(live) else None

    def logs(self, lines: int) -> str:
        """The end of the live replica's log."""
        live = read_replica(self.folder / "live.json")
        return tail(self.folder / "logs" / f"{live.release}.log", lines) if live else ""

    def stop(self, say: Say) -> None:
        """Stop supervisor and replicas; the release stays recorded as the live one."""
        for name in stop_all(self.folder):
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

    def _launch(self, release: Release, bundle: Path, log: Path) -> Replica:
        port = free_port()
        token = channel.staging_token(self.settings)
        argv = rasa.tool(
            self.settings, bundle / "bot", "serve", "--model", bundle / "model.tar.gz", "--port", str(port)
        )
        argv += [
            "--release",
            release.id,
            "--model-version",
            release.model_version,
            "--sha256",
            release.model_sha256,
        ]
        directory = self.settings.workspace / "directory.csv"
        if directory.exists():
            argv += ["--directory", str(directory)]
        env = {
            **rasa.environment(bundle / "bot"),
            "RATCHET_STAGING_TOKEN_FILE": str(token),
            **traffic.environment(self.settings),
            "RATCHET_CONVERSATION_MESSAGES": str(self.settings.conversation_messages),
            **({"RATCHET_ACTIONS_URL": self.settings.actions_url} if self.settings.actions_url else {}),
        }
        return launch(argv, cwd=bundle / "bot", env=env, log=log, release=release.id, port=port)

    def _check(self, bundle: Path, release: Release) -> None:
        """Refuse a bundle that is gone or not what the manifest says; a model archive is code, and so is code."""
        model = bundle / "model.tar.gz"
        if not model.exists():
            raise RatchetError(
                f"The bundle of release {release.id} is no longer on this machine.",
                "Run `ratchet doctor --mend`: it builds the bundle again from the release's manifest.",
            )
        remedy = "Run `ratchet doctor --mend`: it builds the bundle again from the release's manifest."
        if sha256(model) != release.model_sha256:
            raise RatchetError(
                f"The model in bundle {release.bundle[:12]} is not the one that release {release.id} names.",
                remedy,
            )
        if not is_whole(bundle):
            raise RatchetError(
                f"The code in bundle {release.bundle[:12]} is not the one that release {release.id} names.",
                remedy,
            )

    def _discard_staged(self) -> bool:
        staged = read_replica(self.folder / "staged.json")
        (self.folder / "staged.json").unlink(missing_ok=True)
        live = read_replica(self.folder / "live.json")
        if staged is None or not alive(staged) or (live is not None and live.pid == staged.pid):
            return False
        terminate(staged)
        return True
