"""How a tool ends when something is wrong that the user can mend."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ratchet_bot.tools._errors import run


def test_a_full_disk_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """The file and the way out are named; no traceback."""

    def command() -> int:
        raise OSError(
            errno.ENOSPC, os.strerror(errno.ENOSPC), "/scratch/model.tar.gz", None, "/state/model.tar.gz"
        )

    with pytest.raises(SystemExit) as ended:
        run(command)
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert (
        said
        == "error: /state/model.tar.gz cannot be written: No space left on device. Make room on that disk.\n"
    )


def test_other_errors_of_the_system_are_not_explained_away() -> None:
    """A missing file is a mistake of the tool itself, and keeps its traceback."""
    with pytest.raises(FileNotFoundError):
        run(lambda: len(Path("/no/such/file").read_text()))
