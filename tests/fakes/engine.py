"""A Docker engine that manages a swarm of one node, as far as a fleet asks it: services, their tasks and containers.

`run` stands in for the `docker` command: stacks and services are changed by it as the engine does, at once.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from docker.errors import NotFound

from ratchet.adapters.system.commands import Completed

STACK = "com.docker.stack.namespace"
SERVICE = "com.docker.swarm.service.name"


@dataclass
class Container:
    """A container of a service; `files` are what `cat` in it prints."""

    service: str
    files: Mapping[str, str]
    said: list[list[str]] = field(default_factory=list)

    def exec_run(self, argv: list[str], **options: Any) -> tuple[int, bytes]:
        """Print a file in it."""
        self.said.append(argv)
        text = self.files.get(argv[-1], "")
        return int(not text), text.encode()


@dataclass
class Engine:
    """The engine, and a client of it.

    `known` maps a service's name to what the engine was told; `secrets` are what a replica of the bot finds in
    /run/secrets; `here` is whether replicas run on this engine's node, and `number` how many nodes
    the swarm has; `active` is whether it is in a swarm at all; `lacking` are the images that no registry has;
    `commands` are the `docker` commands that came.
    """

    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    here: bool = True
    number: int = 1
    active: bool = True
    lacking: set[str] = field(default_factory=set)
    commands: list[str] = field(default_factory=list)

    @property
    def api(self) -> Engine:
        """The low-level client."""
        return self

    @property
    def containers(self) -> Any:
        """Those of this node; none where the swarm runs them on others."""
        return SimpleNamespace(list=self._containers)

    @property
    def networks(self) -> Any:
        """As if each network were there."""
        return SimpleNamespace(list=lambda names=None, filters=None: [] if filters else [names])

    @property
    def images(self) -> Any:
        """As if each were here, without custom actions; none is this fleet's own, to be deleted."""
        return SimpleNamespace(
            get=lambda reference: SimpleNamespace(labels={}, id=reference), list=lambda filters: []
        )

    @property
    def volumes(self) -> Any:
        """None."""
        return SimpleNamespace(list=lambda filters: [])

    def info(self) -> dict[str, Any]:
        """The engine's place in its swarm."""
        return {
            "Swarm": {
                "LocalNodeState": "active" if self.active else "inactive",
                "NodeID": "n1",
                "ControlAvailable": True,
                "Nodes": self.number,
            }
        }

    def nodes(self) -> list[dict[str, Any]]:
        """The one node."""
        resources = {"MemoryBytes": 8_000_000_000, "NanoCPUs": 4_000_000_000}
        return [
            {
                "ID": "n1",
                "Description": {"Hostname": "here", "Resources": resources},
                "Spec": {"Role": "manager", "Availability": "active"},
                "Status": {"State": "ready"},
            }
        ]

    def inspect_service(self, name: str) -> dict[str, Any]:
        """One service."""
        if name not in self.known:
            raise NotFound(f"no such service: {name}")
        return self.known[name]

    def remove_service(self, name: str) -> None:
        """Remove one service."""
        del self.known[name]

    def services(self, filters: Mapping[str, str], status: bool = False) -> list[dict[str, Any]]:
        """Those of a stack."""
        stack = filters["label"].partition("=")[2]
        found = [one for one in self.known.values() if one["Spec"]["Labels"][STACK] == stack]
        for one in found:
            number = len(self.tasks({"service": one["Spec"]["Name"]}))
            one["ServiceStatus"] = {"RunningTasks": number, "DesiredTasks": number}
        return found

    def tasks(self, filters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """The tasks of a service, or of all: as many as it is told, all running."""
        names = [filters["service"]] if filters else list(self.known)
        return [task for name in names for task in self._tasks_of(name)]

    def _tasks_of(self, name: str) -> Iterator[dict[str, Any]]:
        spec = self.inspect_service(name)["Spec"]
        for number in range(spec["Mode"].get("Replicated", {"Replicas": 1})["Replicas"]):
            yield {
                "ID": f"{name}-{number}",
                "ServiceID": name,
                "Spec": spec["TaskTemplate"],
                "Status": {"State": "running", "Timestamp": datetime.now(UTC).isoformat()},
                "DesiredState": "running",
                "Slot": number + 1,
                "NodeID": "n1",
                "NetworksAttachments": [{"Addresses": [f"10.0.0.{number}/24"]}],
            }

    def _containers(self, filters: Mapping[str, str]) -> list[Container]:
        key, _, value = filters["label"].partition("=")
        if key == STACK or not self.here:
            return []
        files = {f"/run/secrets/{name}": text for name, text in self.secrets.items()}
        number = len(self.tasks({"service": value})) if value in self.known else 0
        return [Container(value, files) for _ in range(number)]

    def run(self, argv: Sequence[str | Path], **options: Any) -> Completed:
        """Carry out a `docker` command."""
        words = [str(word) for word in argv]
        self.commands.append(" ".join(words))
        match words[1:3]:
            case ["stack", "deploy"]:
                self._deploy(words[-1], words[words.index("-c") + 1], options["env"])
            case ["stack", "rm"]:
                for name in [one["Spec"]["Name"] for one in self.services({"label": f"={words[-1]}"})]:
                    del self.known[name]
            case ["service", "ps"]:
                return Completed(tuple(words), 0, self._tasks_shown(words[-1]))
            case ["service", "logs"]:
                self.inspect_service(words[-1])
                return Completed(tuple(words), 0, f"{words[-1]}.1 | Out of memory")
            case ["swarm", "init"]:
                self.active = True
            case ["info"]:
                return Completed(tuple(words), 0, f"Swarm: {self.info()['Swarm']['LocalNodeState']}")
            case ["pull", image] if image in self.lacking:
                return Completed(tuple(words), 1, f"manifest for {image} not found")
            case ["service", "rollback"]:
                service = self.inspect_service(words[-1])
                service["Spec"], service["PreviousSpec"] = service["PreviousSpec"], service["Spec"]
            case ["service", "update"]:
                self._update(self.inspect_service(words[-1])["Spec"], words[3:-1])
        return Completed(tuple(words), 0, "")

    def type(self, line: str) -> str:
        """Carry out a line as somebody types it, and return what it prints."""
        return self.run(shlex.split(line)).output

    def _tasks_shown(self, name: str) -> str:
        state = (self.inspect_service(name).get("UpdateStatus") or {}).get("State", "")
        lines = [f"{task['ID']} {task['Status']['State']}" for task in self.tasks({"service": name})]
        return "\n".join([*lines, state])

    def _deploy(self, stack: str, file: str, values: Mapping[str, str]) -> None:
        text = Path(file).read_text()
        for name, value in values.items():
            text = text.replace(f"${{{name}}}", value)
        for key, service in yaml.safe_load(text)["services"].items():
            deploy = service.get("deploy") or {}
            told = {"Replicated": {"Replicas": deploy.get("replicas", 1)}}
            environment = service.get("environment") or {}
            name = f"{stack}_{key}"
            self.known[name] = {
                "ID": name,
                "Spec": {
                    "Name": name,
                    "Labels": {STACK: stack, **(deploy.get("labels") or {})},
                    "Mode": {"Global": {}} if deploy.get("mode") == "global" else told,
                    "TaskTemplate": {
                        "ContainerSpec": {
                            "Image": service.get("image", ""),
                            "Env": [f"{name}={value}" for name, value in environment.items()],
                        }
                    },
                },
            }

    def _update(self, spec: dict[str, Any], words: list[str]) -> None:
        for option, value in pairwise(words):
            name, _, text = value.partition("=")
            if option == "--replicas":
                spec["Mode"]["Replicated"]["Replicas"] = int(value)
            elif option == "--label-add":
                spec["Labels"][name] = text
            elif option == "--label-rm":
                spec["Labels"].pop(value, None)
            elif option == "--env-add":
                container = spec["TaskTemplate"]["ContainerSpec"]
                rest = [one for one in container["Env"] if not re.match(rf"{name}=", one)]
                container["Env"] = [*rest, value]
