"""The inbox: a bucket's prefix, or a folder, where a tool or a person drops files with labelled messages.

A file that was taken in goes to `done/` in the same place, one that was refused to `refused/` with its
report beside it: also one of a kind that is not read.
"""

from __future__ import annotations

import shlex
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError

DONE, REFUSED = "done", "refused"
UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".crdownload")
"""How programs end the name of a file that they are still writing."""
SETTLED_SECONDS = 3.0
"""A file in a folder may still be being written until it has been unchanged for this long."""
S3 = "s3://"


@dataclass(frozen=True)
class Dropped:
    """A file in the inbox; `version` changes with its content."""

    address: str
    version: str


def client(settings: Settings) -> Any:
    """Return an S3 client; keys come from where AWS's own tools take them."""
    import boto3

    return boto3.client("s3", endpoint_url=settings.s3_endpoint)


def split(address: str) -> tuple[str, str]:
    """Split `s3://bucket/key` into bucket and key; in a key `#` and `?` are letters like others."""
    bucket, _, key = address.removeprefix(S3).partition("/")
    return bucket, key.lstrip("/")


def prefix(settings: Settings) -> tuple[str, str]:
    """Return bucket and key prefix of the inbox, with a slash at its end where there is one."""
    bucket, key = split(settings.inbox or "")
    return bucket, f"{key.rstrip('/')}/" if key.rstrip("/") else ""


def folder(settings: Settings) -> Path:
    """Return the folder that is the inbox; one that is not absolute is in the workspace."""
    return settings.workspace / Path(settings.inbox or "").expanduser()


def dropped(settings: Settings) -> list[Dropped]:
    """List the files that wait in the inbox; none without an inbox."""
    if not settings.inbox:
        return []
    return list(listing(settings) if settings.inbox.startswith(S3) else lying(settings))


def waits(name: str) -> bool:
    """Tell whether a name is that of a whole file in the inbox itself, not of one that is still written."""
    return (
        bool(name) and "/" not in name and not name.startswith((".", "~$")) and not name.endswith(UNFINISHED)
    )


def lying(settings: Settings) -> Iterator[Dropped]:
    """List the files that wait in a folder; raises `RatchetError` when it is not there."""
    inbox = folder(settings)
    try:
        for path in sorted(inbox.iterdir()):
            found = path.stat()
            age = time.time() - found.st_mtime
            if path.is_file() and waits(path.name) and not 0 <= age < SETTLED_SECONDS:
                yield Dropped(str(path), f"{found.st_size}-{found.st_mtime_ns}")
    except OSError as error:
        raise RatchetError(
            f"The inbox {inbox} cannot be listed: {error.strerror}.",
            f"Make the folder, `mkdir -p {shlex.quote(str(inbox))}`, or correct RATCHET_INBOX.",
        ) from error


def listing(settings: Settings) -> Iterator[Dropped]:
    """List the files that wait, asking the store; raises `RatchetError` when it does not answer."""
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, start = prefix(settings)
    try:
        for page in client(settings).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=start):
            for found in page.get("Contents", []):
                name = found["Key"].removeprefix(start)
                if waits(name):
                    yield Dropped(f"s3://{bucket}/{found['Key']}", found["ETag"].strip('"'))
    except (BotoCoreError, ClientError) as error:
        raise RatchetError(
            f"The inbox {settings.inbox} cannot be listed: {error}", "Check RATCHET_INBOX and the keys."
        ) from error


def download(settings: Settings, address: str, target: Path) -> Path | None:
    """Copy a dropped file into a folder; None when it is no longer there."""
    target.mkdir(parents=True, exist_ok=True)
    if not address.startswith(S3):
        path = target / Path(address).name
        try:
            shutil.copyfile(address, path)
        except FileNotFoundError:
            return None
        return path
    from botocore.exceptions import ClientError

    bucket, key = split(address)
    path = target / PurePosixPath(key).name
    try:
        client(settings).download_file(bucket, key, str(path))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return None
        remedy = "Check RATCHET_INBOX and the keys."
        raise RatchetError(f"{address} cannot be fetched: {error}", remedy) from error
    return path


def put_away(settings: Settings, address: str, where: str, report: Path | None = None) -> str:
    """Move a dropped file to `done/` or `refused/`, with a report beside it; returns its new address.

    It does not take the place of an earlier one of its name.
    """
    if not address.startswith(S3):
        return put_beside(Path(address), where, report)
    bucket, key = split(address)
    store, path = client(settings), PurePosixPath(key)
    aside = f"{path.parent / where}/"
    listed = store.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{aside}{path.stem}")
    taken = {found["Key"].removeprefix(aside) for page in listed for found in page.get("Contents", [])}
    new = aside + free(path, taken.__contains__)
    store.copy_object(Bucket=bucket, Key=new, CopySource={"Bucket": bucket, "Key": key})
    if report:
        kind = {"ContentType": "text/html"} if report.suffix == ".html" else {"ContentType": "text/plain"}
        store.upload_file(str(report), bucket, f"{new}.report{report.suffix}", ExtraArgs=kind)
    store.delete_object(Bucket=bucket, Key=key)
    return f"s3://{bucket}/{new}"


def put_beside(path: Path, where: str, report: Path | None) -> str:
    """Move a file of a folder, see `put_away`; returns where it is now."""
    aside = path.parent / where
    aside.mkdir(exist_ok=True)
    new = aside / free(path, lambda name: (aside / name).exists())
    if report:
        shutil.copyfile(report, new.with_name(f"{new.name}.report{report.suffix}"))
    shutil.move(path, new)
    return str(new)


def free(path: PurePath, taken: Callable[[str], bool]) -> str:
    """Return a name like that of `path` which no file has."""
    names = (f"{path.stem}{f'-{number}' if number > 1 else ''}{path.suffix}" for number in range(1, 10_000))
    return next(name for name in names if not taken(name))
