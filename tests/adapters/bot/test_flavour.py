"""Which Python and packages a bot runs on, as its files say it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from ratchet.adapters.bot import flavour, framework
from ratchet.adapters.bot.flavour import Flavour
from ratchet.domain.errors import RatchetError
from ratchet.resources import SOURCE


@pytest.fixture
def bot(tmp_path: Path) -> Path:
    """The files of the shipped bot that say it."""
    for name in (framework.PROJECT, framework.LOCK, flavour.PYTHON_VERSION):
        shutil.copy(SOURCE / "bot" / name, tmp_path / name)
    return tmp_path


def change(bot: Path, name: str, old: str, new: str) -> None:
    """Change one of the files."""
    text = (bot / name).read_text()
    assert old in text
    (bot / name).write_text(text.replace(old, new, 1))


def with_tensorflow(bot: Path) -> None:
    """Make it the other flavour, as the documentation says."""
    (bot / flavour.PYTHON_VERSION).write_text("3.11\n")
    old, new = 'default-groups = ["dev", "encoder"]', 'default-groups = ["dev", "encoder", "tensorflow"]'
    change(bot, framework.PROJECT, old, new)


def names(bot: Path) -> set[str]:
    """The packages that are installed."""
    return {str(one["name"]) for one in flavour.installed(flavour.locked(bot), flavour.of(bot))}


def test_the_shipped_bot_is_lean_on_todays_python(bot: Path) -> None:
    """Without TensorFlow and the libraries of single channels; the tests' own are no part of it.

    The encoder's libraries are, without what they need only to fetch and convert models.
    """
    assert flavour.of(bot) == Flavour("3.13", ("encoder",))
    assert {"rasa", "numpy", "psycopg2-binary", "onnxruntime", "tokenizers"} <= names(bot)
    assert not {"tensorflow", "aiogram", "boto3", "pytest", "ratchet-bot", "bot"} & names(bot)
    assert not {"protobuf", "huggingface-hub"} & names(bot)


def test_a_bot_without_the_group_has_no_encoder_libraries(bot: Path) -> None:
    """`encoder: null` needs none of them."""
    change(bot, framework.PROJECT, 'default-groups = ["dev", "encoder"]', 'default-groups = ["dev"]')
    assert flavour.of(bot) == Flavour("3.13")
    assert not {"onnxruntime", "tokenizers", "flatbuffers"} & names(bot)


def test_one_lock_file_knows_both_flavours(bot: Path) -> None:
    """Each has its own packages, and only these are its identity."""
    lean = flavour.environment_hash(bot)
    change(
        bot,
        framework.LOCK,
        'name = "tensorflow"\nversion = "2.12.0"',
        'name = "tensorflow"\nversion = "2.12.1"',
    )
    assert flavour.environment_hash(bot) == lean
    with_tensorflow(bot)
    heavy = flavour.environment_hash(bot)
    assert str(flavour.of(bot)) == "Python 3.11 with encoder and tensorflow"
    assert {"tensorflow", "keras", "rasa"} <= names(bot)
    change(
        bot,
        framework.LOCK,
        'name = "tensorflow"\nversion = "2.12.1"',
        'name = "tensorflow"\nversion = "2.12.0"',
    )
    assert len({lean, heavy, flavour.environment_hash(bot)}) == 3


def test_python_is_part_of_the_environment(bot: Path) -> None:
    """The same packages on another one are another environment."""
    found = set()
    for python in ("3.13", "3.12"):
        (bot / flavour.PYTHON_VERSION).write_text(f"# ours\n{python}.1\n")
        assert flavour.of(bot).python == python
        found.add(flavour.environment_hash(bot))
    assert len(found) == 2


@pytest.mark.parametrize(
    "said", ["cpython-3.11\n", "python3.11", "\ufeff3.11.7\r\n", "# ours\n>=3.11,<3.12\n"]
)
def test_python_is_named_as_uv_and_pyenv_read_it(bot: Path, said: str) -> None:
    """With the implementation, a patch version, a bound, a byte order mark, a comment before it."""
    (bot / flavour.PYTHON_VERSION).write_bytes(said.encode())
    assert flavour.of(bot).python == "3.11"


@pytest.mark.parametrize("said", [b"pypy\n", "3.11".encode("utf-16")])
def test_a_file_that_names_no_python_is_said(bot: Path, said: bytes) -> None:
    """With what to write."""
    (bot / flavour.PYTHON_VERSION).write_bytes(said)
    with pytest.raises(RatchetError, match="does not name a Python version") as caught:
        flavour.of(bot)
    assert "Write 3.13" in caught.value.remedy


@pytest.mark.parametrize("said", [None, "", "3.10\n"])
def test_what_the_lock_file_does_not_allow_is_the_newest_that_it_does(bot: Path, said: str | None) -> None:
    """Where nothing is said, or what was said before the bot was moved."""
    if said is None:
        (bot / flavour.PYTHON_VERSION).unlink()
    else:
        (bot / flavour.PYTHON_VERSION).write_text(said)
    assert flavour.of(bot).python == "3.13"
    change(bot, framework.LOCK, 'requires-python = ">=3.11, <3.14"', 'requires-python = "==3.10.*"')
    assert flavour.of(bot).python == "3.10"


def test_extras_bring_their_packages(bot: Path) -> None:
    """An extra of the framework that the bot asks for is installed, as the lock file says it."""
    change(
        bot,
        framework.LOCK,
        '    { name = "ratchet-bot" },',
        '    { name = "ratchet-bot", extra = ["telegram"] },',
    )
    text = (bot / framework.LOCK).read_text()
    _, *entries = text.split(framework.ENTRY)
    [ours] = [entry for entry in entries if framework.NAMED.search(entry)]
    more = '\n[package.optional-dependencies]\ntelegram = [\n    { name = "aiogram" },\n]\n'
    changed = ours.replace(framework.METADATA, more + framework.METADATA, 1)
    (bot / framework.LOCK).write_text(text.replace(ours, changed))
    assert "aiogram" in names(bot)


def test_a_damaged_file_is_said(bot: Path) -> None:
    """Such as one with the marks of a merge."""
    change(bot, framework.LOCK, "version = 1\n", "<<<<<<< HEAD\nversion = 1\n")
    with pytest.raises(RatchetError, match=r"uv\.lock cannot be read") as caught:
        flavour.environment_hash(bot)
    assert "restore it with Git" in caught.value.remedy


def test_a_bot_without_a_lock_file_has_no_environment(tmp_path: Path) -> None:
    """There is nothing to tell it by."""
    assert flavour.environment_hash(tmp_path) == ""


@pytest.mark.parametrize(
    "chosen", [Flavour("3.13", ("encoder",)), Flavour("3.11", ("encoder", flavour.TENSORFLOW))]
)
def test_no_package_needs_a_compiler(chosen: Flavour) -> None:
    """The image has none, nor do many machines: each has a file for this Python on Linux, or is built without."""
    version = chosen.python.replace(".", "")
    fits = re.compile(rf"(none-any|cp{version}-.*linux.*|abi3-.*linux.*|py3-none-.*linux.*)\.whl$")
    without = {
        str(entry["name"])
        for entry in flavour.installed(flavour.locked(SOURCE / "bot"), chosen)
        if not any(fits.search(str(wheel["url"])) for wheel in entry.get("wheels", []))
    }
    pure = {"docopt", "randomname"}
    optional = {"sqlalchemy", "websockets"}  # their C is left out where it cannot be made
    assert without <= pure | optional
