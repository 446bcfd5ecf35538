"""Whether a set of replicas has room on the nodes of a swarm, before any of it is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ratchet.domain.wording import count

MEBI = 1024 * 1024
LINEAR_MIB, ENCODER_MIB = 256, 352
"""What is reserved for a replica, without a sentence encoder and with one: the most that one may hold (260 and 350 MB,
`benchmarks.bot`) in whole 32 MiB."""


@dataclass(frozen=True)
class Node:
    """A node that can take replicas; `memory` in bytes and `cpus` are what no running task has reserved.

    `attributes` are those that constraints name: `node.id`, `node.hostname`, `node.role`, `node.labels.X`.
    """

    name: str
    memory: int
    cpus: float
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Need:
    """What is to be started: the number of replicas, what each reserves, and where they may run.

    `most_per_node` is 0 where as many as have room may be on one node.
    """

    replicas: int
    memory: int = 0
    cpus: float = 0.0
    constraints: tuple[str, ...] = ()
    most_per_node: int = 0


def allowed(node: Node, constraint: str) -> bool:
    """Say whether a node meets a constraint; one of a form that is not known here is left for the engine to judge."""
    for sign in ("!=", "=="):
        name, found, wanted = constraint.partition(sign)
        known = name.strip() in node.attributes or name.strip().startswith("node.labels.")
        if found and not known:
            return True
        if found:
            same = node.attributes.get(name.strip(), "").casefold() == wanted.strip().casefold()
            return same if sign == "==" else not same
    return True


def places(node: Node, need: Need) -> int:
    """Return how many of the replicas one node could take."""
    limits = [need.replicas]
    if need.memory:
        limits.append(node.memory // need.memory)
    if need.cpus:
        limits.append(int((node.cpus + 1e-9) / need.cpus))
    if need.most_per_node:
        limits.append(need.most_per_node)
    return max(0, min(limits))


def shortage(nodes: Sequence[Node], need: Need) -> str:
    """Say why the replicas have no room, "" when they have."""
    right = [node for node in nodes if all(allowed(node, one) for one in need.constraints)]
    if not right:
        named = " and ".join(need.constraints)
        return f"no node meets {named}" if nodes else "no node is ready"
    fit = sum(places(node, need) for node in right)
    if fit >= need.replicas:
        return ""
    unlimited = Need(need.replicas, need.memory, need.cpus, need.constraints)
    if need.most_per_node and sum(places(node, unlimited) for node in right) >= need.replicas:
        return (
            f"max_replicas_per_node is {need.most_per_node}, so {count(len(right), 'node')} can take "
            f"{fit} of {count(need.replicas, 'replica')}"
        )
    parts = []
    if need.memory:
        most = max(node.memory for node in right)
        parts.append(
            f"{need.memory / MEBI:,.0f} MiB of memory (a node has {max(most, 0) / MEBI:,.0f} MiB left)"
        )
    if need.cpus:
        most_cpus = max(node.cpus for node in right)
        parts.append(f"{need.cpus:g} CPUs (a node has {max(most_cpus, 0):g} left)")
    return (
        f"each of {count(need.replicas, 'replica')} reserves {' and '.join(parts)}; "
        f"{count(len(right), 'node')} can take {fit}"
    )


def left(nodes: Sequence[Node], need: Need) -> list[Node]:
    """Return the nodes with what is left of them once the replicas are placed, each where most memory is left.

    Replicas that fit nowhere are passed over.
    """
    free = dict(enumerate(nodes))
    taken = dict.fromkeys(free, 0)
    for _ in range(need.replicas):
        fit = [
            number
            for number, node in free.items()
            if all(allowed(node, one) for one in need.constraints)
            and places(node, replace(need, replicas=1))
            and (not need.most_per_node or taken[number] < need.most_per_node)
        ]
        if not fit:
            break
        best = max(fit, key=lambda number: free[number].memory)
        node = free[best]
        free[best] = replace(node, memory=node.memory - need.memory, cpus=node.cpus - need.cpus)
        taken[best] += 1
    return list(free.values())


def shortage_of_both(nodes: Sequence[Node], replicas: Need, actions: Need) -> str:
    """Say why a release's replicas and its custom actions have no room together, "" when they have.

    Whichever of the two is placed first: the engine may find a place where one order does not.
    """
    if why := shortage(nodes, replicas):
        return why
    why = shortage(left(nodes, replicas), actions)
    if not why or not (shortage(nodes, actions) or shortage(left(nodes, actions), replicas)):
        return ""
    return f"beside its replicas its custom actions have no room: {why}"
