"""Which version of Ratchet a workspace was made or upgraded with: that of the framework's wheel in `bot/vendor/`."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

from ratchet.adapters.system.change import JOURNAL
from ratchet.adapters.workspace.identity import STATE_FOLDER
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.upgrading import PACKAGE, digits

WHEEL = re.compile(rf'^source = \{{ path = "vendor/{PACKAGE}-([^-"]+)-[^"]*\.whl" \}}$', re.MULTILINE)
INSTALL = "uv tool install --with-executables-from dvc"
"""Installs a wheel, or a newer one in its place, with DVC's command, which other remedies name.

A tool that was installed from a wheel is never upgraded by its name: `uv tool upgrade ratchet` has nothing to upgrade.
"""
IN_A_CHECKOUT = "`git pull` and `make setup` in its checkout"
OLDER_FORM = "before ratchet_bot was a package"


def of_program() -> str:
    """Return the installed version; that of the framework is the same."""
    return version("ratchet")


def wheel(wanted: str) -> str:
    """Return the file name of a version's wheel."""
    return f"ratchet-{wanted}-py3-none-any.whl"


def of_workspace(root: Path) -> str | None:
    """Return the version that the workspace has; "" for an older one, None for a checkout, which is its own."""
    lock = root / "bot" / "uv.lock"
    if lock.is_file() and (named := WHEEL.search(lock.read_text(encoding="utf-8", errors="replace"))):
        return named[1]  # also where the wheel itself is missing
    return "" if (root / "bot" / "tools" / "train.py").is_file() else None


def outdated(root: Path) -> str:
    """Say in a sentence that the workspace is older than the program, and what to do; "" where it is not."""
    own = of_workspace(root)
    if own is None or digits(own) >= digits(of_program()):
        return ""
    made = f"with {own}" if own else OLDER_FORM
    return f"made {made}, and this is Ratchet {of_program()}: see `ratchet upgrade`"


def unfinished(root: Path) -> Path:
    """Return the folder in which an upgrade in progress keeps what it changes."""
    return root / STATE_FOLDER / "upgrade"


def require(root: Path) -> None:
    """Raise `RatchetError` where the workspace is newer than the program, or half of it is: an upgrade was killed."""
    if (unfinished(root) / JOURNAL).exists():
        raise RatchetError(
            "An upgrade of this workspace was not finished: some of its files are of another version.",
            "Put them back with `ratchet upgrade`. If one is in progress just now, wait for its end.",
        )
    own = of_workspace(root)
    if own and digits(own) > digits(of_program()):
        raise RatchetError(
            f"{root} was made or upgraded with Ratchet {own}, and this is {of_program()}: nothing is done here.",
            f"Upgrade Ratchet: `{INSTALL} {wheel(own)}`, or {IN_A_CHECKOUT}.",
        )
