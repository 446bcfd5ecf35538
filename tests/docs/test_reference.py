"""docs/reference/ is what the code says now, and says it of everything."""

from __future__ import annotations

import re

import jsonschema
import pytest

from tests.docs import reference, schemas
from tests.docs.reading import ROOT
from tests.docs.test_pages import VARIABLE
from tests.docs.variables import INTERNAL, OTHERS

HINT = "run `make reference`"


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """The pages as the code says them."""
    return reference.pages()


def test_the_pages_are_fresh(made: dict[str, str]) -> None:
    """Each page is what the generator writes, and no other page lies there."""
    there = {path.name: path.read_text(encoding="utf-8") for path in reference.OUT.glob("*.md")}
    assert there.keys() == made.keys(), HINT
    assert [name for name in made if there[name] != made[name]] == [], HINT


def test_the_schemas_are_fresh_and_valid() -> None:
    """Each file is what the types say, and is a JSON Schema."""
    there = {path.name: path.read_text(encoding="utf-8") for path in (reference.OUT / "schemas").glob("*")}
    assert there == schemas.files(), HINT
    for made in schemas.schemas().values():
        jsonschema.Draft202012Validator.check_schema(made)


def test_every_variable_is_described(made: dict[str, str]) -> None:
    """A `RATCHET_` name that code or recipes read is on the page, and the page names none that is not read."""
    folders = ("ratchet", "ratchet_bot/src", "tasks", "flows", "deployments", ".github")
    read = {
        name
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
        and (path.suffix in (".py", ".yml", ".yaml", ".cfg", ".sh", "") or "Docker" in path.name)
        if "__pycache__" not in path.parts
        for name in VARIABLE.findall(path.read_text(encoding="utf-8", errors="ignore"))
    }
    listed = set(VARIABLE.findall(made["environment.md"]))
    assert sorted(read - listed - INTERNAL) == []
    secrets = {"RATCHET_HANDOFF_URL"}  # read by its last part
    assert sorted(set(OTHERS) - read - secrets) == []


def test_every_setting_has_an_effect(made: dict[str, str]) -> None:
    """No row of the settings ends empty."""
    rows = re.findall(r"^\| `[a-z_.]+` \|.*\|$", made["settings.md"], re.MULTILINE)
    assert len(rows) > 60
    assert [row for row in rows if row.endswith("|  |")] == []


def test_a_wrong_output_is_refused() -> None:
    """The schemas are strict: a field that is gone or new is found."""
    with pytest.raises(jsonschema.ValidationError):
        schemas.validate("fleet", {"target": "process", "url": ""})
    schemas.validate("fleet", {"target": "process", "url": "", "replicas": []})
