"""Listens on the bot's port, forwards to the live replica, keeps it alive, and ends a warm one when its time is over.

Run as `python -m ratchet.adapters.targets.supervisor FOLDER PORT`. It reads `live.json` at each request, so a release
switches by replacing that file.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from ratchet.adapters.bot.bot_code import is_whole
from ratchet.adapters.system.files import write_json
from ratchet.adapters.system.processes import Replica, alive, read_replica, terminate
from ratchet.adapters.targets import colours
from ratchet.adapters.targets.forwarding import Connection, Live
from ratchet.domain.errors import RatchetError

POLL_SECONDS = 0.5
RESTART_BACKOFF_SECONDS = (0.0, 1.0, 5.0, 15.0)
STEADY_SECONDS = 60.0


async def keep_alive(folder: Path) -> None:
    """Restart the live replica whenever it has died, with a growing delay while it keeps dying.

    One whose bundle was changed is not started: code and model are what was released, or do not run. A warm replica
    that dies is not restarted either: then there is none.
    """
    failures = 0
    started = time.monotonic()
    while True:
        await asyncio.sleep(POLL_SECONDS)
        replica = read_replica(folder / colours.LIVE)
        if replica is None or alive(replica):
            if time.monotonic() - started > STEADY_SECONDS:
                failures = 0
            continue
        await asyncio.sleep(RESTART_BACKOFF_SECONDS[min(failures, len(RESTART_BACKOFF_SECONDS) - 1)])
        if read_replica(folder / colours.LIVE) == replica:
            bundle = Path(replica.cwd).parent
            if not await asyncio.to_thread(is_whole, bundle):
                if failures == 0:
                    print(f"error: {bundle} was changed since its release; it is not restarted", flush=True)
                failures += 1
                continue
            print(f"replica {replica.release} (process {replica.pid}) exited; restarting", flush=True)
            try:
                await asyncio.to_thread(colours.restart, folder, replica)
            except (RatchetError, OSError) as error:  # its Python is gone, or the disk is full
                print(f"error: {error}", flush=True)
            failures += 1
            started = time.monotonic()


async def cool(folder: Path) -> None:
    """End a warm replica when its time is over, whether Ratchet runs then or not."""
    while True:
        await asyncio.sleep(POLL_SECONDS)
        if not (folder / colours.WARM).exists():
            continue
        try:
            ended = await asyncio.to_thread(colours.cool, folder)
        except OSError as error:  # the disk is full
            print(f"error: {error}", flush=True)
            continue
        if ended is not None:
            print(f"stopped replica {ended.release}, which was warm (process {ended.pid})", flush=True)


async def supervise(folder: Path, port: int) -> None:
    """Listen, forward and keep the replica alive until a signal ends it; then stop the replicas too."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, done.set)
    live = Live(folder)
    server = await asyncio.start_server(lambda r, w: Connection(live, r, w).serve(), "127.0.0.1", port)
    this = replace(Replica.of_this_process(port), release=colours.WATCHES)
    write_json(folder / colours.SUPERVISOR, this.as_dict())
    keepers = [asyncio.create_task(keeper(folder)) for keeper in (keep_alive, cool)]
    await done.wait()
    for keeper in keepers:
        keeper.cancel()
    server.close()
    for name in (colours.LIVE, colours.WARM):
        if replica := read_replica(folder / name):
            terminate(replica)
    (folder / colours.SUPERVISOR).unlink(missing_ok=True)


def main() -> None:
    """Run the supervisor of the state folder and port given as arguments."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    try:
        asyncio.run(supervise(folder, port))
    except OSError as error:
        print(f"error: port {port} of the loopback interface cannot be opened: {error.strerror}", flush=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
