"""The process behind the bot's address on the `process` target: `python -m adapters.supervisor STATE PORT`.

It listens on loopback and forwards each new connection to the replica that `live.json` names at that moment,
so that a release is one atomic change of that file, and it starts a replica that died anew. Nothing else of
Ratchet has to run for the bot to answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from pathlib import Path

from ratchet.adapters.bot.bot_code import is_whole
from ratchet.adapters.system.files import write_json
from ratchet.adapters.system.processes import Replica, alive, read_replica, restart, terminate
from ratchet.domain.errors import RatchetError

CONNECT_SECONDS = 10.0
POLL_SECONDS = 0.5
RESTART_BACKOFF_SECONDS = (0.0, 1.0, 5.0, 15.0)
STEADY_SECONDS = 60.0


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy bytes until the sender ends, then end the receiver's side too."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()


async def connect(folder: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the live replica, waiting a while for one that is being restarted."""
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        replica = read_replica(folder / "live.json")
        try:
            if replica is None:
                raise ConnectionRefusedError
            return await asyncio.open_connection("127.0.0.1", replica.port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


async def forward(folder: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one client connection."""
    try:
        upstream_reader, upstream_writer = await connect(folder)
    except OSError:
        writer.close()
        return
    await asyncio.gather(pipe(reader, upstream_writer), pipe(upstream_reader, writer))
    for end in (upstream_writer, writer):
        end.close()
        with contextlib.suppress(OSError):
            await end.wait_closed()


async def keep_alive(folder: Path) -> None:
    """Start the live replica anew whenever it has died, ever more slowly while it keeps dying.

    One whose bundle was changed is not started: code and model are what was released, or do not run.
    """
    failures = 0
    started = time.monotonic()
    while True:
        await asyncio.sleep(POLL_SECONDS)
        replica = read_replica(folder / "live.json")
        if replica is None or alive(replica):
            if time.monotonic() - started > STEADY_SECONDS:
                failures = 0
            continue
        await asyncio.sleep(RESTART_BACKOFF_SECONDS[min(failures, len(RESTART_BACKOFF_SECONDS) - 1)])
        if read_replica(folder / "live.json") == replica:
            bundle = Path(replica.cwd).parent
            if not await asyncio.to_thread(is_whole, bundle):
                if failures == 0:
                    print(
                        f"error: {bundle} was changed since its release; it is not started anew", flush=True
                    )
                failures += 1
                continue
            print(f"replica {replica.release} (process {replica.pid}) died; starting it anew", flush=True)
            try:
                restart(folder, replica)
            except (RatchetError, OSError) as error:  # its Python is gone, or the disk is full
                print(f"error: {error}", flush=True)
            failures += 1
            started = time.monotonic()


async def supervise(folder: Path, port: int) -> None:
    """Listen, forward and keep the replica alive until a signal ends it; then stop the replica too."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, done.set)
    server = await asyncio.start_server(lambda r, w: forward(folder, r, w), "127.0.0.1", port)
    write_json(folder / "supervisor.json", Replica.of_this_process(port).as_dict())
    keeper = asyncio.create_task(keep_alive(folder))
    await done.wait()
    keeper.cancel()
    server.close()
    if replica := read_replica(folder / "live.json"):
        terminate(replica)
    (folder / "supervisor.json").unlink(missing_ok=True)


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
