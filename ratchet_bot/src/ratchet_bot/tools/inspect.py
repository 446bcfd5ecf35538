"""See whether a bot's channels and actions can be served: `python -m ratchet_bot.tools.inspect`, in the bot's folder.

It prints what is served as JSON; the first fault ends it, with file and line.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from ratchet_bot.tools._errors import run


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Arguments of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m ratchet_bot.tools.inspect",
        description="See whether channels and actions can be served.",
    )
    parser.add_argument("--variables", type=Path, help="the project's variables, as JSON")
    parser.add_argument(
        "--actions-elsewhere",
        action="store_true",
        help="a server of their own has the actions: do not load them",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Read `credentials.yml`, make its channels and import the actions; nothing is asked of any platform."""
    arguments = parse(argv)
    if arguments.variables:
        os.environ["RATCHET_VARIABLES_FILE"] = str(arguments.variables)
    from ratchet_bot.channel import actions, credentials, platforms
    from ratchet_bot.tools import actions as server

    folder, file = Path.cwd(), Path(credentials.FILE)
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    os.environ.update(credentials.variables())  # classes of the project may look there
    found = platforms.read(file, os.environ) if file.exists() else []
    if own := actions.has_own(folder) and not arguments.actions_elsewhere:
        server.load(folder)
    left = credentials.left_out(file) if file.exists() else []
    print(json.dumps({"paths": platforms.paths(found), "actions": own, "left_out": left}), flush=True)
    return 0


if __name__ == "__main__":
    run(main)
