"""Where a person's context comes from: a directory on the server's side, never the client's word."""

from __future__ import annotations

import csv
import importlib
import logging
import sqlite3
from pathlib import Path
from typing import Protocol

from ratchet_bot.tools._errors import ToolError

logger = logging.getLogger(__name__)

PERSON = "user"
QUERY = "select * from people where user = ?"


class Directory(Protocol):
    """Looks people up. An own one is named as `package.module:Class` and made with no arguments."""

    def context(self, person: str) -> dict[str, str]:
        """The person's context fields; empty for someone unknown. Called once for each message."""


class NoDirectory:
    """Knows no one."""

    def context(self, person: str) -> dict[str, str]:
        """Nothing, for everyone."""
        return {}


class CsvDirectory:
    """A CSV file with a column `user` and one for each context field; read again when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._people: dict[str, dict[str, str]] = {}
        self._refresh()

    def context(self, person: str) -> dict[str, str]:
        """The fields of the person's row that are not empty."""
        self._refresh()
        return self._people.get(person, {})

    def _refresh(self) -> None:
        try:
            stat = self._path.stat()
        except OSError:
            if self._stamp is None:
                raise ToolError(
                    f"The directory {self._path} does not exist.", "Name an existing file."
                ) from None
            return  # being replaced: keep what is known
        stamp = (stat.st_mtime_ns, stat.st_size)
        if stamp == self._stamp:
            return
        try:
            self._people = self._read()
        except ToolError as error:
            if self._stamp is None:
                raise
            logger.error("%s What was known before still counts.", error)
        self._stamp = stamp

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                rows = csv.DictReader(file)
                if PERSON not in (rows.fieldnames or []):
                    raise ToolError(
                        f"The directory {self._path} has no column `{PERSON}`.", "Name the column so."
                    )
                return {
                    row[PERSON]: {k: v for k, v in row.items() if k and k != PERSON and v} for row in rows
                }
        except (OSError, ValueError, csv.Error) as error:
            raise ToolError(f"The directory {self._path} cannot be read: {error}.", "Correct it.") from error


class SqliteDirectory:
    """A SQLite file with a table `people`: a column `user` and one for each context field."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise ToolError(f"The directory {path} does not exist.", "Name an existing file.")
        self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self._connection.row_factory = sqlite3.Row
        try:
            self.context("")
        except sqlite3.Error as error:
            raise ToolError(
                f"{path} has no table `people` with `{PERSON}` ({error}).", "Make it so."
            ) from error

    def context(self, person: str) -> dict[str, str]:
        """The fields of the person's row that are not null or empty."""
        row = self._connection.execute(QUERY, (person,)).fetchone()
        return {key: str(row[key]) for key in tuple(row.keys()) if key != PERSON and row[key]} if row else {}


def load(name: str | None) -> Directory:
    """The directory that a setting names: a .csv or .sqlite/.db file, `package.module:Class`, or None."""
    if not name:
        return NoDirectory()
    if name.endswith(".csv"):
        return CsvDirectory(Path(name))
    if name.endswith((".sqlite", ".db")):
        return SqliteDirectory(Path(name))
    module, separator, attribute = name.partition(":")
    try:
        if not separator:
            raise ImportError("neither .csv, .sqlite, .db nor package.module:Class")
        return getattr(importlib.import_module(module), attribute)()
    except (ImportError, AttributeError) as error:
        raise ToolError(
            f"The directory {name} cannot be used: {error}.", "Name a file or a class."
        ) from error
