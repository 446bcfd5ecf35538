"""Conversation tests: which there are, one more of production, and that the bot's own tools read it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from ratchet.adapters.bot import scripts
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.conversations import Script
from tests.adapters.page.hostile import TEXTS
from tests.workspaces import fake_workspace

ROOT = Path(__file__).parents[3]
ONE = Script("One", {"role": "manager"}, (("I need a laptop", "laptop"), ("thanks", "leave")))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return fake_workspace(tmp_path)


def added(settings: Settings, test: Script) -> str:
    _, after = scripts.with_one(settings, test)
    path = settings.workspace / scripts.FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(after, encoding="utf-8")
    return after


def test_the_first_test_makes_the_file_and_others_are_added(settings: Settings) -> None:
    """What is in it stays, comments too; two of one name are told apart."""
    assert scripts.with_one(settings, ONE)[0] is None
    first = added(settings, ONE)
    path = settings.workspace / scripts.FILE
    path.write_text(first + "# mine\n", encoding="utf-8")
    second = added(settings, Script("One", {}, (("other", "leave"),)))
    assert second.startswith(first + "# mine")
    assert [one.name for one in scripts.known(settings)] == ["One", "One (2)"]


def test_a_conversation_is_a_test_only_once(settings: Settings) -> None:
    """Wherever it is written, and whatever its name, case and blanks are."""
    path = settings.bot / "tests" / "deep" / "mine.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(
        "conversations:\n- name: Mine\n  steps:\n  - {user: I need  a LAPTOP, bot: x}\n  - {user: thanks, bot: x}\n",
        encoding="utf-8",
    )
    with pytest.raises(RatchetError, match=r"“Mine” in bot/tests/deep/mine\.yaml"):
        scripts.with_one(settings, ONE)
    path.write_text("- name: Mine\n  steps:\n  - {user: thanks, bot: x}\n", encoding="utf-8")
    assert scripts.with_one(settings, ONE)[0] is None
    assert scripts.same(scripts.known(settings), ()) is None


def test_other_files_are_no_tests(settings: Settings) -> None:
    """Nor are those that cannot be read: the gate names them."""
    folder = settings.bot / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(
        ("a: [", "- message: x\n  intent: y\n", "stories: []", "- steps: 3", "- [1]", "7")
    ):
        (folder / f"{number}.yml").write_text(text, encoding="utf-8")
    (folder / "x.yml").write_bytes(b"\xff\xfe\x00")
    assert scripts.known(settings) == []


@pytest.mark.parametrize("text", ["a: b\n", "- [\n", "[]\n", "just words\n"])
def test_a_file_that_is_no_list_is_not_written(settings: Settings, text: str) -> None:
    """It is named, and stays."""
    path = settings.workspace / scripts.FILE
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RatchetError, match=r"review\.yml is no list of tests"):
        scripts.with_one(settings, ONE)
    assert path.read_text(encoding="utf-8") == text


def test_the_bots_own_tools_read_whatever_people_wrote(settings: Settings) -> None:
    """Every hostile text comes out of the file as it went in, by the reader that plays the tests."""
    python = ROOT / "bot" / ".venv" / "bin" / "python"
    if not python.exists():
        pytest.skip("the bot environment is missing: make setup")
    texts = [one.replace("\0", " ").strip() for one in TEXTS]
    texts += [
        "yes",
        "0o17",
        "1e5",
        "0x1F",
        "1_000",
        "null",
        "12:30:45",
        "2026-11-27",
        "${HOME}",
        "[" * 60,
        "}" * 60,
    ]
    for number, text in enumerate(texts):
        steps = ((text, "leave"), (f"{text} {number}", "leave"))
        added(settings, Script(text[:60], {"role": text[:99]}, steps))
    program = (
        "import json, sys, pathlib; from ratchet_bot.tools.converse import read\n"
        "print(json.dumps([[one.name, one.who, [[s.user, s.intent] for s in one.steps]] "
        "for one in read(pathlib.Path(sys.argv[1]))]))"
    )
    argv = [python, "-c", program, settings.workspace / scripts.FILE]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert [steps for _, _, steps in found] == [
        [[text, "leave"], [f"{text} {number}", "leave"]] for number, text in enumerate(texts)
    ]
    assert [who["context"]["role"] for _, who, _ in found] == [text[:99] for text in texts]
