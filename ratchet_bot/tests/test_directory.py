"""Where a person's context comes from."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from ratchet_bot.channel import directory
from ratchet_bot.tools._errors import ToolError


class Own:
    """A directory of somebody's own."""

    def context(self, person: str) -> dict[str, str]:
        return {"role": f"{person}'s role"}


def test_csv(tmp_path: Path) -> None:
    """Known people have their filled fields, others nothing."""
    path = tmp_path / "people.csv"
    path.write_text("user,role,location\nanna,manager,\n", encoding="utf-8")
    people = directory.load(str(path))
    assert people.context("anna") == {"role": "manager"}
    assert people.context("bert") == {}


def test_a_changed_csv_is_read_anew_and_a_missing_one_kept(tmp_path: Path) -> None:
    """People move without a restart; while a file is replaced the old one counts."""
    path = tmp_path / "people.csv"
    path.write_text("user,role\nanna,manager\n", encoding="utf-8")
    people = directory.load(str(path))
    path.write_text("user,role\nanna,director\n", encoding="utf-8")
    os.utime(path, (1, 1))
    assert people.context("anna") == {"role": "director"}
    path.unlink()
    assert people.context("anna") == {"role": "director"}


def test_sqlite(tmp_path: Path) -> None:
    """A table `people`; a name with a quote is a name."""
    path = tmp_path / "people.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table people (user text, role text, floor integer)")
        connection.execute("insert into people values ('anna', 'manager', 3), ('bert', null, null)")
    people = directory.load(str(path))
    assert people.context("anna") == {"role": "manager", "floor": "3"}
    assert people.context("bert") == people.context("x' or '1'='1") == {}


def test_an_own_class() -> None:
    """The interface for LDAP and the like."""
    assert directory.load("tests.test_directory:Own").context("anna") == {"role": "anna's role"}
    assert directory.load(None).context("anna") == {}


@pytest.mark.parametrize(
    "name", ["none.csv", "none.sqlite", "tests.test_directory:Nobody", "nothing", "no.module:X"]
)
def test_a_directory_that_cannot_be_used_is_refused(name: str, tmp_path: Path) -> None:
    """Before the server starts."""
    with pytest.raises(ToolError):
        directory.load(name)


def test_files_of_another_shape_are_refused(tmp_path: Path) -> None:
    """The error names the column or table that is missing."""
    path = tmp_path / "people.csv"
    path.write_text("name,role\nanna,manager\n", encoding="utf-8")
    with pytest.raises(ToolError, match="no column `user`"):
        directory.load(str(path))
    base = tmp_path / "people.db"
    sqlite3.connect(base).close()
    base.touch()
    with pytest.raises(ToolError, match="no table `people`"):
        directory.load(str(base))
