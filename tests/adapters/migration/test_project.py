"""A project as it lies in its folder: copied, found, brought to YAML; the original is never touched."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest
import yaml

from ratchet.adapters.migration import parts, project, reading
from ratchet.adapters.settings import SOURCE
from ratchet.domain.errors import RatchetError
from ratchet.domain.migration.table import Kind

PROJECTS = SOURCE / "tests" / "projects"


def digest(folder: Path) -> dict[str, str]:
    """The content of all files."""
    return {
        path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def changed(name: str, folder: Path) -> Path:
    """A copy of a project, to be changed."""
    return Path(shutil.copytree(PROJECTS / name, folder / "their-project"))


def test_markdown_becomes_yaml_in_the_copy_alone(tmp_path: Path) -> None:
    """Messages, stories and responses have their file, two old configurations are one, and the table says so."""
    before = digest(PROJECTS / "markdown")
    found = project.copy(PROJECTS / "markdown", tmp_path / "copy")
    assert digest(PROJECTS / "markdown") == before
    assert not list(found.folder.rglob("*.md"))
    nlu = yaml.safe_load((found.folder / "data" / "nlu.yml").read_text())["nlu"]
    assert [entry["intent"] for entry in nlu if "intent" in entry] == [
        "greet",
        "find",
        "inform",
        "thanks",
        "faq/ask_hours",
    ]
    stories = yaml.safe_load((found.folder / "data" / "stories.yml").read_text())["stories"]
    assert {"active_loop": "place_form"} in stories[0]["steps"]
    assert stories[1]["steps"] == [{"intent": "faq"}, {"action": "utter_faq"}]
    assert (
        "utter_faq/ask_hours"
        in yaml.safe_load((found.folder / "data" / "responses.yml").read_text())["responses"]
    )
    assert [row.kind for row in found.rows] == [Kind.CHANGED] * 3
    assert yaml.safe_load(found.config.read_text())["policies"][0]["name"] == "KerasPolicy"


def test_lines_that_rasa_1_passed_over_are_in_the_table(tmp_path: Path) -> None:
    """With their number, the first one's place, and what to do if it was meant."""
    theirs = changed("markdown", tmp_path)
    nlu = theirs / "data" / "nlu.md"
    nlu.write_text(nlu.read_text().replace("## intent:greet\n", "## intent:greet\nhello there\n", 1))
    found = project.copy(theirs, tmp_path / "copy")
    line = nlu.read_text().splitlines().index("hello there") + 1
    [row] = [row for row in found.rows if row.kind is Kind.LEFT]
    assert row.where == f"data/nlu.md:{line}"
    assert "hello there" in row.what
    assert "`- hello there`" in row.todo


def test_forms_of_rasa_1_are_read_from_their_code(tmp_path: Path) -> None:
    """Only what the code lists as plain texts; what it computes is nobody's guess."""
    found = project.copy(PROJECTS / "markdown", tmp_path / "copy")
    assert reading.forms(found) == ["place_form=city"]
    assert (
        reading.required_slots(
            "class F:\n def name(self): return 'f'\n def required_slots(t): return slots()"
        )
        == {}
    )
    assert reading.required_slots("not python at all (") == {}


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("domain.yml", r"has no domain\.yml, and no folder domain/\. Name the folder that holds config\.yml"),
        ("config.yml", r"has no config\.yml\. Name the folder"),
        ("data", r"has no folder data/"),
    ],
)
def test_a_folder_that_lacks_a_part_is_refused_by_its_name(missing: str, said: str, tmp_path: Path) -> None:
    """The fact and what to name instead."""
    theirs = changed("retrieval", tmp_path)
    path = theirs / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(RatchetError, match=said):
        project.copy(theirs, tmp_path / "copy")


def test_models_environments_and_what_leads_outside_stay_behind(tmp_path: Path) -> None:
    """A link out of the project and a large file are named; models and environments need no word."""
    theirs = changed("retrieval", tmp_path)
    (theirs / "models").mkdir()
    (theirs / "models" / "1.tar.gz").touch()
    (tmp_path / "secret.yml").write_text("a: 1\n")
    (theirs / "data" / "link.yml").symlink_to(tmp_path / "secret.yml")
    found = project.copy(theirs, tmp_path / "copy")
    assert not (found.folder / "models").exists()
    assert not (found.folder / "data" / "link.yml").exists()
    assert [(row.where, row.why) for row in found.rows] == [("data/link.yml", "it leads out of the project")]


def test_actions_become_a_package_with_their_requirements(tmp_path: Path) -> None:
    """A single module too; files that the code names by their path come along."""
    found = project.copy(PROJECTS / "form", tmp_path / "copy")
    rows = parts.copy_actions(found, tmp_path / "bot")
    assert (tmp_path / "bot" / "actions" / "requirements.txt").read_text() == "requests>=2\n"
    assert [row.what for row in rows] == [
        "custom actions",
        "requirements: requests>=2",
        "requirements: sanic==19.1",
    ]
    theirs = changed("markdown", tmp_path)
    (theirs / "data" / "names.txt").write_text("Anna\n")
    with (theirs / "actions.py").open("a") as file:
        file.write('NAMES = open("data/names.txt").read()\n')
    parts.copy_actions(project.copy(theirs, tmp_path / "other"), tmp_path / "bot2")
    assert (tmp_path / "bot2" / "actions" / "__init__.py").read_text() == ""
    assert "FormAction" in (tmp_path / "bot2" / "actions" / "actions.py").read_text()
    assert (tmp_path / "bot2" / "data" / "names.txt").is_file()


def test_a_secret_is_in_env_alone_and_named_in_the_table(tmp_path: Path) -> None:
    """Neither the bot's folder nor the table has its value."""
    theirs = changed("socketio", tmp_path)
    with (theirs / "credentials.yml").open("a") as file:
        file.write("telegram:\n  access_token: '490:not-a-real-one'\n  verify: a_bot\n")
    found = project.copy(theirs, tmp_path / "copy")
    workspace = tmp_path / "workspace"
    (workspace / "bot").mkdir(parents=True)
    rows = parts.bring_channels(found, workspace)
    env = (workspace / ".env").read_text()
    assert "TELEGRAM_ACCESS_TOKEN='490:not-a-real-one'\n" in env
    written = "".join(path.read_text() for path in (workspace / "bot").rglob("*") if path.is_file())
    said = " ".join(row.sentence() for row in rows)
    for secret in ("490:not-a-real-one", "not-a-real-key"):
        assert secret not in written + said
    credentials = yaml.safe_load((workspace / "bot" / "credentials.yml").read_text())
    assert credentials["telegram"]["access_token"] == "${TELEGRAM_ACCESS_TOKEN}"
    assert credentials["telegram"]["verify"] == "a_bot"
    assert "rasa" not in credentials
    assert (workspace / "bot" / "channels" / "mine.py").is_file()
    assert [row.where for row in rows if "secret" in row.what] == ["credentials.yml:7", "credentials.yml:11"]


def test_a_credentials_file_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    """With its line."""
    theirs = changed("socketio", tmp_path)
    (theirs / "credentials.yml").write_text("rest:\n  a: [\n")
    found = project.copy(theirs, tmp_path / "copy")
    (tmp_path / "w" / "bot").mkdir(parents=True)
    with pytest.raises(RatchetError, match=r"^credentials\.yml cannot be read"):
        parts.bring_channels(found, tmp_path / "w")


def test_endpoints_are_told_one_by_one(tmp_path: Path) -> None:
    """The actions belong to the release; a server of theirs elsewhere stays where it is."""
    found = project.copy(PROJECTS / "form", tmp_path / "copy")
    rows = {row.what: row for row in parts.endpoints(found, tmp_path)}
    assert rows["endpoint action_endpoint"].kind is Kind.CHANGED
    assert "RATCHET_REDIS_URL" in rows["endpoint tracker_store"].todo
    shutil.rmtree(found.folder / "actions")
    (found.folder / "endpoints.yml").write_text(
        "action_endpoint:\n  url: https://actions.example.org/webhook\n"
    )
    [row] = parts.endpoints(found, tmp_path)
    assert row.kind is Kind.TAKEN
    assert (tmp_path / ".env").read_text() == "RATCHET_ACTIONS_URL='https://actions.example.org/webhook'\n"


def test_links_that_lead_in_a_circle_stay_behind(tmp_path: Path) -> None:
    """A link to a folder above itself is named, and followed nowhere."""
    theirs = changed("markdown", tmp_path)
    (theirs / "data" / "again").symlink_to(theirs, target_is_directory=True)
    (theirs / "data" / "itself").symlink_to(theirs / "data" / "itself")
    found = project.copy(theirs, tmp_path / "copy")
    assert not (found.folder / "data" / "again").exists()
    assert [(row.what, row.why) for row in found.rows if row.what == "a link"] == [
        ("a link", "it leads in a circle")
    ]


def test_what_cannot_be_copied_or_read_is_an_error_that_names_it(tmp_path: Path) -> None:
    """A pipe among the files, and a configuration that is no YAML; no traceback."""
    theirs = changed("markdown", tmp_path)
    configs = [theirs / name for name in project.OLD_CONFIGS]
    configs[0].write_text("pipeline: [\n")
    with pytest.raises(RatchetError, match=f"{configs[0].name} cannot be read"):
        project.copy(theirs, tmp_path / "copy")
    os.mkfifo(theirs / "data" / "pipe")
    with pytest.raises(RatchetError, match=r"cannot be copied.*pipe"):
        project.copy(theirs, tmp_path / "another")


def test_a_project_of_several_is_brought_together(tmp_path: Path) -> None:
    """Domain, data and test stories of what it imports, under their own paths; Rasa's importer is needed no more."""
    found = project.copy(PROJECTS / "imports", tmp_path / "copy")
    assert found.domain == found.folder / "domain"
    made = {path.relative_to(found.folder).as_posix() for path in found.folder.rglob("*") if path.is_file()}
    assert made == {
        "config.yml",
        "domain/domain.yml",
        "domain/skills/faq/domain.yml",
        "data/nlu.yml",
        "data/rules.yml",
        "data/skills/faq/data/nlu.yml",
        "data/skills/faq/data/rules.yml",
        "skills/faq/config.yml",
        "tests/skills/faq/test_hours.yml",
    }
    config = yaml.safe_load(found.config.read_text())
    assert (config["importers"], "imports" in config) == (None, False)
    [row] = found.rows
    assert (row.kind, row.before, row.after) == (Kind.CHANGED, "imports skills/faq", "one project")


def test_imports_without_the_importer_are_left_alone(tmp_path: Path) -> None:
    """As Rasa does."""
    theirs = changed("imports", tmp_path)
    config = theirs / "config.yml"
    config.write_text(
        config.read_text().replace("  - name: MultiProjectImporter\n", "  - name: RasaFileImporter\n")
    )
    found = project.copy(theirs, tmp_path / "copy")
    assert found.domain.name == "domain.yml"
    assert found.rows == []


def test_an_import_that_is_not_there_is_in_the_table_and_one_from_outside_is_refused(tmp_path: Path) -> None:
    """In a circle, too, each is read once."""
    theirs = changed("imports", tmp_path)
    inner = theirs / "skills" / "faq" / "config.yml"
    inner.write_text("imports: [../../skills/faq, ../gone]\n")
    found = project.copy(theirs, tmp_path / "copy")
    assert [(row.what, row.where) for row in found.rows if row.kind is Kind.LEFT] == [
        ("import ../gone", "skills/faq/config.yml")
    ]
    inner.write_text("imports: [../../../elsewhere]\n")
    with pytest.raises(
        RatchetError, match=r"^skills/faq/config.yml imports ../../../elsewhere, which lies outside"
    ):
        project.copy(theirs, tmp_path / "second")
