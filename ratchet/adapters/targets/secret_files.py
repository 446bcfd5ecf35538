"""The files of a workspace's secrets: what is missing of them, or may be read by others."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from ratchet.adapters.settings import Settings
from ratchet.domain.operations.doctor import MEND, Fault

SECRETS = "secrets"


def files(settings: Settings) -> list[Path]:
    """Return the files that there are."""
    folder = settings.state / "secrets"
    return sorted(file for file in folder.iterdir() if file.is_file()) if folder.is_dir() else []


def close(settings: Settings) -> None:
    """Let only their owner read them."""
    for file in files(settings):
        file.chmod(0o600)


def exposed(settings: Settings) -> Iterator[Fault]:
    """Yield a fault for each file that others may read, and for a missing file of the team's own."""
    for file in files(settings):
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Fault(SECRETS, f"{file} may be read by other users.", MEND, True, file.name)
    named = settings.client_tokens_file
    if named is not None and not named.is_file():
        yield Fault(
            SECRETS,
            f"{named}, the file of the clients' tokens, is missing.",
            "Correct RATCHET_CLIENT_TOKENS_FILE.",
        )
