"""The conversations of a fleet, in its Redis: out of it as one moment has them, and back into one that serves.

They leave it as Redis's own file (`redis-cli --rdb`). Back they go key by key (DUMP, RESTORE), by way of a second Redis
that reads the file and is on no network, so that what has changed in the fleet since is not overwritten.
"""

from __future__ import annotations

import re
import tarfile
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException

from ratchet.adapters.settings import Settings
from ratchet.adapters.targets.swarm import base, docker_service, fleet_owner, proof, stack
from ratchet.adapters.targets.swarm.store import Place, address, outside, place_of
from ratchet.adapters.targets.target import Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.wording import count

FILE = "conversations.rdb"
TRACKERS, CHECKS = "ratchet:tracker:*", "ratchet:tracker:ratchet/"
"""The keys of conversations, and how those of Ratchet's own checks begin (ratchet_bot/channel)."""
READ_SECONDS = 120.0
AGAIN = "RESTORE"
COMMANDS = """
local out = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left, dump = redis.call('PTTL', key), redis.call('DUMP', key)
  if dump and left ~= -2 and string.sub(key, 1, 13) ~= 'ratchet:lock:' then
    out[#out + 1] = '*4\\r\\n$7\\r\\nRESTORE\\r\\n'
    for _, word in ipairs({key, string.format('%d', math.max(left, 0)), dump}) do
      out[#out + 1] = '$' .. #word .. '\\r\\n' .. word .. '\\r\\n'
    end
  end
end
return table.concat(out)
"""
"""Writes every key but locks as a command in Redis's protocol. (MIGRATE would need a network between the two.)"""


class FleetConversations:
    """See `optional.Conversations`."""

    def __init__(self, client: docker.DockerClient, settings: Settings) -> None:
        self.client = client
        self.settings = settings

    def save(self, folder: Path, say: Say) -> str:
        """Write Redis's file of this moment; see `optional.Conversations`."""
        document = stack.read(self.settings)
        url = address(document)
        place = place_of(document, self.settings.stack)
        if place is None:
            return outside(url)
        if docker_service.inspect(self.client, place.service) is None and not self._volumes():
            return "there are none: nothing was released yet"
        container = self._container(place)
        forget(container)
        number = self._number(container, place)
        if not number:
            return "there are none"
        say("the conversations of the fleet")
        with (folder / FILE).open("wb") as file:
            code = self._stream(container, place, ["--rdb", "-"], file)
        if code:
            (folder / FILE).unlink()
            raise RatchetError(
                f"{place.service} gave no copy of its conversations.",
                f"See `docker service logs {place.service}`, then run the same command again.",
            )
        return count(number, "conversation")

    def load(self, folder: Path, say: Say) -> str:
        """Put back what such a file holds and the store does not have; see `optional.Conversations`."""
        document = stack.read(self.settings)
        place = place_of(document, self.settings.stack)
        if place is None:
            raise RatchetError(
                f"Conversations of a backup cannot be put back: {outside(address(document))}.",
                f"Load {folder / FILE} into that store with its own tools, then delete {folder}.",
            )
        if docker_service.inspect(self.client, place.service) is None:
            docker_service.need_manager(self.client)
            fleet_owner.require(self.client, self.settings)
            base.prepare(self.client, self.settings, document, stack.variables(self.settings), say)
        container = self._container(place)
        forget(container)
        reader, read = self._reader(container, folder / FILE), Place("", database=place.database)
        try:
            number, written = self._number(reader, read), f"/data/{AGAIN}"
            command = f'redis-cli -n {read.database} EVAL "$1" 0 > {written}'
            run(reader, ["sh", "-c", command, "sh", COMMANDS])
            room = volume_of(container)
            container.put_archive(room, reader.get_archive(written)[0])
        finally:
            reader.remove(force=True, v=True)
        return f"{count(number, 'conversation')}{self._give(container, place, f'{room}/{AGAIN}')}"

    def _volumes(self) -> list[Any]:
        return list(self.client.volumes.list(filters=docker_service.namespace(self.settings.stack)))

    def _container(self, place: Place) -> Any:
        """Return the store's container on this engine, which answers; raises `RatchetError` where there is none."""
        label = f"com.docker.swarm.service.name={place.service}"
        here = self.client.containers.list(filters={"label": label})
        for container in here:
            if proof.until(partial(self._answers, container, place), 10.0, 0.2):
                return container
        fleet = docker_service.fleet(self.client, place.service)
        elsewhere = sorted({task.node for task in (fleet.running() if fleet else [])})
        if elsewhere and not here:
            raise RatchetError(
                f"The conversations are on the node {', '.join(elsewhere)}, and the engine that was asked is another.",
                "Run the command on that node, or name its engine with DOCKER_HOST.",
            )
        raise RatchetError(
            f"The store of the conversations ({place.service}) does not answer.",
            "Run `ratchet serve`, then the same command again.",
        )

    def _answers(self, container: Any, place: Place) -> bool:
        return self._cli(container, place, "PING") == "PONG"

    def _cli(self, container: Any, place: Place, *words: str) -> str:
        try:
            _, said = container.exec_run(["redis-cli", *place.words, *words], environment=place.environment)
        except APIError:
            return ""
        return str(said.decode(errors="replace")).strip()

    def _number(self, container: Any, place: Place) -> int:
        keys = self._cli(container, place, "--scan", "--pattern", TRACKERS).splitlines()
        return sum(not key.startswith(CHECKS) for key in keys)

    def _stream(self, container: Any, place: Place, words: list[str], file: Any) -> int:
        """Write what a `redis-cli` prints into a file, and return its exit code."""
        argv = ["redis-cli", *place.words, *words]
        api = self.client.api
        made = api.exec_create(container.id, argv, stderr=False, environment=place.environment)["Id"]
        for chunk in api.exec_start(made, stream=True):
            file.write(chunk)
        return int(api.exec_inspect(made)["ExitCode"] or 0)

    def _reader(self, container: Any, path: Path) -> Any:
        """Start a Redis that has read a file, without a network; raises `RatchetError` where it cannot."""
        # As its entry point: images differ in what they start by themselves.
        server = ["redis-server", "--dir", "/data", "--dbfilename", FILE, "--appendonly", "no"]
        reader = self.client.containers.create(container.image.id, entrypoint=server, network_mode="none")
        try:
            with tempfile.TemporaryFile() as stream:
                with tarfile.open(fileobj=stream, mode="w") as archive:
                    archive.add(path, arcname=FILE)
                stream.seek(0)
                reader.put_archive("/data", stream)
            reader.start()

            def settled() -> bool:
                reader.reload()
                return reader.status != "running" or self._answers(reader, Place(""))

            if not proof.until(settled, READ_SECONDS, 0.2) or reader.status != "running":
                last = (reader.logs(tail=1).decode(errors="replace").strip().splitlines() or ["no reason"])[
                    -1
                ]
                raise RatchetError(
                    f"Redis cannot read {path}: {last}.",
                    "It is of a newer Redis, or damaged: name that image for `redis` in deployments/stack.yml, or "
                    "delete the file if you do not need it.",
                )
        except BaseException:
            reader.remove(force=True, v=True)
            raise
        return reader

    def _give(self, container: Any, place: Place, path: str) -> str:
        """Let the store carry out a file of commands; returns what is to be said of it."""
        words = " ".join(place.words)
        argv = ["sh", "-c", f"redis-cli {words} --pipe < {path} 2>&1; rm -f {path}"]
        done = container.exec_run(argv, user="root", environment=place.environment)
        said = done[1].decode(errors="replace")
        found = re.search(r"errors: (\d+), replies: (\d+)", said)
        newer = sum(line.startswith("BUSYKEY") for line in said.splitlines())
        if found is None or int(found[1]) != newer:
            why = next(
                (line for line in said.splitlines() if line.strip() and "BUSYKEY" not in line), "no reason"
            )
            raise RatchetError(
                f"{place.service} did not take all conversations: {why.strip().rstrip('.')}.",
                f"See `docker service logs {place.service}`; what it has is kept.",
            )
        return f"; {newer:,} of their entries have changed since and stay as they are" if newer else ""


def run(container: Any, argv: list[str]) -> None:
    """Run a command in a container; raises `RatchetError` with what it says where it fails."""
    try:
        code, said = container.exec_run(argv, user="root")
    except DockerException as error:
        raise RatchetError(f"The backup's conversations cannot be read: {error}.") from error
    if code:
        raise RatchetError(
            f"The backup's conversations cannot be read: {said.decode(errors='replace').strip()}."
        )


def forget(container: Any) -> None:
    """Delete the commands that a killed run had put beside a store."""
    container.exec_run(["rm", "-f", f"{volume_of(container)}/{AGAIN}"], user="root")


def volume_of(container: Any) -> str:
    """Return where a container may write and keep: the only place where a file can be put into a read-only one."""
    mounts = container.attrs.get("Mounts") or []
    return next(
        (str(one["Destination"]) for one in mounts if one.get("RW") and one["Type"] == "volume"), "/data"
    )
