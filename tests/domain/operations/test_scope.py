"""What on a shared Prefect server belongs to one workspace."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.operations.scope import Scope, automations, deployments, slug, trigger

ROOT = Path(__file__).resolve().parents[3]
NAMES = st.from_regex(r"\A[a-z0-9]{1,6}(-[a-z0-9]{1,6}){0,2}\Z")
LOADED = yaml.safe_load((ROOT / "deployments" / "prefect.yaml").read_text(encoding="utf-8"))
AUTOMATIC = yaml.safe_load((ROOT / "deployments" / "automations.yaml").read_text(encoding="utf-8"))


def named_in(content: dict[str, Any], own: Scope) -> set[str]:
    """All names on the server that a workspace's deployments and automations use."""
    found = {own.slot, own.tag, own.resource, own.record}
    for one in deployments(content, own)["deployments"]:
        found |= {f"{one['entrypoint']} {one['name']}", one["work_pool"]["name"]}
        found |= {resource for each in one.get("triggers", []) for resource in resources(each)}
    return found | {one["name"] for one in automations(AUTOMATIC, own)}


def resources(one: dict[str, Any]) -> set[str]:
    """The resources that a trigger matches."""
    return {one["match"]["prefect.resource.id"]}


@given(NAMES, NAMES)
def test_two_workspaces_share_no_name(first: str, second: str) -> None:
    """Deployments, pool, slot, tag, events, record and automations of Ratchet's own files."""
    shared = named_in(LOADED, Scope(first)) & named_in(LOADED, Scope(second))
    assert bool(shared) == (first == second)


def test_each_deployment_has_a_name_of_its_own_that_begins_with_its_flow() -> None:
    """A list of deployments, or of a run's, says which flow is meant, also where it does not show the flow."""
    names = [one["name"] for one in LOADED["deployments"]]
    assert len(names) == len(set(names))
    for one in LOADED["deployments"]:
        assert one["name"].startswith(f"{one['entrypoint'].rpartition('.')[2]}-")


def test_every_run_has_the_workspaces_tag() -> None:
    """Beside the one that says what started it."""
    for before, after in zip(
        LOADED["deployments"], deployments(LOADED, Scope("helpdesk"))["deployments"], strict=True
    ):
        assert after["tags"] == [*before["tags"], "ratchet:helpdesk"]
        assert after["entrypoint"] == before["entrypoint"]
        assert after.get("parameters") == before.get("parameters")


def test_what_matches_runs_matches_those_with_the_tag_only() -> None:
    """The automation that marks dead runs leaves other teams' alone, and keeps what else it was told to match."""
    own = Scope("helpdesk")
    tagged = {"prefect.resource.role": "tag", "prefect.resource.id": "prefect.tag.ratchet:helpdesk"}
    (dead,) = automations(AUTOMATIC, own)
    assert dead["trigger"]["match_related"] == [tagged]
    flow = {"prefect.resource.role": "flow", "prefect.resource.name": "retrain"}
    match = {"prefect.resource.id": ["prefect.flow-run.*"]}
    assert trigger({"match": match, "match_related": flow}, own)["match_related"] == [flow, tagged]
    inner = trigger({"type": "compound", "triggers": [{"match": match}, {"expect": ["x"]}]}, own)["triggers"]
    assert all(one["match_related"] == [tagged] for one in inner)


def test_what_is_the_teams_own_stays() -> None:
    """A pool of another kind, and a trigger on something that is neither run nor event of Ratchet's."""
    own = Scope("helpdesk")
    pool = {"match": {"prefect.resource.id": "prefect.work-pool.*"}, "match_related": {}}
    assert trigger(pool, own) == pool
    content = {"deployments": [{"name": "weekly", "work_pool": {"name": "training"}}]}
    assert deployments(content, own)["deployments"][0]["work_pool"] == {"name": "training"}


@given(st.text())
def test_every_folder_gives_a_name(text: str) -> None:
    """That the setting RATCHET_NAME would take, and that stays what it is."""
    name = slug(text)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert slug(name) == name
