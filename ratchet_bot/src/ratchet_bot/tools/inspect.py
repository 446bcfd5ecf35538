"""See whether a bot's channels and actions can be served: `python -m ratchet_bot.tools.inspect`, in the bot's folder.

It prints what is served as JSON; the first fault ends it, with file and line.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ratchet_bot.tools._errors import run


def main(argv: list[str] | None = None) -> int:
    """Read `credentials.yml`, make its channels and import the actions; nothing is asked of any platform."""
    argparse.ArgumentParser(
        prog="python -m ratchet_bot.tools.inspect",
        description="See whether channels and actions can be served.",
    ).parse_args(argv)
    from ratchet_bot.channel import actions, credentials, platforms
    from ratchet_bot.channel.settings import secret
    from ratchet_bot.tools import actions as server

    folder, file = Path.cwd(), Path(credentials.FILE)
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    found = platforms.read(file, credentials.variables()) if file.exists() else []
    own = actions.has_own(folder) and not secret(
        "actions_url"
    )  # else they run elsewhere, with packages of their own
    if own:
        server.load(folder)
    left = credentials.left_out(file) if file.exists() else []
    print(json.dumps({"paths": platforms.paths(found), "actions": own, "left_out": left}), flush=True)
    return 0


if __name__ == "__main__":
    run(main)
