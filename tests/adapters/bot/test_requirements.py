"""What a project's actions and channels need joins the bot's project and lock file, by uv itself."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ratchet.adapters.bot import requirements

PROJECT = """
[project]
name = "bot"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["base-of-all<2"]

[tool.uv]
package = false
"""


@pytest.fixture
def bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bot whose packages come from a folder: a plain one, and one that needs a newer base than the bot may have."""
    shelf, bot = tmp_path / "shelf", tmp_path / "bot"
    shelf.mkdir()
    (bot / "actions").mkdir(parents=True)
    (bot / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    for name, version, needs in (
        ("base_of_all", "1.0", ""),
        ("base_of_all", "2.0", ""),
        ("plain", "1.0", ""),
        ("demanding", "1.0", "Requires-Dist: base-of-all>=2\n"),
    ):
        with zipfile.ZipFile(shelf / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            about = f"{name}-{version}.dist-info"
            head = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n{needs}"
            wheel.writestr(f"{about}/METADATA", head)
            wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{about}/RECORD", "")
    monkeypatch.setenv("UV_FIND_LINKS", str(shelf))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")
    return bot


def write(bot: Path, text: str) -> None:
    """Write the actions' requirements."""
    (bot / "actions" / "requirements.txt").write_text(text, encoding="utf-8")


def test_what_goes_together_joins(bot: Path) -> None:
    """Once: what is there already is not added again; then the lock file brings it."""
    write(
        bot,
        "# of the actions\nplain>=1  # for dates\n\nrasa==2.8\n-r other.txt\nnever; python_version < '3'\n",
    )
    done = requirements.join(bot, print)
    assert [(one.text, one.where) for one in done.added] == [("plain>=1", "bot/actions/requirements.txt:2")]
    assert [(one.text, one.why) for one in done.left] == [
        ("rasa==2.8", "Ratchet brings it"),
        ("-r other.txt", "it is an option of pip, or no requirement"),
        ("never; python_version < '3'", "it is for another Python or platform"),
    ]
    assert '"plain>=1"' in (bot / "pyproject.toml").read_text(encoding="utf-8")
    assert not list(requirements.missing(bot))
    assert not requirements.join(bot, print).added


def test_a_conflict_is_named_with_its_line_and_the_others_join(bot: Path) -> None:
    """With uv's own reason; neither file keeps a trace of it."""
    write(bot, "plain\ndemanding==1.0\n")
    done = requirements.join(bot, print)
    assert [one.text for one in done.added] == ["plain"]
    (left,) = done.left
    assert (left.text, left.where) == ("demanding==1.0", "bot/actions/requirements.txt:2")
    assert "base-of-all" in left.why
    assert "demanding" not in (bot / "pyproject.toml").read_text(encoding="utf-8")
    assert [one.text for one in requirements.missing(bot)] == ["demanding==1.0"]


def test_channels_with_packages_of_their_own_are_extras(bot: Path) -> None:
    """Of the framework, also for a second channel of a kind; those of Rasa alone need none."""
    (bot / "credentials.yml").write_text(
        "rest:\nslack/one: {}\nslack/two: {}\ntwilio_voice:\n", encoding="utf-8"
    )
    wanted, left = requirements.read(bot)
    assert [one.text for one in wanted] == ["ratchet-bot[slack,twilio]"]
    assert left == []
