"""What on a Prefect server belongs to one workspace: its names, its tag, and automations that match nothing else.

A server is often shared: by other workspaces, and by teams that know nothing of Ratchet. A deployment, a work pool
and a concurrency limit are found by name, an event by its resource, a run by its tag; each has the workspace's name
in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

POOL = "ratchet"
"""The work pool as `deployments/prefect.yaml` names it; on the server, the workspace's name follows."""
EVENTS = "ratchet.workspace."
"""What the resource of each of Ratchet's events begins with; the workspace's name follows."""
RUNS = "prefect.flow-run."
"""What the resource of an event about a run begins with."""

Content = dict[str, Any]


def slug(text: str) -> str:
    """Return a folder's name as a name on the server: lower-case letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "workspace"


@dataclass(frozen=True)
class Scope:
    """The names that a workspace has on a Prefect server; `name` is lower-case letters, digits and hyphens."""

    name: str

    @property
    def pool(self) -> str:
        """The work pool."""
        return f"{POOL}-{self.name}"

    @property
    def slot(self) -> str:
        """The concurrency limit whose one slot a run holds that changes the workspace or the fleet."""
        return f"{POOL}-{self.name}"

    @property
    def tag(self) -> str:
        """The tag of every run, also of one that someone starts in a shell, and of every automation."""
        return f"{POOL}:{self.name}"

    @property
    def resource(self) -> str:
        """The resource of the workspace's events."""
        return f"{EVENTS}{self.name}"

    @property
    def record(self) -> str:
        """The Prefect variable that says who has the name and what is loaded."""
        return f"ratchet_{self.name.replace('-', '_')}"

    def deployment(self, name: str) -> str:
        """The name of a deployment."""
        return f"{self.name}-{name}"

    def titled(self, title: str) -> str:
        """The name of an automation."""
        return f"{title} ({self.name})"


def deployments(content: Mapping[str, Any], scope: Scope) -> Content:
    """Return the content of a `prefect.yaml` with the names, the tag and the triggers of this workspace.

    Work pools other than Ratchet's own keep their names: they are the team's.
    """
    return {**content, "deployments": [deployment(one, scope) for one in content.get("deployments") or []]}


def deployment(one: Mapping[str, Any], scope: Scope) -> Content:
    """Return one deployment as this workspace's own."""
    scoped = {**one, "name": scope.deployment(one["name"]), "tags": [*one.get("tags", []), scope.tag]}
    pool = one.get("work_pool") or {}
    if pool.get("name") == POOL:
        scoped["work_pool"] = {**pool, "name": scope.pool}
    if one.get("triggers"):
        scoped["triggers"] = [
            {**trigger(found, scope), **({"name": scope.titled(found["name"])} if "name" in found else {})}
            for found in one["triggers"]
        ]
    return scoped


def automations(content: Sequence[Mapping[str, Any]], scope: Scope) -> list[Content]:
    """Return the content of an `automations.yaml` as this workspace's own: about its events and its runs only."""
    return [
        {
            **one,
            "name": scope.titled(one["name"]),
            "tags": [*one.get("tags", []), scope.tag],
            "trigger": trigger(one["trigger"], scope),
        }
        for one in content
    ]


def trigger(one: Mapping[str, Any], scope: Scope) -> Content:
    """Return a trigger that matches this workspace's events, and runs with its tag; one of triggers, each of them."""
    if "triggers" in one:
        return {**one, "triggers": [trigger(inner, scope) for inner in one["triggers"]]}
    match = one.get("match") or {}
    resources = match.get("prefect.resource.id") or []
    named = [resources] if isinstance(resources, str) else list(resources)
    if any(name.startswith(EVENTS) for name in named):
        return {**one, "match": {**match, "prefect.resource.id": scope.resource}}
    if not named or any(name in ("*", "prefect.*") or name.startswith(RUNS) for name in named):
        before = one.get("match_related") or []
        tagged = {"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{scope.tag}"}
        return {**one, "match_related": [*([before] if isinstance(before, dict) else before), tagged]}
    return dict(one)
