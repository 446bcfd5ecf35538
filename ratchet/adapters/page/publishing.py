"""Publishing changed answers: one commit of the bot's domain, and `ratchet release champion` of the live model."""

from __future__ import annotations

import difflib
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ratchet.adapters.bot import answer_texts, answers
from ratchet.adapters.page import edits, jobs
from ratchet.adapters.page.edits import Row
from ratchet.adapters.page.jobs import Job
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import git
from ratchet.adapters.system.files import read_json, replacing, write_json
from ratchet.adapters.system.lock import holder
from ratchet.domain.errors import RatchetError, UsageError
from ratchet.domain.release.attempt import moment
from ratchet.domain.wording import count, listed


def file_of(settings: Settings) -> Path:
    """Says which command published last, and when."""
    return settings.state / "page" / "publishing.json"


def new_texts(settings: Settings, rows: Sequence[Row]) -> dict[str, tuple[str, str]]:
    """Return each file that is to change, with its text now and then; names are from the bot's folder."""
    found: dict[str, tuple[str, str]] = {}
    for row in rows:
        if row.edit is None or row.old:
            continue
        file, name, place = row.answer.key
        before, now = found.get(file) or (answers.text_of(settings.bot / file),) * 2
        found[file] = before, answer_texts.edited(now, name, place, row.edit.text)
    return found


def difference(texts: Mapping[str, tuple[str, str]]) -> str:
    """Return what changes in the files, as `git diff` shows it."""
    lines: list[str] = []
    for file, (before, after) in texts.items():
        lines += difflib.unified_diff(before.splitlines(), after.splitlines(), file, file, n=1, lineterm="")
    return "\n".join(lines)


def publish(settings: Settings, seen: str, by: str) -> Job:
    """Write the edits into the domain, commit that, and start the release of the live model with it.

    Raises `RatchetError` where the difference is not the one that was `seen`, a run is in progress, the files
    have other changes, or Git does not commit: then they are as they were.
    """
    with edits.locked(settings):
        rows = [row for row in edits.read(settings)[1] if row.edit]
        texts = new_texts(settings, rows)
        if not texts:
            raise UsageError("There is nothing to publish.", "Change an answer first.")
        if answers.digest_of(difference(texts)) != seen or any(row.old for row in rows):
            raise UsageError(
                "The changes are not those that you saw.", "Look at them again, and publish then."
            )
        require_quiet(settings)
        names = listed(dict.fromkeys(row.answer.name for row in rows))
        commit(settings, texts, f"Answers: {names} (by {by})")
        write_json(file_of(settings), {"job": "", "at": time.time()})
        job = start(settings, f"The release of {count(len(rows), 'changed answer')}", by)
        done = {row.answer.key for row in rows}
        edits.write(settings, [one for one in edits.kept(settings) if one.key not in done])
    return job


def start(settings: Settings, what: str, by: str) -> Job:
    """Start the release of the live model with the code of the working tree."""
    job = jobs.start(settings, what, ["release", "champion"], by)
    write_json(file_of(settings), {"job": job.id, "at": job.began})
    return job


def require_quiet(settings: Settings) -> None:
    """Raise `RatchetError` while a run is in progress: it would take half of the change with it."""
    if run := holder(settings.state / "run.lock"):
        raise RatchetError(f"{run['what']} is in progress.", "Wait for its end, and try again.")


def commit(settings: Settings, texts: Mapping[str, tuple[str, str]], message: str) -> None:
    """Write files and commit them; after a failure they are as they were."""
    workspace = settings.workspace
    paths = {settings.bot / file: text for file, text in texts.items()}
    names = [path.relative_to(workspace).as_posix() for path in paths]
    versioned = git.in_repository(workspace)
    if versioned and git.changed(workspace, *names):
        raise RatchetError(
            f"{listed(names)} has changes that are not committed.", "Commit or undo them, and try again."
        )
    try:
        for path, (_, after) in paths.items():
            put(path, after)
        if versioned:
            git.commit(workspace, names, message)
    except BaseException as error:
        for path, (before, _) in paths.items():
            put(path, before)
        if versioned:
            git.git(workspace, "reset", "--quiet", "--", *names)
        if isinstance(error, git.NotCommitted):
            raise RatchetError(error.fact, "Correct what Git says, and try again.") from error
        raise


def put(path: Path, text: str) -> None:
    """Write a file whole or not at all, and keep who may read it."""
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode())
        shutil.copymode(path, temporary)


def unfinished(settings: Settings) -> str | None:
    """Return the id of the last release of answers where it failed, "" where it did not start; None where all is well.

    Any release that went live since then has the answers, too.
    """
    found = read_json(file_of(settings))
    if not isinstance(found, dict):
        return None
    progress = jobs.find(settings, str(found.get("job", "")))
    if progress and (progress.good or not progress.end):
        return None
    live = Registry(settings).live()
    if live and moment(live.live_since).timestamp() > float(found.get("at") or 0.0):
        return None
    return progress.job.id if progress else ""
