"""What the Docker engine says of a replica that it cannot place or start, told as fact and remedy.

The wordings are those of swarmkit's scheduler (`manager/scheduler/filter.go`), of its agent and of the engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ratchet.adapters.targets.swarm.declared import STACK, Declared, Reason, sentence

NO_NODE = re.compile(r"no suitable node \((?P<parts>.+)\)")


def told(error: str, about: Declared) -> Reason | None:
    """Say what the engine could not do for a replica; None where its words are about the replica's own process."""
    if no_node := NO_NODE.search(error):
        make = next((make for words, make in PARTS if words in no_node["parts"]), None)
        return make(about) if make else Reason(sentence(error), about.remedy())
    for pattern, fact, step in BEFORE_START:
        if found := re.search(pattern, error, re.IGNORECASE):
            named = {"service": about.service, "what": (found.groupdict().get("what") or "").rstrip(".")}
            return Reason(fact.format(**named), about.remedy(step.format(**named)))
    return None


def resources(about: Declared) -> Reason:
    """No node has as much free as is reserved."""
    reserved = f"it reserves {about.reservations}" if about.reservations else "it reserves more than is free"
    return Reason(
        f"No node has room for a replica of `{about.service}`: {reserved} "
        f"({about.key('deploy.resources.reservations')}).",
        about.remedy("Lower that reservation, or add a node."),
    )


def per_node(about: Declared) -> Reason:
    """Each node has as many replicas as it may have."""
    limit = f"the limit of {about.per_node}" if about.per_node else "the limit"
    wanted = f", and {about.replicas} replicas are declared" if about.replicas else ""
    return Reason(
        f"No node may take another replica of `{about.service}`: {limit} a node is "
        f"{about.key('deploy.placement.max_replicas_per_node')}{wanted}.",
        about.remedy("Raise that limit, lower `replicas`, or add a node."),
    )


def host_port(about: Declared) -> Reason:
    """The port that it publishes on a node is taken there by another service."""
    return Reason(
        f"No node has the port free that `{about.service}` publishes: another service of the swarm has it.",
        about.remedy(
            "`docker service ls` shows which. Remove that service, or set another port with RATCHET_PORT."
        ),
    )


def constraints(about: Declared) -> Reason:
    """No node is one of those that it is for."""
    wanted = f" {about.constraints}" if about.constraints else ""
    return Reason(
        f"No node meets the constraint{wanted} ({about.key('deploy.placement.constraints')}).",
        about.remedy("Correct it, or label a node; `docker node ls` lists the nodes."),
    )


def platform(about: Declared) -> Reason:
    """The image is for other machines."""
    return Reason(
        f"No node has the processor or system that the image of `{about.service}` is made for.",
        about.remedy("Build the image on a machine like the nodes."),
    )


def plugin(about: Declared) -> Reason:
    """A driver is missing."""
    return Reason(
        f"No node has the plugin that a network, volume or log of `{about.service}` needs.",
        about.remedy(f"Install it, or take that driver out of {STACK}."),
    )


def unavailable(about: Declared) -> Reason:
    """The nodes are down, drained or paused."""
    return Reason(
        f"No node takes new replicas of `{about.service}`: the nodes are down, drained or paused.",
        about.remedy(
            "`docker node ls` lists them; `docker node update --availability active NODE` lets one take replicas."
        ),
    )


PARTS: tuple[tuple[str, Callable[[Declared], Reason]], ...] = (
    ("insufficient resources", resources),
    ("max replicas per node limit exceed", per_node),
    ("host-mode port already in use", host_port),
    ("scheduling constraints not satisfied", constraints),
    ("unsupported platform", platform),
    ("missing plugin", plugin),
    ("not available for new tasks", unavailable),
)
"""What swarmkit's filters say, the most telling first: a node that is down matters where nothing else is in the way."""

BEFORE_START: tuple[tuple[str, str, str], ...] = (
    (
        r"No such image: (?P<what>\S+)",
        "No such image: {what}, which `{service}` runs, is not on the node.",
        "",  # the command makes it again
    ),
    (
        r"(?P<what>pull access denied for [^,]+|manifest for \S+ not found|manifest unknown"
        r"|Get \"?https?://\S+: .+|error pulling image.*|unauthorized: .+)",
        "The image of `{service}` cannot be fetched from its registry: {what}.",
        "Correct RATCHET_REGISTRY, or log in on that node with `docker login`.",
    ),
    (
        r"bind source path does not exist: (?P<what>\S+)",
        "{what}, which `{service}` mounts, is not on the node.",
        f"Put it there, or correct `volumes` of `{{service}}` in {STACK}.",
    ),
    (
        r"(?:Bind for \S+:|listen tcp\d? \S*:)(?P<what>\d+)(?: failed)?: (?:port is already|bind: address already)",
        "Port {what} of the node, which `{service}` publishes, is taken by another program.",
        "Stop that program (`ss -ltnp` names it), or set another port with RATCHET_PORT or RATCHET_OPERATION_PORT.",
    ),
    (
        r"exec: \"(?P<what>[^\"]+)\": (?:executable file not found|permission denied|stat .*no such file)",
        "The container of `{service}` cannot start: its command {what} is not in the image, or is no program.",
        f"Correct `command` and `entrypoint` of `{{service}}` in {STACK}.",
    ),
    (
        r"(?P<what>(?:network|secret|config|volume) \S+ not found)",
        "What `{service}` needs is not on the engine: {what}.",
        "",
    ),
    (
        r"ip addresses may be exhausted",
        "A network of `{service}` has no free address left.",
        f"Give it a larger `subnet` under `ipam` of `networks` in {STACK}.",
    ),
    (
        r"no longer meets constraints",
        "The node no longer meets a constraint of `{service}`, or has no longer the memory that it reserves.",
        f"See deploy.placement and deploy.resources of `{{service}}` in {STACK}, and `docker node ls`.",
    ),
    (
        r"no space left on device",
        "The disk of the node is full.",
        "Make room on it; `docker system df` shows what the engine holds.",
    ),
)
"""What fails on the node before the replica's own process runs: its words, the fact, a step before the retry."""
