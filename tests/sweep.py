"""Takes away what a run of tests that was killed left behind: processes, small disks, stacks, containers.

A run of pytest has a folder of its own, `pytest-of-USER/pytest-N`, with a lock that holds its process's number until it
ends. What has to do with the folder of a run that has ended belongs to nobody.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import tempfile
from pathlib import Path

import docker
import psutil
from docker.errors import APIError, NotFound

PLACE = re.compile(r"pytest-of-[^/\s]+/pytest-\d+")
LABEL = "ratchet.test"
"""Containers that tests start by themselves carry it."""
STACKS = ("ratchet-test", "ratchet-kills", "ratchet-whole", "ratchet-second")
"""The stacks that tests make on the machine's own engine; each has those of its two colours and of what it compares."""
PARTS = ("", "-staging", "-blue", "-green")
STACK_LABEL = "com.docker.stack.namespace"


def sweep() -> list[str]:
    """End the processes and unmount the disks of runs that have ended; returns what was found."""
    processes = [process for process in psutil.process_iter() if orphaned(traces(process))]
    found = [f"process {process.pid}" for process in processes]
    for process in processes:
        try:
            process.kill()
        except psutil.Error:
            continue
    psutil.wait_procs(processes, timeout=10)
    for line in reversed(Path("/proc/mounts").read_text().splitlines()):
        if orphaned(mount := line.split()[1]):
            subprocess.run(["umount", "-l", mount], check=False, capture_output=True)
            found.append(f"disk {mount}")
    return found


def traces(process: psutil.Process) -> str:
    """Return what tells where a process belongs: its arguments, its folder, and what its environment names."""
    try:
        names = [value for name, value in process.environ().items() if name != "OLDPWD"]
        return " ".join([*process.cmdline(), process.cwd(), *names])
    except (psutil.Error, OSError):
        return ""


def orphaned(text: str) -> bool:
    """Whether a text names a folder of test runs, and every run that it names has ended."""
    places = [Path(tempfile.gettempdir()) / name for name in set(PLACE.findall(text))]
    return bool(places) and not any(alive(place) for place in places)


def alive(place: Path) -> bool:
    """Whether the run whose folder this is still goes on."""
    try:
        return psutil.pid_exists(int((place / ".lock").read_text()))
    except (OSError, ValueError):
        return False  # pytest has taken its lock away: the run ended by itself


def sweep_engine(client: docker.DockerClient) -> None:
    """Remove the stacks and containers that earlier tests left on the engine, and wait until they are gone."""
    for container in client.containers.list(all=True, filters={"label": LABEL}):
        container.remove(force=True, v=True)
    stacks = [f"{stack}{part}" for stack in STACKS for part in PARTS]
    left = {service.attrs["Spec"]["Labels"].get(STACK_LABEL) for service in client.services.list()}
    for stack in sorted(left & set(stacks), reverse=True):  # the networks go last
        subprocess.run(["docker", "stack", "rm", stack], check=True, capture_output=True, timeout=120)
    for stack in stacks:
        mine = {"label": f"{STACK_LABEL}={stack}"}
        for container in client.containers.list(all=True, filters=mine):
            with contextlib.suppress(NotFound):  # the swarm has taken it away meanwhile
                container.wait(timeout=120)
        for volume in client.volumes.list(filters=mine):
            try:
                volume.remove(force=True)
            except APIError:  # the engine is still taking its container away
                continue
