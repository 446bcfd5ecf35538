"""Moving the data to another DVC remote: tried first, and kept only if it works."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from ratchet.adapters.corpus import dvc, dvc_config
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import UsageError

SCHEMES = ("s3",)
CONNECT_SECONDS, READ_SECONDS = 5, 30
PROBE = "ratchet-access-check"


def move(settings: Settings, url: str, endpoint: str | None, profile: str | None) -> tuple[str, str]:
    """Make `url` the workspace's remote; returns its address and the data revision that was brought there, or "".

    The remote is written to and read from with a small object first. When anything fails, the old remote stays.
    """
    check(url)
    workspace = settings.workspace
    if not (workspace / ".dvc").is_dir():
        dvc_config.init(workspace, url)
    revision = dvc.revision(workspace) if (workspace / dvc.POINTER).exists() else ""
    with keeping_config(workspace) as put_back:
        choose(workspace, url, endpoint, profile)
        address = dvc.probe(workspace, PROBE)
        if not revision or dvc.pushed(workspace, revision):
            return address, ""
        put_back()
        dvc.pull(workspace, revision)
        choose(workspace, url, endpoint, profile)
        dvc.push(workspace, revision)
        return address, revision


def choose(workspace: Path, url: str, endpoint: str | None, profile: str | None) -> None:
    """Write the remote into DVC's configuration."""
    if "://" not in url:
        dvc_config.set_remote(workspace, url)
        return
    timeouts = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS}
    machine = {"endpointurl": endpoint, "profile": profile}
    dvc_config.set_remote(workspace, url, timeouts, {name: value for name, value in machine.items() if value})


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
def keeping_config(workspace: Path) -> Iterator[Callable[[], None]]:
    """Put DVC's configuration back when anything fails; gives the function that does so."""
    files = [workspace / ".dvc" / name for name in ("config", "config.local")]
    before = {path: path.read_bytes() if path.exists() else None for path in files}

    def put_back() -> None:
        for path, content in before.items():
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content)

    try:
        yield put_back
    except BaseException:
        put_back()
        raise
