"""Moving the data to another DVC remote: tried first, and kept only if it works."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from adapters import dvc, dvc_config
from adapters.settings import Settings
from domain.errors import UsageError

SCHEMES = ("s3",)
CONNECT_SECONDS, READ_SECONDS = 5, 30
PROBE = "ratchet-access-check"


def move(settings: Settings, url: str, endpoint: str | None, profile: str | None) -> tuple[str, str]:
    """Make `url` the workspace's remote; returns its address and the data revision that was brought there, or
    "".

    The remote is written to and read from with a small object first. When anything fails, the old remote
    stays.
    """
    check(url)
    workspace = settings.workspace
    if not (workspace / ".dvc").is_dir():
        dvc_config.init(workspace, url)
    machine = {"endpointurl": endpoint, "profile": profile} if "://" in url else {}
    revision = dvc.revision(workspace) if (workspace / dvc.POINTER).exists() else ""
    if revision:
        dvc.pull(workspace, revision)
    with keeping_config(workspace):
        timeouts = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS} if "://" in url else {}
        dvc_config.set_remote(
            workspace, url, timeouts, {name: value for name, value in machine.items() if value}
        )
        address = dvc.probe(workspace, PROBE)
        if revision and not dvc.pushed(workspace, revision):
            dvc.push(workspace, revision)
            return address, revision
    return address, ""


def check(url: str) -> None:
    """Refuse addresses of unknown kind, and such that carry a secret into a tracked file."""
    if "://" not in url:
        return
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise UsageError(
            f"{parts.scheme}://{parts.hostname or ''} is not a remote.", "Give s3://BUCKET/PATH or a folder."
        )
    if parts.username or parts.password:
        raise UsageError(
            "The address carries keys, and it is written into a file that Git tracks.",
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment instead.",
        )


@contextlib.contextmanager
def keeping_config(workspace: Path) -> Iterator[None]:
    """Put DVC's configuration back when anything fails."""
    files = [workspace / ".dvc" / name for name in ("config", "config.local")]
    before = {path: path.read_bytes() if path.exists() else None for path in files}
    try:
        yield
    except BaseException:
        for path, content in before.items():
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content)
        raise
