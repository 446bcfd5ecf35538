"""What differs from one machine to the next: environment variables and secret files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ratchet_bot.tools._errors import ToolError

SECRETS = Path("/run/secrets")


def secret_file(
    name: str, environment: Mapping[str, str] = os.environ, folder: Path = SECRETS
) -> Path | None:
    """The file of a secret: RATCHET_<NAME>_FILE, else /run/secrets/ratchet_<name> where that exists, else None."""
    named = environment.get(f"RATCHET_{name.upper()}_FILE")
    if named:
        if not Path(named).is_file():
            raise ToolError(
                f"RATCHET_{name.upper()}_FILE names {named}, which does not exist.", "Make that file."
            )
        return Path(named)
    mounted = folder / f"ratchet_{name}"
    return mounted if mounted.is_file() else None


def secret(name: str, environment: Mapping[str, str] = os.environ, folder: Path = SECRETS) -> str | None:
    """The value of RATCHET_<NAME>, else what its secret file holds, else None."""
    value = environment.get(f"RATCHET_{name.upper()}")
    if value:
        return value
    path = secret_file(name, environment, folder)
    return path.read_text(encoding="utf-8").strip() or None if path else None
