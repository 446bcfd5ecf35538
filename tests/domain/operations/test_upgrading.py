"""What becomes of a workspace's files in an upgrade."""

from __future__ import annotations

import re
import tomllib

import pytest

from ratchet.domain.errors import RatchetError
from ratchet.domain.operations import moving, upgrading
from ratchet.domain.operations.upgrading import Fate, copied, digits, fates, project, renamed, unfollowed
from ratchet.resources import SOURCE

KNOWN = {
    "components/__init__.py": ["i1"],
    "components/classifier.py": ["c1", "c2"],
    "channel/chat.py": ["h1"],
    "tools/train.py": ["t1"],
    "tests/conftest.py": ["f1"],
    "tests/conversations/small_talk.yml": ["s1"],
    "pytest.ini": ["p1"],
    "config.yml": ["y1"],
}
BASE = ("rasa==3.6.21", "numpy<1.25")
PROJECT = """
[project]
name = "ratchet-bot"
version = "0.1.0"
dependencies = [
    "rasa==3.6.21",
    # for the team's own component
    "spacy>=3",
    # Imported directly; the bounds are Rasa's own.
    "numpy<1.25",
]

[dependency-groups]
dev = ["pytest>=8"]  # a comment
"""
WHEEL = "vendor/ratchet_bot-0.1.0-py3-none-any.whl"


def test_copies_go_changed_ones_are_set_aside_and_the_team_s_own_stay() -> None:
    """A copy is known by any digest that a release gave it; conversations and configuration are never copies."""
    files = {
        "components/classifier.py": "c1",
        "channel/chat.py": "changed",
        "tools/train.py": "t1",
        "tests/conftest.py": "f1",
        "tests/test_ours.py": "o1",
        "tests/conversations/small_talk.yml": "s1",
        "pytest.ini": "p1",
        "config.yml": "y1",
        "actions/actions.py": "a1",
    }
    assert fates(files, KNOWN) == {
        "components/classifier.py": Fate.REMOVED,
        "channel/chat.py": Fate.ASIDE,
        "tools/train.py": Fate.REMOVED,
        "tests/conftest.py": Fate.REMOVED,
        "pytest.ini": Fate.REMOVED,
    }
    assert not copied("domain.yml")


def test_a_package_stays_one_where_the_team_has_modules_in_it() -> None:
    """components/spelling.py is still imported as components.spelling."""
    own = {"components/__init__.py": "i1", "components/classifier.py": "c2", "components/spelling.py": "s"}
    assert fates(own, KNOWN) == {"components/classifier.py": Fate.REMOVED}
    del own["components/spelling.py"]
    assert fates(own, KNOWN)["components/__init__.py"] is Fate.REMOVED


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- name: components.classifier.X", "- name: ratchet_bot.components.classifier.X"),
        ("from components.classifier import X", "from ratchet_bot.components.classifier import X"),
        ("from components import classifier", "from ratchet_bot.components import classifier"),
        ("`python -m tools.train --seed`", "`python -m ratchet_bot.tools.train --seed`"),
        ("- name: components.spelling.Speller", "- name: components.spelling.Speller"),
        ("from components import classifier, mine", "from components import classifier, mine"),
        ("my.components.classifier", "my.components.classifier"),
        ("ratchet_bot.components.classifier", "ratchet_bot.components.classifier"),
        ("components.classifiers", "components.classifiers"),
    ],
)
def test_the_framework_s_modules_get_their_new_names_and_the_team_s_keep_theirs(
    before: str, after: str
) -> None:
    """In configuration and in code; a second time changes nothing."""
    assert renamed(before, KNOWN) == after
    assert renamed(after, KNOWN) == after


def test_a_team_s_dependencies_comments_and_groups_stay() -> None:
    """What the framework requires itself is left to it."""
    text, own = project(PROJECT, BASE, WHEEL)
    made = tomllib.loads(text)
    assert own == ["spacy>=3"]
    assert made["project"]["dependencies"] == ["ratchet-bot", "spacy>=3"]
    assert made["project"]["name"] == "bot"
    assert made["tool"]["uv"]["sources"] == {"ratchet-bot": {"path": WHEEL}}
    assert '# for the team\'s own component\n    "spacy>=3"' in text
    assert "the bounds are Rasa's own" not in text
    assert 'dev = ["pytest>=8"]  # a comment' in text


@pytest.mark.parametrize(
    "dependencies",
    [
        "['rasa==3.6.21', 'numpy<1.25', 'spacy[ja]>=3']",
        "[\n  'spacy[ja]>=3', 'rasa==3.6.21',\n  'numpy<1.25'\n]",
    ],
)
def test_a_list_in_another_style_is_followed_too(dependencies: str) -> None:
    """All in one line, or several in a line; a table of sources that is there is used."""
    text = (
        f"[project]\nname = 'ours'\ndependencies = {dependencies}\n[tool.uv.sources]\nx = {{ path = 'x' }}\n"
    )
    text, own = project(text, BASE, WHEEL)
    made = tomllib.loads(text)
    assert own == ["spacy[ja]>=3"]
    assert made["project"] == {"name": "ours", "dependencies": ["ratchet-bot", "spacy[ja]>=3"]}
    assert made["tool"]["uv"]["sources"] == {"x": {"path": "x"}, "ratchet-bot": {"path": WHEEL}}


@pytest.mark.parametrize(
    "text", ["", "[project]", "not TOML", "[project]\nname = 'ratchet-bot'\ndependencies = []"]
)
def test_a_project_that_cannot_be_followed_is_said(text: str) -> None:
    """The remedy says what the file needs."""
    with pytest.raises(RatchetError, match="cannot be followed") as caught:
        project(text, BASE, WHEEL)
    assert 'the dependency "ratchet-bot"' in caught.value.remedy


def test_extras_of_rasa_become_their_packages() -> None:
    """The framework requires Rasa; what the extra brought stays."""
    text = '[project]\nname = "ours"\ndependencies = [\n    "rasa[spacy,jieba]==3.6.21",\n    "ours>=1",\n]\n'
    changed, own = upgrading.project(text, ["rasa==3.6.21"], "vendor/x.whl")
    assert own == ["spacy>=3.8", "jieba", "ours>=1"]
    assert tomllib.loads(changed)["project"]["dependencies"] == ["ratchet-bot", *own]


def test_versions_compare_by_their_numbers() -> None:
    """0.10 is newer than 0.9, a release than its candidates; a bot of before has none and is older than all."""
    assert digits("") < digits("0.9.1") < digits("0.10")
    assert (
        digits("0.10")
        < digits("1.0.0a1")
        < digits("1.0.0rc1")
        < digits("1.0.0rc2")
        < digits("1.0.0")
        < digits("1.0.1")
    )


@pytest.mark.parametrize(
    ("path", "text", "lines"),
    [
        ("components/ours.py", "import os\nfrom .linear import X\n", [2]),
        ("components/ours.py", "from . import linear\n", [1]),
        ("actions.py", "from components import linear, mine\n", [1]),
        ("actions.py", "from channel import (\n    chat,\n)\n", [1]),
        ("actions.py", "from ratchet_bot.components import linear\nimport mine\n", []),
        ("actions/deeper/ours.py", "from ..components import linear\n", []),
        ("components/ours.py", "from .mine import X\n", []),
        ("actions.py", "no Python", []),
    ],
)
def test_imports_of_modules_that_go_are_found(path: str, text: str, lines: list[int]) -> None:
    """Those that are not rewritten: relative ones, over several lines, of what goes and what stays together."""
    assert unfollowed(path, text, ["components/linear.py", "channel/chat.py"]) == lines


def test_a_project_written_with_dots_is_followed_once_it_has_tables() -> None:
    """As the refusal advises: `[project]`, `[dependency-groups]` and `[tool.uv]` as tables of their own."""
    ours = (SOURCE / "bot" / "pyproject.toml").read_text(encoding="utf-8")
    with pytest.raises(RatchetError, match="cannot be followed") as refused:
        moving.moved('project.name = "ours"\n[tool]\nuv.environments = []\n', ours, [])
    tables = re.findall(r"`(\[[a-z.-]+\])`", refused.value.remedy)
    assert tables == ["[project]", "[dependency-groups]", "[tool.uv]"]
    text = "\n".join(
        [tables[0], 'name = "ours"', 'version = "1"', "dependencies = []", tables[1], tables[2], ""]
    )
    assert tomllib.loads(moving.moved(text, ours, []))["project"]["name"] == "ours"
