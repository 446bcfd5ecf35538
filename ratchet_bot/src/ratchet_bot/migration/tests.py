"""The project's own test stories: copied as they are where Rasa can read them."""

from __future__ import annotations

from pathlib import Path

from ratchet_bot.migration.dialogue import said
from ratchet_bot.migration.notes import LEFT, TAKEN, Notes
from ratchet_bot.migration.yaml_files import find, read
from ratchet_bot.tools._errors import ToolError


def gather(folders: list[Path], domain: Path, bot: Path, notes: Notes) -> int:
    """Copy the files of test stories to `bot/tests/`, and return how many stories they hold."""
    total, files = 0, 0
    for folder in folders:
        for path in find(folder):
            try:
                count = _stories(path, notes)
                if not count:
                    continue
                _readable(path, domain, bot, notes)
            except ToolError as error:
                notes.add(
                    LEFT,
                    "test stories",
                    notes.place(path),
                    why=str(error)[:400],
                    todo="Correct the file and put it into bot/tests/.",
                )
                continue
            target = bot / "tests" / path.relative_to(folder if folder.is_dir() else folder.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
            total, files = total + count, files + 1
    if total:
        notes.add(
            TAKEN,
            f"{total} test stories",
            after=f"bot/tests/ ({files} files)",
            why="played at each release; those that fail at the first are known to fail",
        )
    return total


def _stories(path: Path, notes: Notes) -> int:
    return sum(
        len(one.content["stories"])
        for one in read(path, notes.place(path))
        if isinstance(one.content, dict) and isinstance(one.content.get("stories"), list)
    )


def _readable(path: Path, domain: Path, bot: Path, notes: Notes) -> None:
    from rasa.shared.core.domain import Domain
    from rasa.shared.core.training_data import loading
    from rasa.shared.exceptions import RasaException

    try:
        with notes.listening():
            loading.load_data_from_files([str(path)], Domain.load(str(domain)))
    except (RasaException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolError(f"Rasa cannot read it: {said(error, notes.root)}.", "") from error
