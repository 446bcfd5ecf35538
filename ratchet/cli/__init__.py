"""The command line `ratchet …`: parses, calls a flow or a query, prints. One file a group of commands."""

from __future__ import annotations

import atexit
import gc
import sys

INTERRUPTED = 130
OBJECTS = 100_000
"""Python collects garbage after this many new objects; with its own 700, imports spend a fifth of their time on it."""


def main() -> None:
    """Run the command line; a user's mistake ends with one fact and its remedy, never with a traceback."""
    gc.set_threshold(OBJECTS)
    atexit.register(gc.freeze)  # and looks for none among the modules when it ends
    from ratchet.adapters.system import stopwatch
    from ratchet.cli.app import app
    from ratchet.cli.output import forgive
    from ratchet.domain.errors import RatchetError

    stopwatch.one_command.set(True)
    forgive()
    try:
        app(prog_name="ratchet")
    except RatchetError as error:
        from ratchet.cli.output import complain

        complain(error)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, SystemExit) as ending:
        if isinstance(ending, SystemExit) and ending.code != INTERRUPTED:
            raise
        print("Interrupted. The previous release keeps serving; the next run cleans up.", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except Exception as error:
        from ratchet.adapters.system.failures import explain
        from ratchet.cli.output import complain

        told = explain(error)
        if told is None:
            raise
        complain(told)
        sys.exit(told.exit_code)
