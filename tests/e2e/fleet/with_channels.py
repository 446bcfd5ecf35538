"""A small bot with channels and a custom action of its own, and people who talk to it by three ways."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from ratchet.adapters.system import commands
from tests.e2e.fleet import small_bot

PROJECT = small_bot.ROOT / "ratchet_bot" / "tests" / "project"
TALK = Path(__file__).with_name("talk.py")
PAGES = ("web", "poll")
"""The sessions of the two Socket.IO clients."""
CREDENTIALS = """
rest:
slack:
  slack_token: ${SLACK_TOKEN}
  slack_signing_secret: ${SLACK_SIGNING_SECRET}
socketio:
  session_persistence: true
channels.Chatter:
  access_token: ${CHATTER_TOKEN}
"""


def bring(workspace: Path, platform: str) -> None:
    """Give a workspace of the small bot channels, a custom action, and the secrets of both in `.env`."""
    bot = workspace / "bot"
    for name in ("actions", "slack_sdk"):
        shutil.copytree(PROJECT / name, bot / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(PROJECT / "channels.py", bot / "channels.py")
    (bot / "credentials.yml").write_text(CREDENTIALS, encoding="utf-8")
    domain = bot / "domain.yml"
    domain.write_text(f"{domain.read_text(encoding='utf-8')}actions: [action_note]\n", encoding="utf-8")
    rules = bot / "rules.yml"
    changed = rules.read_text(encoding="utf-8").replace("action: utter_get_access", "action: action_note")
    rules.write_text(changed, encoding="utf-8")
    conversations = bot / "tests" / "conversations" / "small.yml"
    kept = conversations.read_text(encoding="utf-8").partition("- name: get_access")[0]
    conversations.write_text(kept, encoding="utf-8")
    (workspace / ".env").write_text(
        "SLACK_TOKEN='xoxb-one'\nSLACK_SIGNING_SECRET='signing-secret'\nCHATTER_TOKEN='chatter-secret'\n"
        f"GREETING='Good day'\nFAKE_PLATFORM={platform}\n",
        encoding="utf-8",
    )


@contextmanager
def people(python: Path, url: str, port: int) -> Iterator[dict[str, Any]]:
    """Let people talk during the block; what they sent and got is filled in when it has ended."""
    process = commands.start(
        [str(python), str(TALK), url, str(port)], cwd=TALK.parent, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "started"
    found: dict[str, Any] = {}
    try:
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        found.update(json.loads(process.communicate(timeout=120)[0].splitlines()[-1]))


def connections(port: int) -> int:
    """How often the pages have connected, while people talk."""
    told = httpx.get(f"http://127.0.0.1:{port}/", trust_env=False, timeout=10).json()
    return int(told["connections"])


def lost(found: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Return who got fewer replies than messages were sent, with both numbers."""
    return {name: pair for name, pair in counted(found).items() if pair[1] < pair[0]}


def twice(found: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Return who got more replies than messages were sent, with both numbers.

    A page may get one again at each new connection: it had it, and the connection ended before that was known.
    """
    more = {name: pair[1] - pair[0] for name, pair in counted(found).items()}
    again = found["connections"] - len(PAGES)
    return {
        name: counted(found)[name] for name, count in more.items() if count > (again if name in PAGES else 0)
    }


def counted(found: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Return what each person sent and got."""
    return {name: (sent, found["got"].get(name, 0)) for name, sent in found["sent"].items()}
