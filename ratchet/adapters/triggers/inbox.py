"""The inbox: a bucket's prefix where an annotation tool drops files with labelled messages.

A file that was taken in goes to `done/` under the same prefix, one that was refused to `refused/` with its
report beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError

DONE, REFUSED = "done", "refused"
SUFFIXES = (".csv", ".jsonl", ".yml", ".yaml", ".xlsx")


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
    """Split `s3://bucket/key` into bucket and key."""
    parts = urlsplit(address)
    return parts.netloc, parts.path.lstrip("/")


def prefix(settings: Settings) -> tuple[str, str]:
    """Return bucket and key prefix of the inbox, with a slash at its end where there is one."""
    bucket, key = split(settings.inbox or "")
    return bucket, f"{key.rstrip('/')}/" if key.rstrip("/") else ""


def dropped(settings: Settings) -> list[Dropped]:
    """List the files that wait in the inbox; none without an inbox."""
    return list(listing(settings)) if settings.inbox else []


def listing(settings: Settings) -> Iterator[Dropped]:
    """List the files that wait, asking the store; raises `RatchetError` when it does not answer."""
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, start = prefix(settings)
    try:
        for page in client(settings).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=start):
            for found in page.get("Contents", []):
                name = found["Key"].removeprefix(start)
                if "/" not in name and name.lower().endswith(SUFFIXES):
                    yield Dropped(f"s3://{bucket}/{found['Key']}", found["ETag"].strip('"'))
    except (BotoCoreError, ClientError) as error:
        raise RatchetError(
            f"The inbox {settings.inbox} cannot be listed: {error}", "Check RATCHET_INBOX and the keys."
        ) from error


def download(settings: Settings, address: str, folder: Path) -> Path | None:
    """Copy a dropped file into a folder; None when it is no longer there."""
    from botocore.exceptions import ClientError

    bucket, key = split(address)
    path = folder / PurePosixPath(key).name
    folder.mkdir(parents=True, exist_ok=True)
    try:
        client(settings).download_file(bucket, key, str(path))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return None
        remedy = "Check RATCHET_INBOX and the keys."
        raise RatchetError(f"{address} cannot be fetched: {error}", remedy) from error
    return path


def put_away(settings: Settings, address: str, where: str, report: Path | None = None) -> str:
    """Move a dropped file to `done/` or `refused/`, with a report beside it; returns its new address."""
    bucket, key = split(address)
    path = PurePosixPath(key)
    new, store = str(path.parent / where / path.name), client(settings)
    store.copy_object(Bucket=bucket, Key=new, CopySource={"Bucket": bucket, "Key": key})
    if report:
        kind = {"ContentType": "text/html"} if report.suffix == ".html" else {"ContentType": "text/plain"}
        store.upload_file(str(report), bucket, f"{new}.report{report.suffix}", ExtraArgs=kind)
    store.delete_object(Bucket=bucket, Key=key)
    return f"s3://{bucket}/{new}"
