"""JSON Schemas of the release manifest and of the `--json` outputs, made from the types that commands print."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema
from pydantic import TypeAdapter

from tests.docs.reading import ROOT

DIALECT = "https://json-schema.org/draft/2020-12/schema"
COMMANDS = {
    "retrain": "retrain",
    "release": "manifest",
    "rollback": "manifest",
    "approve": "manifest",
    "compare": "comparison",
    "ingest": "ingest",
    "validate": "validation",
    "status": "status",
    "history": "history",
    "fleet": "fleet",
    "estimate": "estimates",
    "doctor": "doctor",
    "list": "workspaces",
}
"""The schema of each command's `--json`; other commands' output may still change without notice."""


FOLDER = ROOT / "docs" / "reference" / "schemas"


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """Return each schema by its name: that of its file without `.schema.json`."""
    made = {name: of(kind, title) for name, (kind, title) in kinds().items()}
    return made | {"status": status(), "history": history(), "fleet": fleet(), "doctor": doctor()}


def kinds() -> dict[str, tuple[Any, str]]:
    """Return the types that are printed whole, with their titles."""
    from ratchet.adapters.listing import Listed
    from ratchet.domain.corpus.findings import ValidationReport
    from ratchet.domain.corpus.intake import Intake
    from ratchet.domain.gate.comparison import Contest
    from ratchet.domain.operations.sampling import Estimate
    from ratchet.domain.operations.summary import Summary
    from ratchet.domain.release.manifest import Release

    return {
        "manifest": (Release, "The manifest of a release"),
        "retrain": (Summary, "The result of `ratchet retrain`"),
        "comparison": (Contest, "Two models on one holdout"),
        "ingest": (Intake, "The result of `ratchet ingest`"),
        "validation": (ValidationReport, "The result of `ratchet validate`"),
        "estimates": (list[Estimate], "How often the bot was right on real traffic"),
        "workspaces": (list[Listed], "Workspaces of which something runs on this machine"),
    }


def of(kind: Any, title: str) -> dict[str, Any]:
    """Return the schema of what is printed of a type: every field is there, and no other."""
    made = TypeAdapter(kind).json_schema(mode="serialization")
    for one in (made, *made.get("$defs", {}).values()):
        if "properties" in one:
            one |= {"required": sorted(one["properties"]), "additionalProperties": False}
    return {"$schema": DIALECT, **made, "title": title}


def composed(title: str, properties: dict[str, Any], needed: list[type]) -> dict[str, Any]:
    """Return the schema of an object that is put together from several types."""
    definitions: dict[str, Any] = {}
    for kind in needed:
        made = of(kind, kind.__name__)
        definitions |= made.pop("$defs", {})
        definitions[kind.__name__] = {key: value for key, value in made.items() if key != "$schema"}
    return {
        "$schema": DIALECT,
        "title": title,
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
        "$defs": dict(sorted(definitions.items())),
    }


def one(name: str, kind: type | None = None) -> dict[str, Any]:
    """Return a type's schema that may be null; with a sentence for people where `kind` is given."""
    if kind is None:
        return {"anyOf": [{"$ref": f"#/$defs/{name}"}, {"type": "null"}]}
    made = of(kind, name)
    fields = made["properties"] | {"sentence": {"type": "string"}}
    own = {"type": "object", "properties": fields, "required": sorted(fields), "additionalProperties": False}
    return {"anyOf": [own, {"type": "null"}]}


def rows(name: str) -> dict[str, Any]:
    """Return the schema of a list of a type."""
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}


def nullable(kind: str) -> dict[str, Any]:
    """Return the schema of a plain value that may be null."""
    return {"type": [kind, "null"]}


def status() -> dict[str, Any]:
    """What `ratchet status` prints."""
    from ratchet.adapters.targets.target import ReplicaStatus
    from ratchet.domain.gate.waiting import Question, Waiting
    from ratchet.domain.operations.sampling import Estimate
    from ratchet.domain.release.attempt import Attempt
    from ratchet.domain.release.manifest import Release

    plain = (
        "outdated",
        "url",
        "release",
        "model_version",
        "digest",
        "data_revision",
        "code_commit",
        "paused",
    )
    interval = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    properties = {
        "workspace": {"type": "string"},
        "serving": {"type": "boolean"},
        **{name: nullable("string") for name in plain},
        "accuracy": nullable("number"),
        "interval": {"anyOf": [interval, {"type": "null"}]},
        "holdout_rows": nullable("integer"),
        "traffic": one("Estimate"),
        "manifest": one("Release"),
        "waiting": one("Waiting", Waiting),
        "question": one("Question", Question),
        "last_attempt": one("Attempt", Attempt),
        "replicas": rows("ReplicaStatus"),
    }
    return composed(
        "The result of `ratchet status`",
        properties,
        [Estimate, Release, Waiting, Question, Attempt, ReplicaStatus],
    )


def history() -> dict[str, Any]:
    """What `ratchet history` prints."""
    from ratchet.domain.gate.override import Override
    from ratchet.domain.release.attempt import Attempt
    from ratchet.domain.release.manifest import Release
    from ratchet.domain.release.model import Model

    lists = {"models": "Model", "releases": "Release", "attempts": "Attempt", "overrides": "Override"}
    properties = {name: rows(kind) for name, kind in lists.items()}
    return composed("The result of `ratchet history`", properties, [Model, Release, Attempt, Override])


def fleet() -> dict[str, Any]:
    """What `ratchet fleet` prints."""
    from ratchet.adapters.targets.target import ReplicaStatus

    texts = {name: {"type": "string"} for name in ("target", "url")}
    return composed(
        "The result of `ratchet fleet`", texts | {"replicas": rows("ReplicaStatus")}, [ReplicaStatus]
    )


def doctor() -> dict[str, Any]:
    """What `ratchet doctor` prints; `in_progress` says what is running, "" for nothing."""
    from ratchet.domain.operations.doctor import Fault

    properties = {
        "faults": rows("Fault"),
        "mended": rows("Fault"),
        "in_progress": {"type": ["string", "null"]},
    }
    return composed("The result of `ratchet doctor`", properties, [Fault])


def validate(command: str, printed: Any) -> None:
    """Hold what a command printed with `--json` against its schema, where it has one; raises `ValidationError`."""
    name, *rest = command.split(" ")
    if name in COMMANDS and not (name == "fleet" and rest):
        jsonschema.Draft202012Validator(schemas()[COMMANDS[name]]).validate(printed)


def files() -> dict[str, str]:
    """Return the schema files by their names, as they are under `docs/reference/schemas/`."""
    return {
        f"{name}.schema.json": json.dumps(made, indent=1) + "\n" for name, made in sorted(schemas().items())
    }
