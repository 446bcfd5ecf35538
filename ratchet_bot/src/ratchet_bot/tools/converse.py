"""Play conversations against a server: `python -m ratchet_bot.tools.converse --url URL --conversations DIR`."""

from __future__ import annotations

import argparse
import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from ratchet_bot.tools import _yaml
from ratchet_bot.tools._errors import ToolError, run

TIMEOUT = 30


@dataclass(frozen=True)
class Step:
    """What a person says, and what is expected of the reply: parts of its text, the predicted intent, or both."""

    user: str
    bot: tuple[str, ...]
    intent: str | None


@dataclass(frozen=True)
class Conversation:
    """Steps in one conversation; `who` is sent with each: {"user": ...} or {"context": {...}} or nothing."""

    name: str
    who: dict[str, Any]
    steps: tuple[Step, ...]


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Arguments of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m ratchet_bot.tools.converse", description="Play conversations."
    )
    parser.add_argument("--url", required=True, help="address of the server")
    parser.add_argument("--conversations", type=Path, required=True, help="a YAML file or a folder of them")
    parser.add_argument("--token-file", type=Path, help="bearer token; it must be allowed to claim a context")
    parser.add_argument("--json", type=Path, help="write the results there")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Play all conversations; exit code 1 where a reply was not as expected."""
    arguments = parse(argv)
    session = requests.Session()
    session.trust_env = False
    if arguments.token_file:
        token = arguments.token_file.read_text(encoding="utf-8").strip()
        session.headers["Authorization"] = f"Bearer {token}"
    conversations = [c for path in _files(arguments.conversations) for c in read(path)]
    results = [{"name": c.name, "mismatches": play(session, arguments.url, c)} for c in conversations]
    failed = [result for result in results if result["mismatches"]]
    if arguments.json:
        document = {"conversations": results, "failed": len(failed)}
        arguments.json.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for result in failed:
        for mismatch in result["mismatches"]:
            print(f"{result['name']}: {mismatch}")
    print(f"{len(results) - len(failed)} of {len(results)} conversations went as written", flush=True)
    if failed:
        names = ", ".join(result["name"] for result in failed)
        raise ToolError(
            f"{len(failed)} conversations went otherwise ({names}).", "Each mismatch is listed above."
        )
    return 0


def play(session: requests.Session, url: str, conversation: Conversation) -> list[str]:
    """Say each step in a new conversation and return what was not as expected."""
    sender = f"converse-{uuid.uuid4().hex}"
    mismatches = []
    for step in conversation.steps:
        body = {"sender": sender, "message": step.user, **conversation.who}
        try:
            answer = session.post(f"{url}/chat", json=body, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise ToolError(f"{url} does not answer: {error}.", "Start the server first.") from error
        if answer.status_code != 200:
            raise ToolError(
                f"{url}/chat answered {answer.status_code}: {answer.text[:200]}", "Check the token."
            )
        mismatches += compare(step, answer.json())
    return mismatches


def compare(step: Step, reply: dict[str, Any]) -> list[str]:
    """What of a reply is not as a step expects; case and runs of blanks make no difference."""
    found = []
    intent = reply["intent"]["name"]
    said = " ".join(message.get("text") or "" for message in reply["messages"])
    if step.intent and intent != step.intent:
        found.append(f"after {step.user!r} the intent is {intent}, not {step.intent}")
    for part in step.bot:
        if _plain(part) not in _plain(said):
            found.append(f"after {step.user!r} the bot says {said!r}, without {part!r}")
    return found


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def read(path: Path) -> list[Conversation]:
    """The conversations of a YAML file. Raises ToolError, naming file and conversation, for a wrong one."""
    try:
        entries = _yaml.load(path)
    except _yaml.NotYaml as error:
        raise ToolError(f"{path} is not YAML: {error}.", "Correct it.") from error
    if isinstance(entries, dict):
        entries = entries.get("conversations")
    if not isinstance(entries, list):
        raise ToolError(f"{path} is no list of conversations.", "Write `- name: ...` with `steps:`.")
    return [_conversation(entry, path, number) for number, entry in enumerate(entries, start=1)]


def _conversation(entry: Any, path: Path, number: int) -> Conversation:
    try:
        speaker = entry.get("as") or {}
        context = entry.get("context") or {k: v for k, v in speaker.items() if k != "user"}
        who = {
            **({"user": speaker["user"]} if "user" in speaker else {}),
            **({"context": context} if context else {}),
        }
        steps = tuple(_step(step) for step in entry["steps"])
        return Conversation(str(entry["name"]), who, steps)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ToolError(
            f"{path}, conversation {number} cannot be read ({error!r}).",
            "It needs `name` and `steps`, each step `user` with `bot` or `intent`.",
        ) from error


def _step(step: dict[str, Any]) -> Step:
    expected = step.get("bot") or ()
    bot = (expected,) if isinstance(expected, str) else tuple(expected)
    if not bot and not step.get("intent"):
        raise ValueError(f"step {step['user']!r} expects nothing")
    return Step(str(step["user"]), bot, step.get("intent"))


def _files(path: Path) -> list[Path]:
    files = sorted([*path.glob("*.yml"), *path.glob("*.yaml")]) if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise ToolError(f"There are no conversations at {path}.", "Name a YAML file, or a folder with some.")
    return files


if __name__ == "__main__":
    run(main)
