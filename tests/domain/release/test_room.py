"""Whether replicas have room is said before they start, in numbers that a person can act on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.release.room import MEBI, Need, Node, left, shortage, shortage_of_both

GIB = 1024 * MEBI


def node(memory: int = 4 * GIB, cpus: float = 4.0, **attributes: str) -> Node:
    """A node with so much left."""
    return Node("n", memory, cpus, {f"node.{key}": value for key, value in attributes.items()})


def test_what_fits_is_let_through() -> None:
    """Two replicas of 256 MiB on one node."""
    assert shortage([node()], Need(2, 256 * MEBI)) == ""


def test_a_reservation_that_no_node_has_is_named() -> None:
    """Both what is asked for and what there is."""
    said = shortage([node(2 * GIB)], Need(2, 900 * GIB))
    assert said == (
        "each of 2 replicas reserves 921,600 MiB of memory (a node has 2,048 MiB left); 1 node can take 0"
    )


def test_a_limit_for_each_node_is_told_from_memory() -> None:
    """Adding memory would not help."""
    need = Need(2, 256 * MEBI, most_per_node=1)
    assert "max_replicas_per_node is 1" in shortage([node()], need)
    assert shortage([node(), node()], need) == ""


def test_a_constraint_that_no_node_meets_is_named() -> None:
    """By its own words."""
    need = Need(1, constraints=("node.labels.disk == ssd",))
    assert shortage([node(role="manager")], need) == "no node meets node.labels.disk == ssd"
    assert shortage([Node("n", GIB, 1, {"node.labels.disk": "ssd"})], need) == ""
    assert shortage([node(role="manager")], Need(1, constraints=("node.role != worker",))) == ""


def test_processors_count_as_well() -> None:
    """In the form in which Docker takes them."""
    assert "3 CPUs (a node has 2 left)" in shortage([node(cpus=2)], Need(1, cpus=3))
    assert shortage([node(cpus=0.3)], Need(3, cpus=0.1)) == ""


@given(st.lists(st.integers(0, 10), max_size=4), st.integers(1, 8), st.integers(1, 4))
def test_a_fit_is_a_packing(free: list[int], replicas: int, each: int) -> None:
    """The answer is that of putting one replica after the other on any node that has room."""
    nodes = [node(memory * MEBI) for memory in free]
    left, placed = list(free), 0
    for index in range(len(left)):
        while left[index] >= each and placed < replicas:
            left[index] -= each
            placed += 1
    assert (shortage(nodes, Need(replicas, each * MEBI)) == "") is (placed == replicas)


def test_custom_actions_need_room_beside_the_replicas() -> None:
    """Both are counted, whichever of the two the engine places first."""
    replicas, actions = Need(2, 256 * MEBI), Need(1, 128 * MEBI)
    assert shortage_of_both([node(640 * MEBI)], replicas, actions) == ""
    assert shortage_of_both([node(600 * MEBI)], replicas, actions) == (
        "beside its replicas its custom actions have no room: each of 1 replica reserves 128 MiB of memory "
        "(a node has 88 MiB left); 1 node can take 0"
    )
    assert "each of 2 replicas" in shortage_of_both([node(300 * MEBI)], replicas, actions)
    assert shortage_of_both([node(270 * MEBI), node(390 * MEBI)], replicas, actions) == ""
    assert shortage_of_both([node(600 * MEBI)], replicas, Need(1)) == ""


def test_replicas_without_a_place_take_nothing() -> None:
    """What is left is what the others leave."""
    found = left(
        [node(GIB, role="worker"), node(GIB, role="manager")],
        Need(3, GIB, constraints=("node.role == manager",)),
    )
    assert [one.memory for one in found] == [GIB, 0]
    assert [one.memory for one in left([node(GIB)], Need(2, 256 * MEBI, most_per_node=1))] == [768 * MEBI]
