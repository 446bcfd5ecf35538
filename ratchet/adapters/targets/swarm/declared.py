"""What the stack's file declares of a service, as far as it explains why a replica does not run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

STACK = "deployments/stack.yml"


class Reason(NamedTuple):
    """What is the case, and what to do about it; whole sentences."""

    fact: str
    remedy: str


@dataclass(frozen=True)
class Declared:
    """One service as the file has it; "" where it declares nothing.

    `again` is the command, without backticks, that tries again once the remedy was followed; `store` the service of
    the conversations' store as the engine knows it, "" where that is not the stack's own.
    """

    service: str = "bot"
    again: str = "ratchet release"
    store: str = ""
    replicas: str = ""
    memory_limit: str = ""
    reservations: str = ""
    constraints: str = ""
    per_node: str = ""

    def key(self, name: str) -> str:
        """Name a key of the service in the stack's file."""
        return f"{name} of `{self.service}` in {STACK}"

    def remedy(self, *steps: str) -> str:
        """Say what to do, and which command then tries again."""
        said = " ".join(step for step in steps if step)
        return f"{said} Then run `{self.again}` again." if said else f"`{self.again}` tries again."


def declared(
    document: Mapping[str, Any], service: str = "bot", again: str = "ratchet release", store: str = ""
) -> Declared:
    """Read what a stack's document says of a service; "" for what it leaves out or gives a variable."""

    def at(*keys: str) -> Any:
        found: Any = document
        for key in ("services", service, "deploy", *keys):
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    def text(*keys: str) -> str:
        found = at(*keys)
        return str(found) if isinstance(found, str | int | float) and "$" not in str(found) else ""

    held = {
        "of memory": text("resources", "reservations", "memory"),
        "CPUs": text("resources", "reservations", "cpus"),
    }
    constraints = at("placement", "constraints")
    return Declared(
        service,
        again,
        store,
        replicas=text("replicas"),
        memory_limit=text("resources", "limits", "memory"),
        reservations=" and ".join(f"{much} {unit}" for unit, much in held.items() if much),
        constraints=", ".join(map(str, constraints)) if isinstance(constraints, list) else "",
        per_node=text("placement", "max_replicas_per_node"),
    )


def sentence(words: str) -> str:
    """Return words with a capital letter and a full stop."""
    return f"{words[:1].upper()}{words[1:]}".rstrip(".") + "."
