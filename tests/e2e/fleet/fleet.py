"""What the tests of a fleet share: a workspace with a small bot, releases of it, load, faults, and a record."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
import httpx
import yaml

from ratchet.adapters.bot import rasa
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system import commands
from ratchet.adapters.system.files import read_json, sha256, write_text
from ratchet.adapters.targets import locust_load
from ratchet.adapters.targets.swarm.target import SwarmTarget
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Lineage, Release, release_id
from tests.e2e.fleet import small_bot
from tests.e2e.fleet.load import Count
from tests.workspaces import own_framework

ROOT = small_bot.ROOT
RATE = float(os.environ.get("RATCHET_TEST_RATE", "10"))
UNKNOWN = "qwrtz vbnm xyzzy"
"""A message that no intent fits."""


@dataclass
class Fault:
    """One row of docs/reliability.md."""

    name: str
    outcome: str
    count: Count
    seconds: float | None = None

    def row(self) -> str:
        """The row as Markdown."""
        took = "" if self.seconds is None else f"{self.seconds:.1f} s"
        p95 = self.count.percentile(0.95)
        worst = max(self.count.latencies, default=0.0)
        return (
            f"| {self.name} | {self.count.sent:,} | {self.count.failed:,} | {p95:.0f} ms | {worst / 1000:.1f} s "
            f"| {took} | {self.outcome} |"
        )


@dataclass
class Fleet:
    """A workspace of its own and the swarm target that its releases go to."""

    workspace: Path
    settings: Settings
    target: SwarmTarget
    client: docker.DockerClient
    live: Release | None = None
    said: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    number: int = 0

    def say(self, line: str) -> None:
        """Note what a step says, with the time."""
        self.said.append(f"{time.strftime('%H:%M:%S')} {line}")

    @property
    def token(self) -> str:
        """The client token with which users write."""
        clients = yaml.safe_load((self.settings.state / "secrets" / "client-tokens.yml").read_text())
        return str(clients[0]["token"])

    def train(self, kind: str) -> Path:
        """Train the small bot once: `good`, or `wrong`, which confuses its intents."""
        archive = self.workspace / f"{kind}.tar.gz"
        if not archive.exists():
            data = small_bot.write_rows(self.workspace / f"{kind}.jsonl", wrong=kind == "wrong")
            argv = rasa.tool(
                self.settings, self.settings.bot, "train", "--data", data, "--out", archive, "--seed", "1"
            )
            argv += ["--report", str(archive.with_suffix(".json"))]
            commands.run(argv, cwd=self.settings.bot, env=rasa.environment(self.settings.bot), timeout=300)
        return archive

    def package(self, kind: str = "good", target: SwarmTarget | None = None) -> Release:
        """Make the image and manifest of a new release of one of the two models."""
        archive = self.train(kind)
        digest = sha256(archive)
        self.number += 1
        now = datetime.now(UTC).isoformat()
        labels = {
            "version": str(self.number),
            "revision": "0123456789abcdef",
            "model": digest,
            "data": "none",
        }
        image = (target or self.target).package(archive, digest, labels, self.say)
        return Release(
            id=release_id(now, digest, image + str(self.number)),
            created_at=now,
            model_version=str(self.number),
            model_id=str((read_json(archive.with_suffix(".json")) or {})["model_id"]),
            model_sha256=digest,
            lineage=Lineage("", "", "", "", "", "", 1),
            code_commit="0123456789abcdef",
            target="swarm",
            bundle=image,
            verdict="promote",
            override=None,
            previous=self.live.id if self.live else None,
            reason="test",
        )

    def prove(self, release: Release, target: SwarmTarget | None = None) -> None:
        """Stage a release and put it to the proof: conversations, then load beside the live one."""
        target = target or self.target
        url = target.stage(release, self.say, measured=True)
        try:
            rasa.converse(self.settings, url, self.say)
            champion = target.champion_url()
            folder = self.settings.state / "load"
            locust_load.require(locust_load.run(self.settings, url, champion, [], folder, self.say))
        except RatchetError:
            target.clean(None, self.say)
            raise

    def bring_out(self, release: Release, target: SwarmTarget | None = None) -> None:
        """The whole release path: proof, rollout, and each replica asked."""
        self.prove(release, target)
        self.roll_out(release, target)

    def roll_out(self, release: Release, target: SwarmTarget | None = None) -> None:
        """The release path without the proof: started where it needs that, and given the traffic."""
        target = target or self.target
        if target.needs_staging:
            target.stage(release, self.say)
        target.deploy(release, self.say)
        self.assert_serves(release, target)
        self.live = release

    def assert_serves(self, release: Release, target: SwarmTarget | None = None) -> None:
        """Fail unless every declared replica answers as this release, from its image."""
        replicas = (target or self.target).replicas()
        assert replicas
        assert {replica.release for replica in replicas} == {release.id}, replicas
        assert {replica.model_id for replica in replicas} == {release.model_id}
        assert all(replica.ready for replica in replicas)

    def serves(self, release: Release) -> bool:
        """Whether every declared replica answers as this release."""
        replicas = self.target.replicas()
        return bool(replicas) and all(replica.ready and replica.release == release.id for replica in replicas)

    def remove(self) -> None:
        """Take everything of this fleet away, its conversations too."""
        self.target.stop(self.say)
        for volume in self.client.volumes.list(filters={"name": f"{self.settings.stack}_conversations"}):
            volume.remove(force=True)

    def with_rollout(self, **changes: Any) -> SwarmTarget:
        """A target for the same fleet with other rollout policy."""
        rollout = self.settings.params.rollout.model_copy(update=changes)
        params = self.settings.params.model_copy(update={"rollout": rollout})
        return SwarmTarget(self.settings.model_copy(update={"params": params}))

    @contextmanager
    def code(self, path: str, change: Callable[[str], str]) -> Iterator[None]:
        """Change a file of the workspace for a while: the way a fault gets into an image."""
        file, framework = self.workspace / path, self.settings.bot / "ratchet_bot"
        theirs = not framework.exists() and file.is_relative_to(framework)
        if theirs:
            own_framework(self.settings.bot)
        before = file.read_text(encoding="utf-8")
        write_text(file, change(before))
        file.chmod(0o644)
        try:
            yield
        finally:
            write_text(file, before)
            if theirs:
                shutil.rmtree(framework)

    def containers(self, service: str = "bot") -> list[Any]:
        """The running containers of one of the fleet's services; of the bot, those that have the traffic."""
        name = self.target.service if service == "bot" else f"{self.settings.stack}_{service}"
        label = f"com.docker.swarm.service.name={name}"
        return list(self.client.containers.list(filters={"label": label}))

    def signal_replica(self, sign: signal.Signals) -> None:
        """Send a signal to every process of one replica."""
        chosen = self.containers()[0]
        for row in self.client.api.top(chosen.id, ps_args="-eo pid")["Processes"]:
            with contextlib.suppress(ProcessLookupError):  # the health check's, which ended meanwhile
                os.kill(int(row[0]), sign)

    def chat(self, sender: str, message: str, **body: Any) -> dict[str, Any]:
        """Write one message as a user does, through the proxy."""
        answer = httpx.post(
            f"{self.target.url()}/chat",
            json={"sender": sender, "message": message, **body},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
            trust_env=False,
        )
        answer.raise_for_status()
        return dict(answer.json())

    def answers(self) -> bool:
        """Whether somebody who writes gets an answer: the proxy sends to replicas that it has found."""
        try:
            return bool(self.chat("first", "hello"))
        except httpx.HTTPError:
            return False

    @contextmanager
    def load(self, url: str | None = None, rate: float = RATE) -> Iterator[Count]:
        """Keep an open-loop load on the channel; the count is filled in when the block has ended."""
        with loaded(url or self.target.url(), self.token, self.settings.state, rate) as count:
            yield count

    def note(self, name: str, outcome: str, count: Count, seconds: float | None = None) -> None:
        """Record a fault for the table."""
        self.faults.append(Fault(name, outcome, count, seconds))


@contextmanager
def loaded(url: str, token: str, state: Path, rate: float = RATE) -> Iterator[Count]:
    """Keep an open-loop load on a bot; the count is filled in when the block has ended."""
    file = state / "secrets" / "load-token"
    write_text(file, token)
    argv = [sys.executable, "-m", "tests.e2e.fleet.load", url, str(file), str(rate)]
    process = commands.start(argv, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "started"
    count = Count()
    try:
        time.sleep(1.0)
        yield count
        time.sleep(1.0)
    finally:
        process.send_signal(signal.SIGTERM)
        content = json.loads(process.communicate(timeout=60)[0].splitlines()[-1])
        vars(count).update({**content, "releases": Counter(content["releases"])})


def slack() -> float:
    """How much longer things may take here than the promised times, which are for a machine that has time for them.

    It is the number of processes that wanted each core in the last minute: 1 on a machine that is not overloaded.
    """
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait for a condition and return how long it took; fail when it does not come true in time (see `slack`)."""
    started = time.monotonic()
    limit = seconds * slack()
    while not condition():
        assert time.monotonic() - started < limit, f"{what} did not happen within {seconds} s"
        time.sleep(0.25)
    return time.monotonic() - started


def make_fleet(folder: Path, stack: str, port: int, **settings: Any) -> Fleet:
    """Make a workspace with the small bot, and quick rollout times for tests."""
    workspace = small_bot.write_workspace(folder)
    found = load_settings(
        workspace, target="swarm", stack=stack, port=port, operation_port=port + 1, **settings
    )
    load_test = found.params.rollout.load_test.model_copy(
        update={"seconds": 4, "users": 2, "min_requests": 20}
    )
    rollout = found.params.rollout.model_copy(
        update={"load_test": load_test, "deploy_timeout_seconds": 120.0}
    )
    found = found.model_copy(update={"params": found.params.model_copy(update={"rollout": rollout})})
    target = SwarmTarget(found)
    return Fleet(workspace, found, target, target.client)


def as_older(release: Release) -> Release:
    """The same manifest as a rollback reads it back from the record."""
    return replace(Release.from_dict(release.as_dict()), reason="rollback")
