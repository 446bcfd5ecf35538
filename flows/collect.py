"""collect: sync → download → ingest → put away."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from flows.ingest import ingest
from flows.process import process
from ratchet.adapters.corpus.dvc import RemoteUnreachable
from ratchet.adapters.prefect.flow_runs import ended
from ratchet.adapters.run import begin
from ratchet.domain.corpus.intake import Intake
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.failure import REFUSED
from tasks.corpus.download import download
from tasks.corpus.put_away import put_away
from tasks.corpus.sync import sync


@process(retries=3, retry_delay_seconds=60)
def collect(file: str, version: str = "", workspace: str | None = None) -> str:
    """Take in a file that was dropped into the inbox; a refused one moves aside, with its report.

    Args:
        file: Its address, s3://bucket/prefix/name, or its path.
        version: Tells the file from an earlier one of that name; for the record.
        workspace: The folder to work in; empty for the one that the worker serves.
    """
    newest = partial(sync, supersede=False)
    with begin(workspace, f"A look at {file}", "file dropped", newest=newest) as run:
        path = download.after(run.newest)(run, file)
    if path is None:
        return "already taken in"
    came = taken_in(path, workspace)
    with begin(workspace, f"The end of {file}", "file dropped") as run:
        said = put_away.after(path)(run, file, came)
    taken = isinstance(came, Intake) and came.accepted
    return said if taken else ended(REFUSED, said, said)


def taken_in(path: Path, workspace: str | None) -> Intake | RatchetError:
    """Return what came of the file, or why it could not be taken in; a remote that is away is asked again later."""
    try:
        return ingest(workspace=workspace, files=[str(path)], commit=True)
    except RemoteUnreachable:
        raise
    except RatchetError as error:
        return error
