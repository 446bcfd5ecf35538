"""Tests of `ratchet.adapters.settings`."""

import math
import re
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from ratchet.adapters import scaffold
from ratchet.adapters.settings import SOURCE, Params, load_settings, validate_params
from ratchet.domain.errors import RatchetError


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder with the markers of a workspace."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text("train:\n  seed: 5\n")
    return tmp_path


def test_a_workspace_is_found_from_any_folder_in_it(workspace: Path) -> None:
    """Like Git, commands work from every folder below the root."""
    below = workspace / "bot" / "deep"
    below.mkdir()
    settings = load_settings(below)
    assert settings.workspace == workspace
    assert settings.params.train.seed == 5


def test_outside_a_workspace_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    """The fact names the folder, the remedy `ratchet init`."""
    with pytest.raises(RatchetError, match=r"is not in a workspace.*ratchet init"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rollout: {load_test: {seconds: 1.5}}", "rollout.load_test.seconds"),
        ("trian:\n  seed: 1\n", r"trian: no such key"),
        ("train:\n  sed: 1\n", r"train\.sed: no such key"),
        ("train:\n  seed: -1\n", r"train\.seed: input should be greater than or equal to 0"),
        ("train: [1", r"not valid YAML"),
        ("- 1\n", r"does not hold sections"),
    ],
)
def test_a_wrong_params_file_is_refused_by_the_key(workspace: Path, text: str, said: str) -> None:
    """Unknown keys and values out of bounds are named, never ignored."""
    (workspace / "params.yaml").write_text(text)
    with pytest.raises(RatchetError, match=said):
        load_settings(workspace)


def test_an_unknown_variable_in_the_env_file_is_refused(workspace: Path) -> None:
    """A typing error in .env does not silently do nothing."""
    (workspace / ".env").write_text("RATCHET_PROT=1\n")
    with pytest.raises(RatchetError, match=r"prot: no such key"):
        load_settings(workspace)


def defaults(policy: BaseModel, prefix: str = "") -> dict[str, object]:
    """All keys of a policy as dotted names, with their values."""
    found: dict[str, object] = {}
    for name in type(policy).model_fields:
        value = getattr(policy, name)
        nested = isinstance(value, BaseModel)
        found |= defaults(value, f"{prefix}{name}.") if nested else {prefix + name: value}
    return found


def test_params_yaml_shows_every_key_with_its_default() -> None:
    """The file documents the policy: nothing is missing, and what it shows is what holds without it.

    The example's context fields and the salt of its ledger are its own.
    """
    content = yaml.safe_load((SOURCE / "params.yaml").read_text())
    shown, own = defaults(Params.model_validate(content)), {"corpus.context", "split.salt"}
    for name in defaults(Params()):
        here = content
        for part in name.split("."):
            assert part in here, f"{name} is not in params.yaml"
            here = here[part]
    assert {name: v for name, v in shown.items() if name not in own} == {
        name: v for name, v in defaults(Params()).items() if name not in own
    }


def test_each_key_of_params_yaml_has_a_comment() -> None:
    """Above each key of a section there is a comment, its own or that of the line before."""
    lines = (SOURCE / "params.yaml").read_text().splitlines()
    bare = [
        line.strip()
        for before, line in pairwise(lines)
        if re.match(r"^  [a-z_0-9]+: ", line) and not re.match(r"^ +(#|[a-z_0-9]+:)", before)
    ]
    assert bare == []


def test_a_key_that_stands_twice_is_named_with_its_lines(tmp_path: Path) -> None:
    """YAML takes the last one; a team's first section would count no more, and nobody would know."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text(
        "gate:\n  max_drop_points: 2.0\nramp:\n  start: 0.8\ngate:\n  max_drop_points: 1.0\n"
    )
    with pytest.raises(RatchetError, match="names gate twice, in lines 1 and 5"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    ("text", "key", "right"),
    [
        ("triggers: {time_zone: Europe/Berln}", "triggers.time_zone", "time_zone: Europe/Berlin"),
        ("desk: {time_zone: Europe/Berln}", "desk.time_zone", "time_zone: Europe/Berlin"),
        ('desk: {hours: {mon: ["9-17"]}}', "desk.hours", "09:00-17:00"),
        ("triggers: {time_zone: Europe}", "triggers.time_zone", "time_zone: Europe/Berlin"),
        ("triggers: {time_zone: ''}", "triggers.time_zone", "time_zone: Europe/Berlin"),
        ("triggers: {schedule: every monday}", "triggers.schedule", 'schedule: "0 6 * * 1"'),
        ("triggers: {schedule: '0 25 * * *'}", "triggers.schedule", 'schedule: "0 6 * * 1"'),
        ("triggers: {schedule: '0 6 31 2 *'}", "triggers.schedule", 'schedule: "0 6 * * 1"'),
        ("triggers: {schedule: 6}", "triggers.schedule", 'schedule: "0 6 * * 1"'),
        ("desk: {time_zone: 1}", "desk.time_zone", 'time_zone: "UTC"'),
        ("corpus: {context: {1: [a]}}", "corpus.context.1", '"1":'),
        ("split: {salt: 1234567890123456}", "split.salt", 'salt: "1234567890123456"'),
        ("corpus: {context: {language: [de, no]}}", "corpus.context.language, entry 2", '- "no"'),
        ("corpus: {context: {floor: [1, 2]}}", "corpus.context.floor, entry 1", '- "1"'),
        ("validation: {null_like: [nan, null]}", "validation.null_like, entry 2", 'null_like: ["nan"'),
        ("validation: {few_examples: yes}", "few_examples is true, not a number", ""),
        ("gate: {max_drop_points: .nan}", "gate.max_drop_points", "max_drop_points: 1.0"),
        ("rollout: {rehearse: sometimes}", "rollout.rehearse", "rehearse: false"),
        ("rollout: {order: three-colours}", "rollout.order", 'order: "two-colours"'),
        ("gate:\n", "gate: the section holds nothing", "Take the line out"),
        ("sources: {a: {text: Question}}", "sources.a.files", ""),
        ("sources: {a: {files: a.csv, encoding: klingon}}", "sources.a.encoding", "windows-1250"),
        ("sources: {a: {files: a.csv, encoding: base64}}", "sources.a.encoding", "windows-1250"),
        ("sources: {a: {files: a.xlsx, sheet: 2026}}", "sources.a.sheet", 'sheet: "2026"'),
        ("corpus: {context: {role: boss}}", "corpus.context.role", 'role: ["boss"]'),
        ("validation: {personal_data_allowed: ['*']}", "would allow all personal data", "*@example.com"),
    ],
)
def test_each_wrong_value_is_named_with_a_right_one(workspace: Path, text: str, key: str, right: str) -> None:
    """The key's name, and an example that YAML and the policy take."""
    (workspace / "params.yaml").write_text(text)
    with pytest.raises(RatchetError) as raised:
        load_settings(workspace)
    assert key in raised.value.fact
    assert right in str(raised.value)
    if ": " in right and "section" not in key:
        line = re.search(rf"`({re.escape(right)}.*?)`", str(raised.value))
        assert line, raised.value
        assert yaml.safe_load(line[1])
        if key.startswith("triggers."):
            (workspace / "params.yaml").write_text(f"triggers: {{{line[1]}}}")
            assert load_settings(workspace)


WRONG = (
    True,
    6,
    -1,
    1.5,
    math.nan,
    "",
    "every monday",
    None,
    [],
    [1],
    ["x"],
    {"a": 1},
    {"mon": [9]},
    date(2026, 1, 1),
)
"""What somebody may write for a value of another kind."""


@pytest.mark.parametrize("name", sorted(defaults(Params())))
def test_an_advised_value_passes_the_check_that_advised_it(name: str) -> None:
    """For every key and every kind of wrong value: put in its place, the example is not refused."""
    *sections, key = name.split(".")

    def refused(value: object) -> str:
        content: dict[str, object] = {key: value}
        for section in reversed(sections):
            content = {section: content}
        try:
            validate_params(content)
        except RatchetError as error:
            return str(error)
        return ""

    for value in WRONG:
        said = refused(value)
        for line in re.findall(r"`([^`]+)`", said):
            advised = yaml.safe_load(line)
            if isinstance(advised, list):  # an entry of the list
                place = dict.fromkeys(value, advised) if isinstance(value, dict) else advised
                assert not refused(place), (value, said)
            elif key in advised:
                assert not refused(advised[key]), (value, said)
            else:  # a key below it
                assert name in ("corpus.context", "desk.hours"), (value, said)


def test_a_new_workspaces_salt_is_a_text_to_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen digits, as one salt in 1,844 has, were a number, and the workspace was broken from birth."""
    for salt in (
        "1234567890123456",
        "0123456701234567",
        "12e3456789012345",
        "0x12345678901234",
        "deadbeefdeadbeef",
    ):
        monkeypatch.setattr(scaffold.secrets, "token_hex", lambda _, salt=salt: salt)
        content = yaml.safe_load(scaffold.params_text(None))
        assert content["split"]["salt"] == salt
        assert Params.model_validate(content).split.salt == salt
