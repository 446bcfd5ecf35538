"""Play what people say to a bot, without a server: `python -m ratchet_bot.tools.play --model NAME=F --out DIR`.

Run in a bot's folder: its domain file, its custom actions and its framework are those that answer.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ratchet_bot.tools._dialogue import dialogue_files
from ratchet_bot.tools._errors import run
from ratchet_bot.tools.evaluate import _named


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Arguments of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m ratchet_bot.tools.play", description="Play conversations, stories and first answers."
    )
    parser.add_argument(
        "--model", action="append", required=True, metavar="NAME=PATH", help="may be repeated"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for NAME.played.json")
    parser.add_argument("--tests", type=Path, help="folder of conversations and test stories")
    parser.add_argument("--earlier", type=Path, help="the same folder as it was for the model in service")
    parser.add_argument("--dialogue", type=Path, help="the bot's folder whose stories and rules are followed")
    parser.add_argument("--contexts", type=Path, help="JSON list of contexts to hear each answer in")
    parser.add_argument(
        "--known", type=Path, help="NAME.played.json of the model whose understanding is given"
    )
    parser.add_argument("--domain", type=Path, default=Path("domain.yml"))
    parser.add_argument("--directory", default=os.environ.get("RATCHET_DIRECTORY"), help="people's context")
    parser.add_argument("--actions", action="store_true", help="run the bot's custom actions on the loopback")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Play everything with each model, and write what came of it."""
    arguments = parse(argv)
    arguments.out.mkdir(parents=True, exist_ok=True)
    known = json.loads(arguments.known.read_text(encoding="utf-8")) if arguments.known else {}
    with action_server(arguments.actions) as (url, problem):
        for name, path in map(_named, arguments.model):
            played = asyncio.run(play(arguments, path, url, known))
            known = known or played
            document = {**played, "actions_problem": problem}
            target = arguments.out / f"{name}.played.json"
            target.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            counts = f"{len(played['trials'])} conversations and tests, {len(played['followed'])} stories and rules"
            print(f"{name}: {counts}, the answers to {len(played['answers'])} intents", flush=True)
    return 0


async def play(
    arguments: argparse.Namespace, path: Path, url: str | None, known: dict[str, Any]
) -> dict[str, Any]:
    """All that one model is asked."""
    from ratchet_bot.channel import directory
    from ratchet_bot.tools import _conversations, _heard, _stories
    from ratchet_bot.tools._player import Player

    player, people = Player(path, arguments.domain, url), directory.load(arguments.directory)
    contexts = json.loads(arguments.contexts.read_text(encoding="utf-8")) if arguments.contexts else []
    contexts += [answer["context"] for heard in known.get("answers", []) for answer in heard["answers"]]
    parses, noted = known.get("parses", {}), {}
    editions = [("today", arguments.tests), ("earlier", arguments.earlier)]
    trials: dict[str, list[dict[str, Any]]] = {edition: [] for edition, _ in editions}
    for edition, folder in editions:
        if folder:
            trials[edition] += await _conversations.play(player, folder, people, parses, noted)
            files = _stories.test_files(folder)
            trials[edition] += await _stories.follow_all(player, files, folder, tests=True)
    followed = []
    if arguments.dialogue:
        files = dialogue_files(arguments.dialogue)
        followed = await _stories.follow_all(player, files, arguments.dialogue, tests=False)
    return {
        "trials": merged(trials["today"], trials["earlier"]),
        "followed": followed,
        "answers": await _heard.listen(player, contexts),
        "forms": _heard.forms(player),
        "parses": noted,
    }


def merged(today: list[dict[str, Any]], earlier: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tests with the edition that each is in: today, earlier, or both, whatever its file."""
    then = [(one["name"], one["content"]) for one in earlier]
    now = [(one["name"], one["content"]) for one in today]
    return [
        *(
            {**one, "edition": "both" if known in then else "today"}
            for one, known in zip(today, now, strict=True)
        ),
        *(
            {**one, "edition": "earlier"}
            for one, known in zip(earlier, then, strict=True)
            if known not in now
        ),
    ]


@contextlib.contextmanager
def action_server(wanted: bool) -> Iterator[tuple[str | None, str]]:
    """Give the address of the bot's action server, or None with the reason why there is none."""
    from ratchet_bot.tools import _actions

    if not wanted or not _actions.has_own(Path.cwd()):
        yield None, ""
        return
    with _actions.running(Path.cwd()) as (url, problem):
        yield url, problem


if __name__ == "__main__":
    run(main)
