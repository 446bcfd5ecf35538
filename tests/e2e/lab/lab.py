"""Three Docker engines on one machine, each in a network namespace of its own, as the three nodes of one swarm.

Every engine has its own data, state folder, process file, mounts, host name and cgroup, and an address on a bridge.
The engines are managers, so that any one may be lost. `cut` takes a node's cable away, which is what the others see of
a machine that lost its power. Needs root; `start` cleans what an earlier lab left, `stop` removes everything.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import DockerException

BRIDGE = "ratchet-lab"
NETWORK = "10.213.0"
GATEWAY = f"{NETWORK}.1"
PORT = 2375
# The namespace for the network; `unshare` for mounts and the host name. `ip netns exec` would also replace /sys,
# and with it the cgroups.
ENGINE = """
hostname {name}
echo nameserver {address} > {folder}/resolv.conf
mount --bind {folder}/resolv.conf /etc/resolv.conf
exec dockerd --data-root {folder}/data --exec-root {folder}/exec --pidfile {folder}/docker.pid \
  -H tcp://{address}:{port} --cgroup-parent /{name} --insecure-registry {network}.0/24 --log-level warn
"""

# Every name outside the lab is unknown, and that is said at once: nothing leaves the lab.
NAMES = r"""
import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 53))
while True:
    asked, who = server.recvfrom(512)
    end = asked.index(0, 12) + 5
    server.sendto(asked[:2] + b"\x81\x83\0\1" + bytes(6) + asked[12:end], who)
"""


@dataclass
class Node:
    """One engine."""

    number: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    names: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """Name of the node, its network namespace and its cgroup."""
        return f"lab{self.number}"

    @property
    def address(self) -> str:
        """Its address on the bridge."""
        return f"{NETWORK}.{10 + self.number}"

    @property
    def host(self) -> str:
        """What DOCKER_HOST is for it."""
        return f"tcp://{self.address}:{PORT}"

    def client(self) -> docker.DockerClient:
        """A client of its engine."""
        return docker.DockerClient(base_url=self.host, timeout=60)


class Lab:
    """The nodes, from start to stop."""

    def __init__(self, folder: Path, nodes: int = 3) -> None:
        self.nodes = [Node(number, folder / f"lab{number}") for number in range(1, nodes + 1)]

    def start(self, images: Sequence[str], first: Sequence[str] = (), joined: int | None = None) -> None:
        """Start the engines, load images from this machine's own engine, and make a swarm of them.

        The `first` node gets images besides. Only so many nodes are `joined`, None for all.
        """
        self.stop()
        sh(
            f"ip link add {BRIDGE} type bridge",
            f"ip address add {GATEWAY}/24 dev {BRIDGE}",
            f"ip link set {BRIDGE} up",
        )
        # The machine's own engine forbids what passes a bridge that is not its own.
        for way in ("-i", "-o"):
            sh(f"iptables -I FORWARD {way} {BRIDGE} -j ACCEPT")
        for node in self.nodes:
            self._plug(node)
            self._run(node)
        for node in self.nodes:
            wait(lambda node=node: answers(node), 60, f"{node.name} answers")  # type: ignore[misc]
        self._load(self.nodes, images)
        self._load(self.nodes[:1], first)
        client = self.nodes[0].client()
        client.swarm.init(advertise_addr=self.nodes[0].address, listen_addr=f"{self.nodes[0].address}:2377")
        for node in self.nodes[1:joined]:
            self.join(node)

    def _load(self, nodes: Sequence[Node], images: Sequence[str]) -> None:
        if not images:
            return
        archive = self.nodes[0].folder.parent / "images.tar"
        subprocess.run(["docker", "save", "-o", archive, *images], check=True, timeout=300)
        loads = [
            subprocess.Popen(
                ["docker", "-H", node.host, "load", "-q", "-i", archive], stdout=subprocess.DEVNULL
            )
            for node in nodes
        ]
        assert all(load.wait(timeout=300) == 0 for load in loads)
        archive.unlink()

    def join(self, node: Node) -> None:
        """Make an engine a manager of the swarm, with the command that the first one prints for it."""
        printed = subprocess.run(
            ["docker", "-H", self.nodes[0].host, "swarm", "join-token", "manager"],
            check=True,
            capture_output=True,
            text=True,
            timeout=30,
        ).stdout
        command = next(line.split() for line in printed.splitlines() if "docker swarm join " in line)
        own = ["--advertise-addr", node.address, "--listen-addr", f"{node.address}:2377"]
        words = ["docker", "-H", node.host, *command[1:3], *own, *command[3:]]
        subprocess.run(words, check=True, capture_output=True, timeout=60)
        wait(lambda: node.name in ready_nodes(self.nodes[0].client()), 30, f"{node.name} is ready")

    def cut(self, node: Node) -> None:
        """Take the node's cable away."""
        sh(f"ip link set rl{node.number} down")

    def halt(self, node: Node) -> None:
        """Stop a node's engine as `systemctl stop docker` does; its containers end with it."""
        assert node.process is not None
        node.process.terminate()
        node.process.wait(timeout=60)

    def resume(self, node: Node) -> None:
        """Start an engine that was stopped; the swarm starts its containers again."""
        self._run(node)
        wait(lambda: answers(node), 60, f"{node.name} answers")

    def stop(self) -> None:
        """End the engines and their containers, and remove bridge, namespaces and files."""
        for node in self.nodes:
            self._end(node)
            sh(f"ip netns delete {node.name}", f"ip link delete rl{node.number}", check=False)
        for way in ("-i", "-o"):
            sh(f"iptables -D FORWARD {way} {BRIDGE} -j ACCEPT", check=False)
        sh(f"ip link delete {BRIDGE}", check=False)
        for node in self.nodes:
            for line in reversed(Path("/proc/mounts").read_text().splitlines()):
                if (mount := line.split()[1]).startswith(str(node.folder)):
                    sh(f"umount -l {mount}", check=False)
            shutil.rmtree(node.folder, ignore_errors=True)

    def _plug(self, node: Node) -> None:
        outer, inner = f"rl{node.number}", f"rln{node.number}"
        sh(
            f"ip netns add {node.name}",
            f"ip link add {outer} type veth peer name {inner}",
            f"ip link set {outer} master {BRIDGE} up",
            f"ip link set {inner} netns {node.name}",
        )
        inside = f"nsenter --net=/run/netns/{node.name}"
        sh(
            f"{inside} ip link set lo up",
            f"{inside} ip address add {node.address}/24 dev {inner}",
            f"{inside} ip link set {inner} up",
            f"{inside} ip route add default via {GATEWAY}",
        )
        node.names = subprocess.Popen([*inside.split(), sys.executable, "-c", NAMES, node.address])

    def _run(self, node: Node) -> None:
        node.folder.mkdir(parents=True, exist_ok=True)
        script = ENGINE.format(
            name=node.name, folder=node.folder, address=node.address, port=PORT, network=NETWORK
        )
        argv = ["nsenter", f"--net=/run/netns/{node.name}", "unshare", "-m", "--uts", "sh", "-c", script]
        log = (node.folder / "engine.log").open("ab")
        node.process = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)

    def _end(self, node: Node) -> None:
        """End the engine, then whatever still runs in its namespace; both are found by number, not by name."""
        for process in (node.process, node.names):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        listed = subprocess.run(
            ["ip", "netns", "pids", node.name], capture_output=True, text=True, check=False
        )
        groups = [
            path
            for kind in ("pids", "devices")
            for path in Path("/sys/fs/cgroup", kind, node.name).rglob("cgroup.procs")
        ]
        numbers = {
            int(word)
            for text in [listed.stdout, *(path.read_text() for path in groups)]
            for word in text.split()
        }
        for number in numbers:
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                continue


def sh(*lines: str, check: bool = True) -> None:
    """Run commands that need no quoting."""
    for line in lines:
        subprocess.run(line.split(), check=check, timeout=30, capture_output=True)


def answers(node: Node) -> bool:
    """Whether the node's engine answers; raises with the end of its log when it has ended."""
    if node.process is not None and node.process.poll() is not None:
        raise AssertionError((node.folder / "engine.log").read_text()[-2000:])
    try:
        return bool(node.client().ping())
    except DockerException:
        return False


def ready_nodes(client: docker.DockerClient) -> list[str]:
    """Names of the nodes that the swarm calls ready."""
    return [
        node["Description"]["Hostname"] for node in client.api.nodes() if node["Status"]["State"] == "ready"
    ]


def wait(condition: object, seconds: float, what: str) -> None:
    """Wait until a condition holds."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.3)
