"""What a workspace's `bot/` holds of actions and channels, and how secrets leave `credentials.yml`.

`ratchet init --from` writes these files, and whatever serves actions and channels reads them:

- `bot/actions/`: a Python package, as `rasa run actions --actions actions` loads it. A project's single `actions.py`
  becomes `bot/actions/actions.py` beside an empty `__init__.py`. Requirements files are in it as
  `bot/actions/requirements*.txt`, one requirement a line, wherever the project had them.
- `bot/credentials.yml`: as Rasa reads it, with `${VARIABLE}` in place of each secret. Rasa itself fills such
  references in from the environment when it reads the file.
- `.env` of the workspace, which Git ignores: a line `VARIABLE='value'` for each secret. Ratchet's own settings read the
  names that begin with RATCHET_ there and leave the others alone.
- `bot/**/*.py` beside them: modules of the project that its configuration or credentials name
  (`channels/my_channel.py` for a channel `channels.my_channel.MyChannel`), under the same dotted name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

ACTIONS, CREDENTIALS = "actions", "credentials.yml"

SECRET = re.compile(
    r"(^|[_-])(tokens?|secrets?|passwords?|passwd|pwd|sid|keys?|api_?keys?|private_?keys?|jwt|credentials?)($|[_-])",
    re.I,
)
"""Names of settings that hold a secret: `access_token`, `accessToken`, `slack_signing_secret`, `account_sid`, …"""
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
"""Where a name in camel case has its next word."""
OPEN = frozenset({"jwt_method", "metadata_key", "session_key", "user_message_evt", "bot_message_evt"})
"""Names that look like a secret's but are not."""
VERIFIES = frozenset({"facebook"})
"""Channels whose `verify` is a secret that the platform sends; Telegram's is the bot's public name."""
REFERENCE = re.compile(r"\$\{[^}]+\}")
PASSWORD = re.compile(r"://[^/?#@\s:]*:[^/?#@\s]+@")
"""An address with a password in it, whatever the setting is called."""


def variable(channel: str, name: str) -> str:
    """Return the variable that holds a channel's secret: `SLACK_SLACK_TOKEN` for `slack`, `slack_token`."""
    return re.sub(r"\W", "_", f"{channel}_{name}").upper()


def quoted(value: str) -> str:
    """Return a value as `.env` has it, between single quotes: those in it end nothing."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def is_secret(channel: str, name: str, value: object) -> bool:
    """Say whether a channel's setting is a secret; a reference to a variable is not one, nor is an empty value."""
    if not isinstance(value, str | int) or isinstance(value, bool) or not str(value).strip():
        return False
    if REFERENCE.search(str(value)):
        return False
    if PASSWORD.search(str(value)):
        return True
    if name.lower().endswith("url"):
        return False
    named = bool(SECRET.search(HUMP.sub("_", name))) and name not in OPEN
    return named or (channel in VERIFIES and name == "verify")


def without_secrets(credentials: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return credentials with references in place of secrets, and the variables with their values.

    Settings of settings are looked through as well; their names are joined in the variable's.
    """
    found: dict[str, str] = {}

    def cleaned(channel: str, path: tuple[str, ...], value: Any) -> Any:
        if isinstance(value, Mapping):
            return {str(key): cleaned(channel, (*path, str(key)), one) for key, one in value.items()}
        if isinstance(value, list):
            return [cleaned(channel, (*path, str(number)), one) for number, one in enumerate(value)]
        name = next(
            (part for part in reversed(path) if not part.isdecimal()), ""
        )  # that of a list is its items'
        if not path or not is_secret(channel, name, value):
            return value
        name = variable(channel, "_".join(path))
        while found.get(name, str(value)) != str(value):  # `api-key` and `api_key` are two settings
            name += "_"
        found[name] = str(value)
        return f"${{{name}}}"

    return {
        str(channel): cleaned(str(channel), (), settings) for channel, settings in credentials.items()
    }, found
