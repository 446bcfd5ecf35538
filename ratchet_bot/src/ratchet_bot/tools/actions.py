"""Serve a bot's custom actions: `python -m ratchet_bot.tools.actions --port N`, in the bot's folder."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from ratchet_bot.tools._errors import ToolError, run

PACKAGE = "actions"
PARENT_SECONDS = 1.0


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Arguments of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m ratchet_bot.tools.actions", description="Serve the custom actions of a bot."
    )
    parser.add_argument("--port", type=int, default=5055)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--parent", type=int, help="end when this process has ended")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Load the actions and answer until the process is told to stop."""
    arguments = parse(argv)
    load(Path.cwd())
    if arguments.parent:
        threading.Thread(target=_end_with, args=(arguments.parent,), daemon=True).start()
    app = make_app()
    print(f"actions answer on {arguments.host}:{arguments.port}", flush=True)
    app.run(host=arguments.host, port=arguments.port, access_log=False, debug=False)
    return 0


def make_app() -> Any:
    """The server of Rasa's SDK, with the project's variables in its environment."""
    from rasa_sdk.endpoint import create_app

    return create_app(PACKAGE)


def load(folder: Path) -> None:
    """Import all modules of the package `actions` of a folder, with the project's variables set.

    Raises ToolError with file and line where one cannot be imported: rasa_sdk ends with a traceback, or continues
    without it.
    """
    from ratchet_bot.channel.credentials import variables

    os.environ.update(variables())
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    _import(PACKAGE, folder)
    package = sys.modules[PACKAGE]
    for module in pkgutil.walk_packages(
        getattr(package, "__path__", []), f"{PACKAGE}.", onerror=lambda name: None
    ):
        _import(module.name, folder)


def _import(name: str, folder: Path) -> None:
    try:
        importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module may do anything, also end the process
        raise ToolError(f"{place(error, folder)}: {said(error)}.", remedy(error)) from error


def place(error: BaseException, folder: Path) -> str:
    """Return file and line of the bot's own code at which an exception arose."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_relative_to(folder):
        return f"{Path(error.filename).relative_to(folder)} line {error.lineno or 1}"
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(folder) and ".venv" not in Path(frame.filename).parts
    ]
    if own:
        return f"{Path(own[-1].filename).relative_to(folder)} line {own[-1].lineno}"
    return f"{PACKAGE} line 1"


def said(error: BaseException) -> str:
    """Say what is wrong with a module of the actions."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"the actions import {error.name}, which the bot's environment does not have"
    text = f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"
    return f"the actions cannot be loaded: {' '.join(text.split())}".rstrip(".: ")


def remedy(error: BaseException) -> str:
    """Say what to do about it."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        return f"For a package run `uv add {package}` in bot/ (its name there may differ); else correct the import."
    return "Correct it."


def _end_with(parent: int) -> None:
    """End this process when its parent has ended: it was killed, and would leave an orphan."""
    while os.getppid() == parent:
        time.sleep(PARENT_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    sys.modules["ratchet_bot.tools.actions"] = sys.modules["__main__"]
    run(main)
