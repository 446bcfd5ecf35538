"""Projects as Rasa's own loaders read them, and what is put right on the way."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ratchet_bot.migration.yaml_files import read as read_yaml
from ratchet_bot.tools import migrate
from ratchet_bot.tools._errors import ToolError

PROJECTS = Path(__file__).parents[2] / "tests" / "projects"


@dataclass(frozen=True)
class Done:
    """What the tool left."""

    out: Path
    report: dict[str, Any]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The rows of the corpus to be."""
        return [json.loads(line) for line in (self.out / "messages.jsonl").read_text().splitlines()]

    def row(self, what: str) -> dict[str, str]:
        """The one row about something."""
        [found] = [row for row in self.report["rows"] if row["what"] == what]
        return dict(found)

    def text(self, name: str) -> str:
        """A file of the bot."""
        return (self.out / "bot" / name).read_text()


def copied(name: str, folder: Path) -> Path:
    """A copy of a project, to be changed."""
    return Path(shutil.copytree(PROJECTS / name, folder / "project"))


def read(project: Path, folder: Path, *extra: str) -> Done:
    """Read a project as the orchestrator does, in this process."""
    out = folder / "out"
    domain = project / "domain.yml" if (project / "domain.yml").exists() else project / "domain"
    words = ["--project", project, "--out", out, "--config", project / "config.yml", "--domain", domain]
    words += ["--data", project / "data"]
    if (project / "tests").exists():
        words += ["--tests", project / "tests"]
    assert migrate.main([*map(str, words), *extra]) == 0
    return Done(out, json.loads((out / "report.json").read_text()))


def test_entities_keep_role_value_and_place_in_the_text(tmp_path: Path) -> None:
    """Each message has Rasa's markup and the line that it came from."""
    done = read(PROJECTS / "roles", tmp_path)
    [row] = [one for one in done.messages if "U8" in one["text"]]
    assert row["text"] == (
        'travel to [NYC]{"entity": "city", "role": "to", "value": "New York"} with line [U8](line)'
    )
    assert row["intent"] == "travel"
    assert row["place"] == "data/nlu.yml:22"
    assert done.report["facts"]["entities"] == {"city": 8, "line": 2}


def test_a_comment_among_examples_is_left_with_a_warning(tmp_path: Path) -> None:
    """In `examples: |` YAML takes it for text, and Rasa skips it: the messages come in, and the row names the line."""
    project = copied("roles", tmp_path)
    data = project / "data" / "nlu.yml"
    before = len(read(PROJECTS / "roles", tmp_path / "before").messages)
    text = data.read_text().replace("examples: |\n", "examples: |\n    # how people say it\n", 1)
    data.write_text(text)
    done = read(project, tmp_path)
    assert len(done.messages) == before
    assert len([row for row in done.report["rows"] if "# how people say it" in row["why"]]) == 1


def test_synonyms_regexes_and_a_lookup_table_in_a_file_come_along(tmp_path: Path) -> None:
    """The table's file is read, as seen from the project's folder."""
    extras = read(PROJECTS / "roles", tmp_path).report["extras"]
    assert extras["lookup"] == {"city": ["Berlin", "Paris", "Rome", "New York"]}
    assert extras["regex"] == {"line": ["U\\d"]}
    assert set(extras["synonym"]["New York"]) >= {"NYC", "the big apple"}


def test_files_that_need_no_change_are_copied_byte_by_byte(tmp_path: Path) -> None:
    """Comments, order and quotes of rules, stories, domain and tests stay."""
    done = read(PROJECTS / "roles", tmp_path)
    for name in ("data/rules.yml", "data/stories.yml", "domain.yml", "tests/test_stories.yml"):
        assert done.text(name) == (PROJECTS / "roles" / name).read_text()
    assert done.report["tests"] == 3
    assert not (done.out / "bot" / "data" / "nlu.yml").exists()


def test_retrieval_intents_are_whole_in_the_messages_and_grouped_in_the_facts(tmp_path: Path) -> None:
    """`faq/ask_hours` is the label; a response among the messages goes to the domain."""
    done = read(PROJECTS / "retrieval", tmp_path)
    assert "faq/ask_prices" in {row["intent"] for row in done.messages}
    assert done.report["facts"]["groups"] == ["faq"]
    assert "utter_faq/ask_prices" in done.text("domain.yml")
    assert done.row("1 responses in training data")["where"] == "data/nlu.yml:32"


def test_a_domain_of_rasa_2_gets_mappings_by_rasas_own_migration(tmp_path: Path) -> None:
    """Slots of forms have conditions, and an action that a rule uses is listed; both are said."""
    done = read(PROJECTS / "form", tmp_path)
    domain = read_yaml(done.out / "bot" / "domain.yml", "domain.yml")[0].content
    assert domain["forms"] == {"order_form": {"required_slots": ["size", "name"]}}
    assert {"type": "from_entity", "entity": "size"} in [
        {key: value for key, value in one.items() if key != "conditions"}
        for one in domain["slots"]["size"]["mappings"]
    ]
    assert domain["version"] == "3.1"
    assert domain["actions"] == ["validate_order_form", "action_order"]
    assert done.row("action action_order")["where"] == "data/rules.yml:16"
    assert done.row("slot size")["before"] == "no mappings"


def test_a_folder_of_domains_and_data_in_many_files_stay_what_they_are(tmp_path: Path) -> None:
    """Files keep their names; messages leave a file of several kinds, and documents become files of their own."""
    done = read(PROJECTS / "folder", tmp_path)
    bot = done.out / "bot"
    assert {path.relative_to(bot).as_posix() for path in bot.rglob("*.yml")} == {
        "domain/general.yml",
        "domain/more/leave.yml",
        "data/greet/rules.yml",
        "data/leave.yml",
        "data/several.yml",
        "data/several_2.yml",
    }
    assert "# how people leave" in done.text("data/leave.yml")
    assert "nlu:" not in done.text("data/leave.yml")
    assert (done.report["rules"], done.report["stories"]) == (3, 1)


def test_checkpoints_and_alternatives_are_read(tmp_path: Path) -> None:
    """Nothing is said about stories that are whole."""
    done = read(PROJECTS / "checkpoints", tmp_path)
    assert {row["kind"] for row in done.report["rows"]} == {"taken"}


def test_a_circle_of_checkpoints_is_named_with_its_place(tmp_path: Path) -> None:
    """Rasa cuts such stories somewhere; the table says so, and also which checkpoint leads nowhere."""
    project = copied("checkpoints", tmp_path)
    with (project / "data" / "stories.yml").open("a") as file:
        file.write(
            "- story: again\n  steps:\n  - checkpoint: asked\n  - intent: bye\n  - action: utter_ask\n"
            "  - checkpoint: asked\n- story: lost\n  steps:\n  - checkpoint: nowhere\n  - intent: bye\n"
            "  - action: utter_bye\n"
        )
    done = read(project, tmp_path)
    assert done.row("checkpoints in a circle: asked → asked")["where"] == "data/stories.yml:9"
    assert done.row("checkpoint nowhere")["why"].startswith("no story leads to it")


def test_an_intent_in_rules_without_messages_is_named(tmp_path: Path) -> None:
    """With the line of the rule, and what to do."""
    project = copied("retrieval", tmp_path)
    with (project / "data" / "rules.yml").open("a") as file:
        file.write("- rule: help\n  steps:\n  - intent: help\n  - action: utter_help\n")
    done = read(project, tmp_path)
    rows = [row for row in done.report["rows"] if row["what"] == "intent help"]
    assert {(row["kind"], row["where"]) for row in rows} == {
        ("changed", "data/rules.yml:17"),
        ("left", "data/rules.yml:17"),
    }
    assert "Write the response utter_help" in done.row("action utter_help")["todo"]


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        (
            "domain.yml",
            ("intents:", "intents: [greet]\nintents:"),
            r"^domain\.yml:3 has a key twice: .*intents",
        ),
        ("domain.yml", ("  utter_bye:", "   utter_bye:"), r"^domain\.yml:5 is not valid YAML"),
        ("data/rules.yml", ("  steps:", " steps:"), r"^data/rules\.yml:\d+ is not valid YAML"),
        ("data/rules.yml", ("- rule: greet", "- rul: greet"), r"rules\.yml:\d+"),
        (
            "config.yml",
            ("pipeline:", "pipeline: {a: 1}\nold:"),
            r"^config\.yml:4 has something else than a list",
        ),
        ("domain.yml", ("version", "a: ["), r"^domain\.yml:\d+ is not valid YAML"),
    ],
)
def test_what_rasa_refuses_ends_with_file_and_line(
    file: str, change: tuple[str, str], said: str, tmp_path: Path
) -> None:
    """One error; the project's own name of the file, never a path of a copy."""
    project = copied("retrieval", tmp_path)
    path = project / file
    path.write_text(path.read_text().replace(*change, 1))
    with pytest.raises(ToolError, match=said) as caught:
        read(project, tmp_path)
    assert str(tmp_path) not in str(caught.value)


def test_a_name_in_two_files_is_kept_once_where_both_say_the_same(tmp_path: Path) -> None:
    """Where they differ, the error names both places."""
    project = copied("folder", tmp_path)
    twin = project / "domain" / "z.yml"
    twin.write_text('version: "3.1"\nresponses:\n  utter_bye: [{text: "Bye."}]\n')
    assert read(project, tmp_path).row("utter_bye under responses:")["after"] == "once"
    twin.write_text('version: "3.1"\nresponses:\n  utter_bye: [{text: "Gone."}]\n')
    with pytest.raises(
        ToolError, match=r"^domain/z\.yml:3 defines utter_bye .* otherwise than domain/more/leave\.yml:4"
    ):
        read(project, tmp_path)


def test_components_are_known_by_what_they_need(tmp_path: Path) -> None:
    """TensorFlow, the project's own, one that nobody has, and a policy of another Rasa."""
    project = copied("retrieval", tmp_path)
    (project / "mine.py").write_text("class Speller:\n    pass\n")
    (project / "config.yml").write_text(
        "pipeline:\n- name: DIETClassifier\n- name: mine.Speller\n- name: absent.Thing\n"
        "policies:\n- name: MagicPolicy\n- name: RulePolicy\n"
    )
    found = read(project, tmp_path).report["components"]
    assert found["DIETClassifier"]["heavy"]
    assert found["mine.Speller"]["own"] == "mine.py"
    assert "not written for Rasa 3" in found["mine.Speller"]["missing"]
    assert found["absent.Thing"]["missing"] == "the module absent is not installed"
    assert found["MagicPolicy"]["missing"] == "Rasa 3.6 has no component MagicPolicy"
    assert found["RulePolicy"]["missing"] == ""
