"""A disk that gives way at a chosen write: of what Python opens and makes there, and of SQLAlchemy's databases."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


CHANGES = ("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER")


class Disk:
    """A disk below a folder that gives way at its Nth write and stays so.

    Every file that Python opens is seen, and every change of a SQLite database there: SQLite itself then refuses it.
    """

    def __init__(self) -> None:
        self.folder, self.writes, self.fails_at, self.code = "", 0, -1, 0
        sys.addaudithook(self.hear)
        sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", self.hear_statement)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Count what writes, and let it fail from the chosen one on."""
        if not self.folder or event not in ("open", "os.mkdir", "os.rename", "os.link", "os.symlink"):
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITES):
            return
        path = os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes | os.PathLike) else ""
        if not path.startswith(self.folder):
            return
        if self.refuses():
            raise OSError(self.code, os.strerror(self.code), path)

    def hear_statement(self, connection: Any, cursor: Any, statement: str, *_: object) -> None:
        """The same for a database: one that may not be written says so in its own words."""
        database = connection.engine.url.database or ""
        if connection.engine.dialect.name != "sqlite" or not statement.lstrip().upper().startswith(CHANGES):
            return
        full = bool(self.folder) and database.startswith(self.folder) and self.refuses()
        cursor.connection.execute(f"PRAGMA query_only = {int(full)}")

    def refuses(self) -> bool:
        """Count a write, and say whether it fails."""
        self.writes += 1
        return 0 <= self.fails_at < self.writes

    @contextlib.contextmanager
    def watched(self, folder: Path, fails_at: int = -1, code: int = 0) -> Iterator[None]:
        """Watch a folder for the time of a block."""
        self.folder, self.writes, self.fails_at, self.code = str(folder), 0, fails_at, code
        try:
            yield
        finally:
            self.folder = ""


DISK = Disk()
